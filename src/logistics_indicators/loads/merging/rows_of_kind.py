"""What the rows of each kind need of the database beside COPY. A kind that is not here fails: none is the default."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from ...database import Connection, Pool
from ...rollup.commits import Commit
from ...rollup.names import with_ids
from ...rollup.reading import count_visits
from ...rollup.writing import TakenBack, take_back_visits_of_load
from ..effect import keep_effect
from ..kinds import COLUMNS, STORED, Kind
from .before_images import keep_before
from .following import CustomersFollowed, Reckon, VisitsFollowed
from .resolving import Resolve, resolve_customers, resolve_services
from .taking_back import take_back_customers

UPDATE_SERVICES = """
UPDATE services AS s
SET id_cliente = u.id_cliente, angel_id = u.angel_id, polo_id = u.polo_id,
    data_limite = u.data_limite, data_de_atendimento = u.data_de_atendimento, updated_by_load = $7
FROM unnest($1::bigint[], $2::bigint[], $3::integer[], $4::integer[], $5::date[], $6::timestamp[])
     AS u (id, id_cliente, angel_id, polo_id, data_limite, data_de_atendimento)
WHERE s.id = u.id
"""

UPDATE_CUSTOMER = """
UPDATE customers SET nome = $2, email = $3, telefone = $4, updated_by_load = $5,
    email_twin = CASE WHEN lower(email) = lower($3 COLLATE "C") THEN email_twin ELSE 0 END
WHERE id = $1
"""


async def _update_customers(connection: Connection, rows: pl.DataFrame, load_id: int) -> None:
    await keep_before(connection, Kind.customers, rows["id"], load_id)
    rows = rows.select(*COLUMNS[Kind.customers], pl.lit(load_id))
    await connection.executemany(UPDATE_CUSTOMER, rows.rows())


async def _update_services(connection: Connection, rows: pl.DataFrame, load_id: int) -> None:
    await keep_before(connection, Kind.services, rows["id"], load_id)
    columns = (rows[name].to_list() for name in STORED[Kind.services])
    await connection.execute(UPDATE_SERVICES, *columns, load_id)


async def _count_customers(connection: Connection) -> int:
    return int(await connection.fetchval("SELECT count(*) FROM customers"))


async def _as_they_are(connection: Connection, rows: pl.DataFrame, pool: Pool) -> pl.DataFrame:
    return rows


async def _no_effect(connection: Connection, load: Any) -> None:
    pass


@dataclass(frozen=True)
class RowsOfKind:
    resolve: Resolve
    with_ids: Callable[[Connection, pl.DataFrame, Pool], Awaitable[pl.DataFrame]]
    """Rows with the ids that the table has in the place of names; new names are committed at once, by the pool."""
    update: Callable[[Connection, pl.DataFrame, int], Awaitable[None]]
    """Give stored, locked rows new values, in the rows' order (an email may move from one customer to the next).

    The load's id says who did, and their values before are kept under it."""
    take_back: Callable[[Connection, int, Commit], Awaitable[TakenBack]]
    """Remove what a load inserted, and give what it updated its values before again.

    Raises asyncpg.IntegrityConstraintViolationError where other rows stand against it."""
    count: Callable[[Connection], Awaitable[int]]
    """All rows of the table, as cheaply as may be."""
    follow: Reckon
    """What follows rows that are added and taken out."""
    keep_effect: Callable[[Connection, Any], Awaitable[None]]
    """At the load's end, what it did to the figures. It takes the load's row."""


ROWS: Mapping[Kind, RowsOfKind] = {
    Kind.customers: RowsOfKind(
        *(resolve_customers, _as_they_are, _update_customers, take_back_customers),
        *(_count_customers, CustomersFollowed.by, _no_effect),
    ),
    Kind.services: RowsOfKind(
        *(resolve_services, with_ids, _update_services, take_back_visits_of_load),
        *(count_visits, VisitsFollowed.by, keep_effect),
    ),
}
