"""Visits (`services` on the wire): their list and its filters, and the rules of single rows.

Every write tells the rollup in its own transaction.
"""

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Annotated, Any

from fastapi import Query

from ..accounts.current_user import User
from ..database import Connection, constraints_translated
from ..errors import NotFound
from ..http.field_types import MAX_OWN_ID, AskedId, Day, DayOrTimestamp, FilterText, Timestamp
from ..indicators.parameters import Angels, Polos, States
from ..last_change import BY_HAND
from ..lists.filters import CONTAINS, LONGEST_PART, SHORTEST_PART, Conditions, OneOf, Where, WhereNumber, several
from ..lists.likeness import alike
from ..lists.order import Key
from ..lists.rows import Listed, count_rows
from ..next_id import insert_with_next_id
from ..rollup.cells import VISIT_SCHEMA
from ..rollup.commits import Act, Commit
from ..rollup.dimensions import COLUMN_OF, NAMED, Dimension, column_of_visits
from ..rollup.names import ids_of
from ..rollup.reading import count_visits
from ..rollup.writing import record_visits
from .models import ChangedService, NewService, Service

SERVICES = Listed(
    "atendimentos",
    "services",
    {
        "id": int,
        "id_cliente": int,
        "angel": str,
        "polo": str,
        "data_limite": date,
        "data_de_atendimento": datetime,
    },
    {
        "id_cliente": Key(int, "id_cliente"),
        "data_limite": Key(date, "data_limite"),
        "data_de_atendimento": Key(datetime, "data_de_atendimento", nullable=True),
    },
    rows="visits",
    looked_up={
        by.value: f"(SELECT name FROM {column.table} AS names WHERE names.id = {column.id})"
        for by, column in COLUMN_OF.items()
        if by in NAMED
    },
)

STORED = {name: column_of_visits(name) for name in NewService.model_fields}
PLACES = {name: f"${place}" for place, name in enumerate(NewService.model_fields, start=2)}
"""Of a visit's fields in the statements below; its id is $1."""


def _known(name: str) -> str:
    """Its field as it is inserted; of a name the id, 0 where it has none yet."""
    if name not in NAMED:
        return PLACES[name]
    table = COLUMN_OF[Dimension(name)].table
    return f"COALESCE((SELECT id FROM {table} WHERE name = {PLACES[name]}), 0)"


IDS_OF_NAMES = ", ".join(STORED[by] for by in NAMED)

# A name that is new gets its id after the row: who waits for a load, which may have the row's id, holds back no name
# that the load would wait for.
INSERT = f"""
INSERT INTO services (id, {", ".join(STORED.values())}) SELECT $1, {", ".join(map(_known, STORED))}
RETURNING {IDS_OF_NAMES}
"""
GIVEN_IDS = ", ".join(f"${place}::integer" for place, _ in enumerate(NAMED, start=2))
NAME = f"UPDATE services SET ({IDS_OF_NAMES}) = ROW ({GIVEN_IDS}) WHERE id = $1"
LOCK = f"SELECT {IDS_OF_NAMES} FROM services WHERE id = $1 FOR UPDATE"
UPDATE = f"""
UPDATE services SET ({", ".join(STORED.values())}) = ROW ({", ".join(PLACES.values())}),
    updated_by_load = CASE
        WHEN ROW ({", ".join(STORED.values())}) IS NOT DISTINCT FROM ROW ({", ".join(PLACES.values())})
        THEN updated_by_load ELSE {BY_HAND}
    END
WHERE id = $1
"""


def _start(moment: date) -> datetime:
    return moment if isinstance(moment, datetime) else datetime.combine(moment, time.min)


def _end(moment: date) -> datetime:
    """The last microsecond of a day; PostgreSQL knows nothing shorter."""
    return moment if isinstance(moment, datetime) else datetime.combine(moment, time.max)


DAYS_LATE = "(data_de_atendimento::date - data_limite)"
"""Of a visit that was made; null of one that was not."""

MOST_DAYS = 100_000
"""More than lie between any two dates that are taken."""

WHOLE_DAY = "inclusive; a bare date means its whole day"


PartOfName = Annotated[str, FilterText(LONGEST_PART, SHORTEST_PART)]


@dataclass(frozen=True)
class VisitFilter:
    """The links of the indicators (indicators/links.py) ask for visits by these names.

    A dimension's filters are ids in SQL: conditions_of finds those of the names, and of parts of them.
    """

    id: Annotated[list[AskedId] | None, several("Its number"), OneOf("id", "bigint")] = None
    id_cliente: Annotated[list[AskedId] | None, several("The customer's id"), OneOf("id_cliente", "bigint")] = None
    angel: Annotated[Angels, OneOf("angel_id", "integer")] = None
    polo: Annotated[Polos, OneOf("polo_id", "integer")] = None
    angel_contem: Annotated[PartOfName | None, CONTAINS, Where("angel_id = ANY ({}::integer[])")] = None
    polo_contem: Annotated[PartOfName | None, CONTAINS, Where("polo_id = ANY ({}::integer[])")] = None
    uf: Annotated[States, Where("polo_id = ANY ({}::integer[])")] = None
    data_limite: Annotated[list[Day] | None, several("That deadline"), OneOf("data_limite", "date")] = None
    data_limite_de: Annotated[
        Day | None, Query(description="Earliest deadline, inclusive"), Where("data_limite >= {}")
    ] = None
    data_limite_ate: Annotated[
        Day | None, Query(description="Latest deadline, inclusive"), Where("data_limite <= {}")
    ] = None
    data_de_atendimento: Annotated[
        list[Timestamp] | None, several("Made then"), OneOf("data_de_atendimento", "timestamp")
    ] = None
    data_de_atendimento_de: Annotated[
        DayOrTimestamp | None,
        Query(description=f"From then, {WHOLE_DAY}"),
        Where("data_de_atendimento >= {}", _start),
    ] = None
    data_de_atendimento_ate: Annotated[
        DayOrTimestamp | None,
        Query(description=f"Until then, {WHOLE_DAY}"),
        Where("data_de_atendimento <= {}", _end),
    ] = None
    dias_de_atraso_de: Annotated[
        int | None,
        Query(ge=1, le=MOST_DAYS, description="Made so many days late at least"),
        WhereNumber(f"{DAYS_LATE} >= {{}}"),
    ] = None
    dias_de_atraso_ate: Annotated[
        int | None,
        Query(ge=1, le=MOST_DAYS, description="Made late, by so many days at most"),
        WhereNumber(f"{DAYS_LATE} BETWEEN 1 AND {{}}"),
    ] = None
    load_id: Annotated[
        int | None, Query(ge=1, le=MAX_OWN_ID, description="Brought by this load"), Where("load_id = {}")
    ] = None
    updated_by_load: Annotated[
        int | None, Query(ge=1, le=MAX_OWN_ID, description="Changed last by this load"), Where("updated_by_load = {}")
    ] = None
    aberto: Annotated[
        bool | None,
        Query(description="true: not visited yet; false: visited"),
        Where({True: "data_de_atendimento IS NULL", False: "data_de_atendimento IS NOT NULL"}),
    ] = None


def names_in(asked: VisitFilter) -> dict[Dimension, list[str] | None]:
    return {by: getattr(asked, by.value) for by in Dimension}


async def conditions_of(connection: Connection, asked: VisitFilter) -> Conditions:
    """Names, parts of them and states become ids of angels and polos: the planner sees how many visits those have."""
    resolved = {}
    for by, names in names_in(asked).items():
        find = f"SELECT id FROM {COLUMN_OF[by].table} WHERE {COLUMN_OF[by].name}"
        part = getattr(asked, f"{by}_contem", None)
        if names is not None:
            resolved[by.value] = await _ids_of(connection, f"{find} = ANY ($1::text[])", names)
        if part is not None:
            resolved[f"{by}_contem"] = await _ids_of(connection, f"{find} ~ $1", alike(part))
    return Conditions.of(asked, **resolved)


async def _ids_of(connection: Connection, find: str, asked: str | list[str]) -> list[int]:
    return [row["id"] for row in await connection.fetch(find, asked)]


async def count_services(connection: Connection, conditions: Conditions) -> int:
    """Without a filter the rollup has the number, so that a million rows need not be counted."""
    return await (count_rows(connection, SERVICES, conditions) if conditions.clauses else count_visits(connection))


async def create_service(connection: Connection, user: User, new: NewService) -> Service:
    """Raises Unprocessable where there is no such customer."""

    async def insert(new_id: int) -> tuple[int, Ids]:
        return new_id, dict(await connection.fetchrow(INSERT, new_id, *new.model_dump().values()))

    with constraints_translated():
        async with connection.transaction():
            new_id, known = await insert_with_next_id(connection, "services", insert)
            ids = await _ids(connection, new, known)
            if ids != known:
                await connection.execute(NAME, new_id, *ids.values())
            await record_visits(connection, _by_hand(user), added=[_summed(new, ids)])
    return Service(id=new_id, **new.model_dump())


async def get_service(connection: Connection, service_id: int) -> Service:
    return _service(service_id, await connection.fetchrow(f"{SERVICES.select} WHERE id = $1", service_id))


async def change_service(connection: Connection, user: User, service_id: int, changed: ChangedService) -> Service:
    """Raises Unprocessable where there is no such customer."""
    with constraints_translated():
        async with connection.transaction():
            ids_then = dict(await connection.fetchrow(LOCK, service_id) or {})
            stored = await get_service(connection, service_id)
            fields = _replaced(stored, changed)
            known = {STORED[by]: ids_then[STORED[by]] if fields[by] == getattr(stored, by) else 0 for by in NAMED}
            ids = await _ids(connection, changed, known)
            stored_fields = fields | {by.value: ids[STORED[by]] for by in NAMED}
            await connection.execute(UPDATE, service_id, *stored_fields.values())
            then, now = _summed(stored, ids_then), _summed(changed, ids)
            if then != now:  # else no figure changes, and the version stays
                await record_visits(connection, _by_hand(user), added=[now], removed=[then])
    return Service(id=service_id, **fields)


def _replaced(stored: Service, changed: ChangedService) -> dict[str, Any]:
    """Optional fields that a client leaves out stay, for it may not know them; no data_de_atendimento is null."""
    sent = changed.model_dump(exclude_unset=True)
    left_out = stored.model_dump() | {"data_de_atendimento": None}
    return {name: sent.get(name, left_out[name]) for name in STORED}


def _service(service_id: int, row: Any) -> Service:
    if row is None:
        raise NotFound(f"There is no service {service_id}.")
    return Service(**row)


Ids = dict[str, int]
"""By column, of a visit's names; 0 is that of a name that may have none yet."""


async def _ids(connection: Connection, visit: NewService, known: Ids) -> Ids:
    """All of them: a new name gets its id."""
    found = {}
    for by in NAMED:
        name: str = getattr(visit, by)
        found[STORED[by]] = known[STORED[by]] or (await ids_of(connection, by, [name]))[name]
    return found


def _summed(visit: NewService | Service, ids: Ids) -> dict[str, object]:
    """What the rollup wants."""
    return {name: ids[name] if name in ids else getattr(visit, name) for name in VISIT_SCHEMA}


def _by_hand(user: User) -> Commit:
    return Commit(Act.hand, user_id=user.id, username=user.username)
