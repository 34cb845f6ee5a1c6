"""What the rows of each kind need of the database beside COPY: as RowsOfKind says, unless more is true of a kind."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from ...database import Connection, Pool
from ...rollup.commits import Commit
from ...rollup.names import with_ids
from ...rollup.reading import count_visits
from ...rollup.writing import TakenBack, take_back_visits_of_load
from ..effect import keep_effect
from ..kinds import KINDS, STORED, Kind
from .before_images import keep_before
from .following import CustomersFollowed, NothingFollows, Reckon, VisitsFollowed
from .resolving import Resolve, resolve_by_id, resolve_customers
from .taking_back import take_back_rows

UPDATE = """
UPDATE {kind} AS t SET {new_values}, updated_by_load = $1
FROM unnest({arrays}) AS u ({columns}) WHERE t.id = u.id
"""

PLACES = {column: f"${place}" for place, column in enumerate(STORED[Kind.customers], start=2)}
UPDATE_CUSTOMER = f"""
UPDATE customers SET {", ".join(f"{column} = {place}" for column, place in PLACES.items())}, updated_by_load = $1,
    email_twin = CASE WHEN lower(email) = lower({PLACES["email"]} COLLATE "C") THEN email_twin ELSE 0 END
WHERE id = {PLACES["id"]}
"""


class RowsOfKind:
    """Rows that stand alone: told apart by their ids, and nothing follows from them."""

    resolve: Resolve = staticmethod(resolve_by_id)
    follow: Reckon = NothingFollows.by
    """What follows rows that are added and taken out."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind

    async def with_ids(self, connection: Connection, rows: pl.DataFrame, pool: Pool) -> pl.DataFrame:
        """Rows with the ids that the table has in the place of names; new names are committed at once, by the pool."""
        return rows

    async def update(self, connection: Connection, rows: pl.DataFrame, load_id: int) -> None:
        """Give stored, locked rows new values. The load's id says who did; their values before are kept under it."""
        await keep_before(connection, self.kind, rows["id"], load_id)
        columns = STORED[self.kind]
        types = (column.sql_type for column in KINDS[self.kind].columns)
        statement = UPDATE.format(
            kind=self.kind,
            new_values=", ".join(f"{column} = u.{column}" for column in columns[1:]),
            arrays=", ".join(f"${place}::{sql_type}[]" for place, sql_type in enumerate(types, start=2)),
            columns=", ".join(columns),
        )
        await connection.execute(statement, load_id, *(rows[name].to_list() for name in columns))

    async def take_back(self, connection: Connection, load_id: int, commit: Commit) -> TakenBack:
        """Remove what a load inserted, and give what it updated its values before again.

        Raises asyncpg.IntegrityConstraintViolationError where other rows stand against it."""
        return await take_back_rows(connection, self.kind, load_id)

    async def count(self, connection: Connection) -> int:
        """All rows of the table, as cheaply as may be."""
        return int(await connection.fetchval(f"SELECT count(*) FROM {self.kind}"))

    async def keep_effect(self, connection: Connection, load: Any) -> None:
        """At the load's end, what it did to the figures. It takes the load's row."""


class Customers(RowsOfKind):
    resolve = staticmethod(resolve_customers)
    follow = CustomersFollowed.by

    async def update(self, connection: Connection, rows: pl.DataFrame, load_id: int) -> None:
        """In the rows' order: an email may move from one customer to the next."""
        await keep_before(connection, self.kind, rows["id"], load_id)
        rows = rows.select(pl.lit(load_id), *STORED[self.kind])
        await connection.executemany(UPDATE_CUSTOMER, rows.rows())


class Visits(RowsOfKind):
    follow = VisitsFollowed.by

    async def with_ids(self, connection: Connection, rows: pl.DataFrame, pool: Pool) -> pl.DataFrame:
        return await with_ids(connection, rows, pool)

    async def take_back(self, connection: Connection, load_id: int, commit: Commit) -> TakenBack:
        return await take_back_visits_of_load(connection, load_id, commit, KINDS[self.kind].values_before)

    async def count(self, connection: Connection) -> int:
        return await count_visits(connection)

    async def keep_effect(self, connection: Connection, load: Any) -> None:
        await keep_effect(connection, load)


MORE_THAN_ALONE: Mapping[Kind, type[RowsOfKind]] = {Kind.customers: Customers, Kind.services: Visits}

ROWS: Mapping[Kind, RowsOfKind] = {kind: MORE_THAN_ALONE.get(kind, RowsOfKind)(kind) for kind in Kind}
