"""Services, that is visits to customers: the rules of single rows. Every write tells the rollup in its transaction."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from ..database import Connection, constraints_translated
from ..errors import NotFound
from ..exports.columns import Column
from ..last_change import BY_HAND
from ..lists import Conditions, ListedTable, count_rows
from ..next_id import insert_with_next_id
from ..rollup.reading import count_visits
from ..rollup.writing import Visit, record
from .models import ChangedService, NewService, Service

SERVICES = ListedTable(
    "atendimentos",
    "services",
    (
        Column("id", int),
        Column("id_cliente", int),
        Column("angel", str),
        Column("polo", str),
        Column("data_limite", date),
        Column("data_de_atendimento", datetime),
    ),
)

INSERT = """
INSERT INTO services (id, id_cliente, angel, polo, data_limite, data_de_atendimento) VALUES ($1, $2, $3, $4, $5, $6)
"""
UPDATE = f"""
UPDATE services SET id_cliente = $2, angel = $3, polo = $4, data_limite = $5, data_de_atendimento = $6,
    updated_by_load = CASE
        WHEN (id_cliente, angel, polo, data_limite) = ($2, $3, $4, $5)
            AND data_de_atendimento IS NOT DISTINCT FROM $6 THEN updated_by_load ELSE {BY_HAND}
    END
WHERE id = $1
"""


@dataclass(frozen=True)
class ServiceFilter:
    """A None is no filter. Ranges include their ends; a bare date as an end includes its whole day."""

    id: int | None = None
    id_cliente: int | None = None
    angel: str | None = None
    polo: str | None = None
    polos: list[str] | None = None
    """One of these polos: the filter by state."""
    data_limite: date | None = None
    data_limite_de: date | None = None
    data_limite_ate: date | None = None
    data_de_atendimento: datetime | None = None
    data_de_atendimento_de: date | None = None
    data_de_atendimento_ate: date | None = None
    aberto: bool | None = None


async def polos_of_state(connection: Connection, uf: str) -> list[str]:
    """By name, so that the planner sees how many visits they have."""
    return [record["name"] for record in await connection.fetch("SELECT name FROM polos WHERE uf = $1", uf)]


def filtered(filter: ServiceFilter) -> Conditions:
    conditions = Conditions()
    conditions.equal(
        id=filter.id,
        id_cliente=filter.id_cliente,
        angel=filter.angel,
        polo=filter.polo,
        data_limite=filter.data_limite,
        data_de_atendimento=filter.data_de_atendimento,
    )
    if filter.polos is not None:
        conditions.add("polo = ANY ({}::text[])", filter.polos)
    if filter.data_limite_de is not None:
        conditions.add("data_limite >= {}", filter.data_limite_de)
    if filter.data_limite_ate is not None:
        conditions.add("data_limite <= {}", filter.data_limite_ate)
    if filter.data_de_atendimento_de is not None:
        conditions.add("data_de_atendimento >= {}", _start(filter.data_de_atendimento_de))
    _add_end(conditions, filter.data_de_atendimento_ate)
    if filter.aberto is not None:
        conditions.add(f"data_de_atendimento IS {'' if filter.aberto else 'NOT '}NULL")
    return conditions


def _add_end(conditions: Conditions, end: date | None) -> None:
    if isinstance(end, datetime):
        conditions.add("data_de_atendimento <= {}", end)
    elif end is not None:
        conditions.add("data_de_atendimento < {}", _start(end) + timedelta(days=1))


def _start(moment: date) -> datetime:
    return moment if isinstance(moment, datetime) else datetime.combine(moment, time())


async def count_services(connection: Connection, conditions: Conditions) -> int:
    """Without a filter the rollup has the number, so that a million rows need not be counted."""
    return await (count_rows(connection, SERVICES, conditions) if conditions.clauses else count_visits(connection))


async def create_service(connection: Connection, new: NewService) -> Service:
    """Raises Unprocessable where there is no such customer."""

    async def insert(new_id: int) -> Service:
        await connection.execute(INSERT, new_id, *new.model_dump().values())
        return Service(id=new_id, **new.model_dump())

    with constraints_translated():
        async with connection.transaction():
            service = await insert_with_next_id(connection, "services", insert)
            await record(connection, added=[_visit(new)])
    return service


async def get_service(connection: Connection, service_id: int) -> Service:
    return _service(service_id, await connection.fetchrow(f"{SERVICES.select} WHERE id = $1", service_id))


async def change_service(connection: Connection, service_id: int, changed: ChangedService) -> Service:
    """Raises Unprocessable where there is no such customer."""
    fields = changed.model_dump(exclude={"id"})
    with constraints_translated():
        async with connection.transaction():
            locked = await connection.fetchrow(f"{SERVICES.select} WHERE id = $1 FOR UPDATE", service_id)
            stored = _service(service_id, locked)
            await connection.execute(UPDATE, service_id, *fields.values())
            if _visit(changed) != _visit(stored):  # else no figure changes, and the version stays
                await record(connection, added=[_visit(changed)], removed=[_visit(stored)])
    return Service(id=service_id, **fields)


def _service(service_id: int, row: Any) -> Service:
    if row is None:
        raise NotFound(f"There is no service {service_id}.")
    return Service(**row)


def _visit(service: NewService | Service) -> Visit:
    return Visit(service.angel, service.polo, service.data_limite, service.data_de_atendimento)
