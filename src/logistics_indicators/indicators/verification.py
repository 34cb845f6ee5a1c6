"""Verify: what the indicators answer from, recomputed from the rows. Rebuild: made anew from them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

import asyncpg
import polars as pl

from ..database import Connection
from ..errors import Conflict
from .blocks import Grain
from .folding import FOLD_LOCK, FOLD_TIMEOUT, STORE_OPEN, fetch_cells, fetch_deltas, store_blocks
from .packing import LATE, VISITS, Layout, frame_of, late_of, open_of, pack, spread, visits_of
from .rollup import dimension_ids
from .snapshot import STATE

CELLS_OF_ROWS = """
SELECT day - DATE '1970-01-01', open::integer, COALESCE(polos.id, 0), COALESCE(angels.id, 0), days_late, visits, seconds
FROM (
    SELECT COALESCE(data_de_atendimento::date, data_limite) AS day, data_de_atendimento IS NULL AS open, polo, angel,
           COALESCE(data_de_atendimento::date - data_limite, 0) AS days_late, count(*) AS visits,
           COALESCE(sum(EXTRACT(epoch FROM data_limite::timestamp - data_de_atendimento)), 0)::bigint AS seconds
    FROM services GROUP BY 1, 2, 3, 4, 5
) AS cells
LEFT JOIN polos ON polos.name = polo LEFT JOIN angels ON angels.name = angel
"""
"""As rollup.py computes a writer's cells, in SQL: two programs that must agree. A name that is unknown has id 0."""

MISSING_NAMES = (
    ("angels", "SELECT DISTINCT angel FROM services EXCEPT SELECT name FROM angels"),
    ("polos", "SELECT DISTINCT polo FROM services EXCEPT SELECT name FROM polos"),
)

DROP_DELTAS = """
WITH gone AS (DELETE FROM rollup_deltas RETURNING id)
UPDATE rollup_state SET folded = folded + 1 + (SELECT count(*) FROM gone)
"""
"""One more than the deltas: a rebuilt rollup is a new version, whatever was wrong with the old one."""

EXAMPLES = 20


@dataclass(frozen=True)
class Difference:
    """expected, found: total, on_time, seconds of a cell (for late and open ones: total)."""

    level: str
    block: date
    polo: str
    angel: str
    days_late: int | None
    expected: list[int]
    found: list[int]


@dataclass(frozen=True)
class Verification:
    version: int
    visits: int
    differences: int
    examples: list[Difference]


async def verify(connection: Connection) -> Verification:
    """Compare every level, deltas included, with the rows, in one snapshot; disturbs nobody."""
    async with _long_snapshot(connection, readonly=True):
        version = await connection.fetchval(STATE)
        rows = await fetch_cells(connection, CELLS_OF_ROWS)
        deltas = await fetch_deltas(connection)
        frames = [
            *[frame async for frame in _level_differences(connection, VISITS, visits_of(rows), visits_of(deltas))],
            *[frame async for frame in _level_differences(connection, LATE, late_of(rows), late_of(deltas))],
            await _open_differences(connection, rows, deltas),
        ]
        examples: list[Difference] = []
        for level, sums, frame in frames:
            examples += await _examples(connection, level, sums, frame.head(EXAMPLES - len(examples)))
    return Verification(version, int(rows["visits"].sum()), sum(frame.height for _, _, frame in frames), examples)


async def rebuild(connection: Connection) -> int:
    """Make every level anew from the rows; the number of visits. Readers keep the old ones until it is done.

    Raises Conflict where another rebuild is at work.
    Deltas that the snapshot sees are of rows that it sees, so they go; later ones stay and are folded later.
    """
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", FOLD_LOCK, timeout=FOLD_TIMEOUT)
    except asyncpg.LockNotAvailableError:
        raise Conflict("The indicators are being rebuilt or folded just now. Try again in a moment.") from None
    try:
        for table, missing in MISSING_NAMES:
            names = [row[0] for row in await connection.fetch(missing, timeout=FOLD_TIMEOUT)]
            await dimension_ids(connection, table, names)
        async with _long_snapshot(connection, readonly=False):
            rows = await fetch_cells(connection, CELLS_OF_ROWS)
            await connection.execute("DELETE FROM rollup_open")
            for layout, days in ((VISITS, visits_of(rows)), (LATE, late_of(rows))):
                await connection.execute(f"DELETE FROM {layout.table}")
                for cells in (await asyncio.to_thread(spread, layout, days)).values():
                    await store_blocks(connection, layout, await asyncio.to_thread(lambda: list(pack(layout, cells))))  # noqa: B023
            columns = [open_of(rows)[name].to_list() for name in ("data_limite", "polo_id", "angel_id", "total")]
            await connection.execute(STORE_OPEN, *columns, timeout=FOLD_TIMEOUT)
            await connection.execute(DROP_DELTAS)
    finally:
        await connection.execute("SELECT pg_advisory_unlock($1)", FOLD_LOCK)
    return int(rows["visits"].sum())


@asynccontextmanager
async def _long_snapshot(connection: Connection, *, readonly: bool) -> AsyncIterator[None]:
    async with connection.transaction(isolation="repeatable_read", readonly=readonly):
        await connection.execute(f"SET LOCAL statement_timeout = {int(FOLD_TIMEOUT * 1000)}")
        yield


Differing = tuple[str, tuple[str, ...], pl.DataFrame]
"""(level, names of the sums, cells with <sum> as found and <sum>_expected)"""


async def _level_differences(
    connection: Connection, layout: Layout, rows: pl.DataFrame, deltas: pl.DataFrame
) -> AsyncIterator[Differing]:
    expected = await asyncio.to_thread(spread, layout, rows)
    unfolded = await asyncio.to_thread(spread, layout, deltas)
    for grain in Grain:
        select = f"SELECT grain, block, cells FROM {layout.table} WHERE grain = $1"
        stored = await connection.fetch(select, grain.value, timeout=FOLD_TIMEOUT)
        keys = ["grain", "block", *layout.keys]
        columns = [*keys, *layout.sums]
        found = pl.concat([frame_of(layout, stored), unfolded[grain].select(columns)])
        name = grain.name if layout is VISITS else f"{grain.name} (late)"
        yield name, layout.sums, await asyncio.to_thread(_compare, found, expected[grain], keys, layout.sums)


async def _open_differences(connection: Connection, rows: pl.DataFrame, deltas: pl.DataFrame) -> Differing:
    stored = await connection.fetch("SELECT data_limite, polo_id, angel_id, total FROM rollup_open")
    expected = open_of(rows)
    known = pl.DataFrame([tuple(row) for row in stored], schema=expected.schema, orient="row")
    found = pl.concat([known, open_of(deltas)])
    keys = ["data_limite", "polo_id", "angel_id"]
    return "open", ("total",), _compare(found, expected, keys, ("total",)).rename({"data_limite": "block"})


def _compare(found: pl.DataFrame, expected: pl.DataFrame, keys: list[str], sums: tuple[str, ...]) -> pl.DataFrame:
    summed = found.group_by(keys).agg(pl.col(name).sum() for name in sums)
    both = summed.join(expected, on=keys, how="full", coalesce=True, suffix="_expected", nulls_equal=True)
    filled = both.with_columns(pl.col(name, f"{name}_expected").fill_null(0) for name in sums)
    return filled.filter(pl.any_horizontal(pl.col(name) != pl.col(f"{name}_expected") for name in sums)).sort(keys)


async def _examples(connection: Connection, level: str, sums: tuple[str, ...], cells: pl.DataFrame) -> list[Difference]:
    names: dict[str, dict[int, str]] = {}
    for table, column in (("polos", "polo_id"), ("angels", "angel_id")):
        ids = cells[column].to_list()
        names[table] = dict(await connection.fetch(f"SELECT id, name FROM {table} WHERE id = ANY($1::integer[])", ids))

    def difference(cell: dict[str, Any]) -> Difference:
        return Difference(
            level,
            cell["block"],
            names["polos"].get(cell["polo_id"], "?"),
            names["angels"].get(cell["angel_id"], "?"),
            cell.get("days_late"),
            [cell[f"{name}_expected"] for name in sums],
            [cell[name] for name in sums],
        )

    return [difference(cell) for cell in cells.to_dicts()]
