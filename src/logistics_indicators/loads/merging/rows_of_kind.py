"""What the rows of each kind need of the database beside COPY. A kind that is not here fails: none is the default."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import polars as pl

from ...database import Connection, Pool
from ...rollup.writing import record_frames, remove_visits_of_load
from ..kinds import COLUMNS, Kind
from .resolving import Resolve, resolve_customers, resolve_services

REMOVE_SECONDS = 600

UPDATE_SERVICES = """
UPDATE services AS s
SET id_cliente = u.id_cliente, angel = u.angel, polo = u.polo,
    data_limite = u.data_limite, data_de_atendimento = u.data_de_atendimento
FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::date[], $6::timestamp[])
     AS u (id, id_cliente, angel, polo, data_limite, data_de_atendimento)
WHERE s.id = u.id
"""

UPDATE_CUSTOMER = """
UPDATE customers SET nome = $2, email = $3, telefone = $4,
    email_twin = CASE WHEN lower(email) = lower($3 COLLATE "C") THEN email_twin ELSE 0 END
WHERE id = $1
"""


async def _update_customers(connection: Connection, rows: pl.DataFrame) -> None:
    await connection.executemany(UPDATE_CUSTOMER, rows.select(COLUMNS[Kind.customers]).rows())


async def _update_services(connection: Connection, rows: pl.DataFrame) -> None:
    await connection.execute(UPDATE_SERVICES, *(rows[name].to_list() for name in COLUMNS[Kind.services]))


async def _remove_customers(connection: Connection, load_id: int) -> None:
    await connection.execute("DELETE FROM customers WHERE load_id = $1", load_id, timeout=REMOVE_SECONDS)


async def _remove_services(connection: Connection, load_id: int) -> None:
    await remove_visits_of_load(connection, load_id)


async def _nothing_to_record(
    connection: Connection, *, added: pl.DataFrame, removed: pl.DataFrame | None, pool: Pool
) -> None:
    pass


@dataclass(frozen=True)
class RowsOfKind:
    resolve: Resolve
    update: Callable[[Connection, pl.DataFrame], Awaitable[None]]
    """Give stored rows new values, in the rows' order (an email may move from one customer to the next)."""
    remove: Callable[[Connection, int], Awaitable[None]]
    """What a load inserted, by its id. Raises asyncpg.ForeignKeyViolationError where others refer to a row."""
    record: Callable[..., Awaitable[None]]
    """What follows the rows in the same transaction: added, removed, pool as record_frames takes them."""


ROWS: Mapping[Kind, RowsOfKind] = {
    Kind.customers: RowsOfKind(resolve_customers, _update_customers, _remove_customers, _nothing_to_record),
    Kind.services: RowsOfKind(resolve_services, _update_services, _remove_services, record_frames),
}
