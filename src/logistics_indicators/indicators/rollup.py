"""The write side of the rollup: every transaction that changes services calls this module.

Each call appends one row to rollup_deltas: arrays with an element per cell that it changed. Nothing is
updated, so writers never wait for each other, and what a reader sums is exact at every commit. The number of
rows ever appended is the data's version.
"""

import asyncio
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
import polars as pl

from ..database import Connection, Pool, copy_bytes
from ..states import state_in_name
from .packing import Integers

VISIT_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "angel": pl.String,
    "polo": pl.String,
    "data_limite": pl.Date,
    "data_de_atendimento": pl.Datetime("us"),
}
"""Columns of a frame of visits; data_de_atendimento is null for a visit not made yet."""

CELL = ["day", "open", "polo_id", "angel_id", "days_late"]


@dataclass(frozen=True)
class Visit:
    """What the rollup needs of a row of services."""

    angel: str
    polo: str
    data_limite: date
    data_de_atendimento: datetime | None


async def record(connection: Connection, *, added: Sequence[Visit] = (), removed: Sequence[Visit] = ()) -> None:
    """Add single visits to the rollup, or take them out. Call inside the transaction that writes the rows."""
    await record_frames(connection, added=_frame(added), removed=_frame(removed))


async def record_frames(
    connection: Connection,
    *,
    added: pl.DataFrame | None = None,
    removed: pl.DataFrame | None = None,
    pool: Pool | None = None,
) -> None:
    """As `record`, for frames with VISIT_SCHEMA's columns (others are ignored).

    With a pool, new names are committed at once by another session: writers that stay in their transactions for
    long, and each of which meets names that are new to the other as well, then never wait for one another.
    """
    signed = [
        frame.lazy().select(*VISIT_SCHEMA, pl.lit(sign, pl.Int32).alias("sign"))
        for frame, sign in ((added, 1), (removed, -1))
        if frame is not None and frame.height
    ]
    if not signed:
        return
    visits = pl.concat(signed)
    ids: dict[str, dict[str, int]] = {}
    for table, column in (("angels", "angel"), ("polos", "polo")):
        names = await asyncio.to_thread(_distinct, visits, column)
        ids[column] = await dimension_ids(connection, table, names, pool)
    await _append(connection, await asyncio.to_thread(_cells, visits, ids))


def _frame(visits: Sequence[Visit]) -> pl.DataFrame:
    rows = [(v.angel, v.polo, v.data_limite, v.data_de_atendimento) for v in visits]
    return pl.DataFrame(rows, schema=VISIT_SCHEMA, orient="row")


def _distinct(visits: pl.LazyFrame, column: str) -> list[str]:
    return visits.select(pl.col(column).unique()).collect()[column].to_list()


def _cells(visits: pl.LazyFrame, ids: dict[str, dict[str, int]]) -> pl.DataFrame:
    """One row a cell, with the signed sums of its visits; cells that cancel out stay away."""
    limit, done = pl.col("data_limite"), pl.col("data_de_atendimento")
    day = done.dt.date()
    return (
        visits.select(
            pl.coalesce(day, limit).alias("day"),
            done.is_null().alias("open"),
            pl.col("polo").replace_strict(ids["polo"], return_dtype=pl.Int32).alias("polo_id"),
            pl.col("angel").replace_strict(ids["angel"], return_dtype=pl.Int32).alias("angel_id"),
            (day - limit).dt.total_days().fill_null(0).cast(pl.Int32).alias("days_late"),
            "sign",
            (limit.cast(pl.Datetime("us")) - done).dt.total_seconds().fill_null(0).alias("seconds"),
        )
        .group_by(CELL)
        .agg(pl.col("sign").sum().alias("visits"), (pl.col("seconds") * pl.col("sign")).sum().alias("seconds"))
        .filter((pl.col("visits") != 0) | (pl.col("seconds") != 0))
        .collect()
    )


INSERT_ANGELS = "INSERT INTO angels (name) SELECT unnest($1::text[]) ON CONFLICT (name) DO NOTHING"
INSERT_POLOS = """
INSERT INTO polos (name, uf) SELECT * FROM unnest($1::text[], $2::text[]) ON CONFLICT (name) DO NOTHING
"""


async def dimension_ids(
    connection: Connection, table: str, names: list[str], pool: Pool | None = None
) -> dict[str, int]:
    """Ids of the names, which are added where they are new (in order, so that two writers cannot deadlock)."""
    names = sorted(names, key=lambda name: name.encode())
    found = f"SELECT name, id FROM {table} WHERE name = ANY($1::text[])"
    ids: dict[str, int] = dict(await connection.fetch(found, names))
    new = [name for name in names if name not in ids]
    if new:
        if table == "polos":
            await (pool or connection).execute(INSERT_POLOS, new, [state_in_name(name) for name in new])
        else:
            await (pool or connection).execute(INSERT_ANGELS, new)
        ids.update(await connection.fetch(found, new))
    return ids


DELTA_COLUMNS = {
    "day": ("date", ">i4"),
    "open": ("bool", "i1"),
    "polo_id": ("int4", ">i4"),
    "angel_id": ("int4", ">i4"),
    "days_late": ("int4", ">i4"),
    "visits": ("int4", ">i4"),
    "seconds": ("int8", ">i8"),
}
"""Element type in PostgreSQL, and as numpy writes it for the wire."""

TYPE_OIDS = {"bool": 16, "int8": 20, "int4": 23, "date": 1082}
"""From pg_type.dat: built-in types have the same numbers everywhere."""

POSTGRES_EPOCH = date(2000, 1, 1)
COPY_HEADER = b"PGCOPY\n\xff\r\n\x00" + struct.pack(">ii", 0, 0)
COPY_END = struct.pack(">h", -1)


async def _append(connection: Connection, cells: pl.DataFrame) -> None:
    """One row of arrays, in COPY's binary format: 100,000 cells cost neither the event loop nor the server much."""
    row = await asyncio.to_thread(_delta_row, cells)
    await copy_bytes(connection, "rollup_deltas", list(DELTA_COLUMNS), row, format="binary")


def _delta_row(cells: pl.DataFrame) -> bytes:
    """https://www.postgresql.org/docs/current/sql-copy.html, "Binary Format"; array_send for the fields."""
    days = (cells["day"] - POSTGRES_EPOCH).dt.total_days()
    arrays = [
        _array((days if name == "day" else cells[name]).to_numpy(), *DELTA_COLUMNS[name]) for name in DELTA_COLUMNS
    ]
    return b"".join([COPY_HEADER, struct.pack(">h", len(arrays)), *arrays, COPY_END])


def _array(values: Integers, type_: str, kind: str) -> bytes:
    """A field with a one-dimensional array without nulls."""
    elements = np.empty(len(values), [("bytes", ">i4"), ("value", kind)])
    elements["bytes"], elements["value"] = np.dtype(kind).itemsize, values
    head = struct.pack(">iiIii", 1, 0, TYPE_OIDS[type_], len(values), 1)
    return struct.pack(">i", len(head) + elements.nbytes) + head + elements.tobytes()


REMOVE_VISITS_OF_LOAD = """
WITH gone AS (
    DELETE FROM services WHERE load_id = $1 RETURNING angel, polo, data_limite, data_de_atendimento
), cells AS (
    SELECT COALESCE(data_de_atendimento::date, data_limite) AS day,
           data_de_atendimento IS NULL AS open,
           polo, angel,
           COALESCE(data_de_atendimento::date - data_limite, 0) AS days_late,
           -count(*)::integer AS visits,
           -COALESCE(sum(EXTRACT(epoch FROM data_limite::timestamp - data_de_atendimento)), 0)::bigint AS seconds
    FROM gone GROUP BY 1, 2, 3, 4, 5
), appended AS (
    INSERT INTO rollup_deltas (day, open, polo_id, angel_id, days_late, visits, seconds)
    SELECT array_agg(day), array_agg(open), array_agg(polos.id), array_agg(angels.id),
           array_agg(days_late), array_agg(visits), array_agg(seconds)
    FROM cells JOIN polos ON polos.name = polo JOIN angels ON angels.name = angel
    HAVING count(*) > 0
)
SELECT COALESCE(-sum(visits), 0)::bigint FROM cells
"""


async def remove_visits_of_load(connection: Connection, load_id: int) -> int:
    """Delete the services that a load inserted and take them out of the rollup; the number of rows."""
    return int(await connection.fetchval(REMOVE_VISITS_OF_LOAD, load_id, timeout=600))
