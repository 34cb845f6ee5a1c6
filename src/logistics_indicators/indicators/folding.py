"""Folding: the deltas go and the levels that readers sum take them in, in one transaction.

A reader's snapshot holds either a delta or its fold. Nobody waits: writers only append deltas, readers only read,
and whoever changes the levels holds FOLD_LOCK.
"""

import asyncio
from collections.abc import Iterable
from datetime import date

import polars as pl

from ..database import Connection
from .blocks import Block, Grain
from .packing import (
    LATE,
    VISITS,
    Layout,
    PackedBlock,
    add_up,
    frame_of,
    late_of,
    open_of,
    pack,
    read_deltas,
    spread,
    visits_of,
)

FOLD_LOCK = 7_163_003
"""Key of the advisory lock that whoever changes the levels holds."""

FOLD_CELLS = 1_000_000
"""Cells folded in one transaction, unless one delta alone has more."""

SPAN_CELLS = 30_000
"""Cells, and cells of blocks, that are in memory at a time, unless eight days alone have more."""

WAITING_CELLS, WAITING_DELTAS = 1_000_000, 1_000
"""So much may wait while a load is under way, which needs the processors itself."""

FOLD_TIMEOUT = 600.0

WAITING = "SELECT id, pg_column_size(visits) / 4 AS cells FROM rollup_deltas ORDER BY id"
"""The arrays are stored raw, so their size tells their length without reading them."""

DELTA_CELLS = """
SELECT c.day - DATE '1970-01-01', c.open::integer, c.polo_id, c.angel_id, c.days_late, c.visits, c.seconds
FROM rollup_deltas d,
     unnest(d.day, d.open, d.polo_id, d.angel_id, d.days_late, d.visits, d.seconds)
         AS c (day, open, polo_id, angel_id, days_late, visits, seconds)
"""

CELLS_TO_FOLD = """
CREATE TEMPORARY TABLE cells_to_fold ON COMMIT DROP AS
SELECT c.* FROM rollup_deltas d,
     unnest(d.day, d.open, d.polo_id, d.angel_id, d.days_late, d.visits, d.seconds)
         AS c (day, open, polo_id, angel_id, days_late, visits, seconds)
WHERE d.id IN ({ids})
"""

CELLS_PER_EIGHTH = """
SELECT date_trunc('month', day)::date + 8 * LEAST((extract(day FROM day)::integer - 1) / 8, 3) AS first, count(*)
FROM cells_to_fold GROUP BY 1 ORDER BY 1
"""
"""By eighths of a month, as in blocks.py: no block of a day or an eighth is in two spans."""

CELLS_OF_SPAN = """
SELECT day - DATE '1970-01-01', open::integer, polo_id, angel_id, days_late, visits, seconds
FROM cells_to_fold WHERE day BETWEEN '{first:%Y-%m-%d}' AND '{last:%Y-%m-%d}'
"""

TAKE_DELTAS = """
WITH gone AS (DELETE FROM rollup_deltas WHERE id = ANY($1::bigint[]) RETURNING id)
UPDATE rollup_state SET folded = folded + (SELECT count(*) FROM gone)
"""

STORE_OPEN = """
INSERT INTO rollup_open AS stored (data_limite, polo_id, angel_id, total)
SELECT * FROM unnest($1::date[], $2::integer[], $3::integer[], $4::integer[])
ON CONFLICT (data_limite, polo_id, angel_id) DO UPDATE SET total = stored.total + excluded.total
"""
DROP_EMPTY_OPEN = "DELETE FROM rollup_open WHERE total = 0 AND data_limite = ANY($1::date[])"


async def fold(connection: Connection, *, patient: bool = False) -> int:
    """Fold what one transaction may take; the number of deltas folded, 0 where there are none or another folds.

    With patient=True they wait until there are WAITING_CELLS or WAITING_DELTAS.
    """
    async with connection.transaction():
        if not await connection.fetchval("SELECT pg_try_advisory_xact_lock($1)", FOLD_LOCK):
            return 0
        ids, cells = _choose(await connection.fetch(WAITING), patient=patient)
        if not ids:
            return 0
        await connection.execute(f"SET LOCAL statement_timeout = {int(FOLD_TIMEOUT * 1000)}")
        if cells <= SPAN_CELLS:
            await _fold_cells(connection, await fetch_deltas(connection, ids))
        else:
            await connection.execute(CELLS_TO_FOLD.format(ids=_listed(ids)), timeout=FOLD_TIMEOUT)
            for first, last in await _spans(connection):
                query = CELLS_OF_SPAN.format(first=first, last=last)
                await _fold_cells(connection, await fetch_cells(connection, query))
        await connection.execute(TAKE_DELTAS, ids)
    return len(ids)


async def fold_everything(connection: Connection) -> int:
    """Fold until no delta is left (or another process folds); the number of deltas."""
    total = 0
    while folded := await fold(connection):
        total += folded
    return total


def _choose(waiting: list[tuple[int, int]], *, patient: bool) -> tuple[list[int], int]:
    """(ids of the deltas to fold, the number of their cells)."""
    if patient and sum(cells for _, cells in waiting) < WAITING_CELLS and len(waiting) < WAITING_DELTAS:
        return [], 0
    ids: list[int] = []
    total = 0
    for key, cells in waiting:
        if ids and total + cells > FOLD_CELLS:
            break
        total += cells
        ids.append(key)
    return ids, total


Span = tuple[date, date]
"""First and last day."""


async def _spans(connection: Connection) -> list[Span]:
    """The days of cells_to_fold in order, as spans of SPAN_CELLS."""
    eighths = await connection.fetch(CELLS_PER_EIGHTH, timeout=FOLD_TIMEOUT)
    return [(firsts[0], Block(Grain.eighth, firsts[-1]).last) for firsts in _grouped(eighths)]


def _grouped(sizes: Iterable[tuple[date, int]]) -> list[list[date]]:
    """Neighbours together as long as their sizes come to SPAN_CELLS at most; one alone may have more."""
    groups: list[list[date]] = []
    total = 0
    for key, size in sizes:
        total += size
        if groups and total <= SPAN_CELLS:
            groups[-1].append(key)
        else:
            groups.append([key])
            total = size
    return groups


async def _fold_cells(connection: Connection, deltas: pl.DataFrame) -> None:
    await _fold_into(connection, VISITS, await asyncio.to_thread(visits_of, deltas))
    await _fold_into(connection, LATE, await asyncio.to_thread(late_of, deltas))
    await _fold_open(connection, open_of(deltas))


def _listed(ids: list[int]) -> str:
    return ",".join(str(int(key)) for key in ids)


async def fetch_deltas(connection: Connection, ids: list[int] | None = None) -> pl.DataFrame:
    """The cells of these deltas, or of all that the snapshot sees."""
    where = "" if ids is None else f"WHERE d.id IN ({_listed(ids)})"
    return await fetch_cells(connection, f"{DELTA_CELLS} {where}")


async def fetch_cells(connection: Connection, query: str) -> pl.DataFrame:
    """Rows of a query with DELTA_SCHEMA's columns; parsed in a thread, for there may be a million."""
    body = bytearray()

    async def keep(piece: bytes) -> None:
        body.extend(piece)

    await connection.copy_from_query(query, output=keep, format="csv", timeout=FOLD_TIMEOUT)
    return await asyncio.to_thread(read_deltas, bytes(body))


async def _fold_into(connection: Connection, layout: Layout, days: pl.DataFrame) -> None:
    if days.is_empty():
        return
    levels = await asyncio.to_thread(spread, layout, days)
    for grain, cells in levels.items():
        for blocks in await _batches(connection, layout, grain, cells["block"].unique().sort().to_list()):
            stored = await connection.fetch(
                f"SELECT grain, block, cells FROM {layout.table} WHERE grain = $1 AND block = ANY($2::date[])",
                grain.value,
                blocks,
            )
            added = cells.filter(pl.col("block").is_in(blocks))
            packed = await asyncio.to_thread(_merge, layout, stored, added)
            await store_blocks(connection, layout, packed)
            kept = {block.block for block in packed}
            await _drop_blocks(connection, layout, grain.value, [block for block in blocks if block not in kept])


async def _batches(connection: Connection, layout: Layout, grain: Grain, blocks: list[date]) -> list[list[date]]:
    """The blocks in batches by the number of their stored cells."""
    size = f"SELECT block, length(cells) FROM {layout.table} WHERE grain = $1 AND block = ANY($2::date[])"
    sizes = dict(await connection.fetch(size, grain.value, blocks))
    return _grouped((block, sizes.get(block, 0) // layout.cell_bytes) for block in blocks)


def _merge(layout: Layout, stored: list[tuple[int, date, bytes]], added: pl.DataFrame) -> list[PackedBlock]:
    cells = pl.concat([frame_of(layout, stored), added.select("grain", "block", *layout.keys, *layout.sums)])
    return list(pack(layout, add_up(layout, cells)))


async def store_blocks(connection: Connection, layout: Layout, blocks: Iterable[PackedBlock]) -> None:
    rows = list(blocks)
    await connection.execute(
        f"""INSERT INTO {layout.table} (grain, block, visits, cells)
        SELECT * FROM unnest($1::smallint[], $2::date[], $3::bigint[], $4::bytea[])
        ON CONFLICT (grain, block) DO UPDATE SET visits = excluded.visits, cells = excluded.cells""",
        [row.grain for row in rows],
        [row.block for row in rows],
        [row.visits for row in rows],
        [row.cells for row in rows],
        timeout=FOLD_TIMEOUT,
    )


async def _drop_blocks(connection: Connection, layout: Layout, grain: int, blocks: list[date]) -> None:
    """A block that its last cell left is no block: the first day with a visit is the first block of a day."""
    if blocks:
        delete = f"DELETE FROM {layout.table} WHERE grain = $1 AND block = ANY($2::date[])"
        await connection.execute(delete, grain, blocks)


async def _fold_open(connection: Connection, cells: pl.DataFrame) -> None:
    if cells.is_empty():
        return
    columns = [cells[name].to_list() for name in ("data_limite", "polo_id", "angel_id", "total")]
    await connection.execute(STORE_OPEN, *columns)
    await connection.execute(DROP_EMPTY_OPEN, columns[0])
