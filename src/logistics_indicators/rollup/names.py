"""Angels, polos and so on by their ids: what the visits and their sums hold instead of names.

An id keeps its name for ever, and a name stays when its last visit goes. No foreign key says so: to check one for
each visit would cost a load more than the ids save.
"""

import asyncio
from collections.abc import Sequence

import polars as pl

from ..database import Connection, Pool
from ..states import state_in_name
from .dimensions import COLUMN_OF, NAMED, Dimension

INSERT_NAMES = {
    by: f"INSERT INTO {COLUMN_OF[by].table} (name) SELECT unnest($1::text[]) ON CONFLICT (name) DO NOTHING"
    for by in NAMED
} | {
    Dimension.polo: """
        INSERT INTO polos (name, uf) SELECT * FROM unnest($1::text[], $2::text[]) ON CONFLICT (name) DO NOTHING""",
}

NAMED_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    **{by.value: pl.String for by in NAMED},
    "data_limite": pl.Date,
    "data_de_atendimento": pl.Datetime("us"),
}
"""Columns of a frame of visits with names; data_de_atendimento is null for a visit not made yet."""


async def with_ids(connection: Connection, visits: pl.DataFrame, pool: Pool | None = None) -> pl.DataFrame:
    """The visits with the ids of their names beside them. New names are added.

    With a pool, new names are committed at once by another session: writers that stay in their transactions for
    long, and each of which meets names that are new to the other as well, then never wait for one another.
    """
    for dimension in NAMED:
        names = await asyncio.to_thread(_distinct, visits, dimension)
        ids = await ids_of(connection, dimension, names, pool)
        visits = await asyncio.to_thread(_with_column, visits, dimension, ids)
    return visits


def _distinct(visits: pl.DataFrame, dimension: Dimension) -> list[str]:
    return visits[dimension].unique().to_list()


def _with_column(visits: pl.DataFrame, dimension: Dimension, ids: dict[str, int]) -> pl.DataFrame:
    no_row = pl.lit(None, pl.Int32)  # of which polars would make a text
    found = pl.col(dimension).replace_strict(ids, return_dtype=pl.Int32) if ids else no_row
    return visits.with_columns(found.alias(COLUMN_OF[dimension].id))


async def ids_of(
    connection: Connection, dimension: Dimension, names: Sequence[str], pool: Pool | None = None
) -> dict[str, int]:
    """Ids of the names, which are added where they are new (in order, so that two writers cannot deadlock)."""
    ids = await known_ids(connection, dimension, names)
    new = sorted((name for name in names if name not in ids), key=lambda name: name.encode())
    if new:
        states = [[state_in_name(name) for name in new]] if dimension is Dimension.polo else []
        await (pool or connection).execute(INSERT_NAMES[dimension], new, *states)
        ids |= await known_ids(connection, dimension, new)
    return ids


async def known_ids(connection: Connection, dimension: Dimension, names: Sequence[str]) -> dict[str, int]:
    """Of those names that there are."""
    if not names:
        return {}
    find = f"SELECT name, id FROM {COLUMN_OF[dimension].table} WHERE name = ANY($1::text[])"
    return dict(await connection.fetch(find, names))
