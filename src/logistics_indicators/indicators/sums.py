"""Sums of the visits in a range of days: the packed blocks of its cover, and the deltas not folded yet."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import numpy as np

from ..database import Connection
from .blocks import Block, cover
from .packing import LATE, VISITS, Integers, Layout, unpack_signed
from .snapshot import Snapshot


@dataclass(frozen=True)
class Filters:
    """Exact values; None takes everything."""

    angel: str | None = None
    polo: str | None = None
    uf: str | None = None


class Days(NamedTuple):
    """Both included."""

    first: date
    last: date


class Cells(NamedTuple):
    """Columns of equal length. A cell may occur often and signed: only the sums over all of them mean something."""

    polo_id: Integers
    angel_id: Integers
    total: Integers
    on_time: Integers
    seconds: Integers


BLOCKS = """
SELECT b.sign, r.cells
FROM unnest($1::smallint[], $2::date[], $3::integer[]) AS b (grain, block, sign)
JOIN {table} r ON r.grain = b.grain AND r.block = b.block
"""

DELTAS = """
SELECT c.polo_id, c.angel_id, sum(c.visits)::bigint,
       COALESCE(sum(c.visits) FILTER (WHERE c.days_late <= $3), 0)::bigint, sum(c.seconds)::bigint
FROM rollup_deltas d,
     unnest(d.day, d.open, d.polo_id, d.angel_id, d.days_late, d.visits, d.seconds)
         AS c (day, open, polo_id, angel_id, days_late, visits, seconds)
WHERE NOT c.open AND c.day BETWEEN $1 AND $2
GROUP BY c.polo_id, c.angel_id
"""

LATE_DELTAS = """
SELECT c.polo_id, c.angel_id, c.days_late, sum(c.visits)::bigint
FROM rollup_deltas d,
     unnest(d.day, d.open, d.polo_id, d.angel_id, d.days_late, d.visits)
         AS c (day, open, polo_id, angel_id, days_late, visits)
WHERE NOT c.open AND c.days_late >= 1 AND c.day BETWEEN $1 AND $2
GROUP BY c.polo_id, c.angel_id, c.days_late
"""

ANGEL_ID = "SELECT id FROM angels WHERE name = $1"
POLO_ID = "SELECT id FROM polos WHERE name = $1"
POLO_IDS_OF_UF = "SELECT id FROM polos WHERE uf = $1"


async def clip_to_data(snapshot: Snapshot, days: Days) -> Days | None:
    """The part of the days between the first and the last visit; None where that is nothing."""
    bounds = await snapshot.first_and_last_day()
    if bounds is None:
        return None
    clipped = Days(max(days.first, bounds[0]), min(days.last, bounds[1]))
    return clipped if clipped.first <= clipped.last else None


async def fetch_cells(snapshot: Snapshot, days: Days, filters: Filters, tolerance_days: int = 0) -> Cells | None:
    """Cells of attended visits of these days; on_time counts those up to tolerance_days late. None where is none."""
    clipped = await clip_to_data(snapshot, days)
    if clipped is None:
        return None
    blocks = await fetch_blocks(snapshot.connection, VISITS, cover(*clipped))
    parts = [Cells(*(blocks[name] for name in Cells._fields))]
    if tolerance_days:
        parts.append(_tolerated(await fetch_blocks(snapshot.connection, LATE, cover(*clipped)), tolerance_days))
    if snapshot.has_deltas:
        rows = await snapshot.connection.fetch(DELTAS, *clipped, tolerance_days)
        parts.append(Cells(*_columns(rows, len(Cells._fields))))
    cells = parts[0] if len(parts) == 1 else Cells(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))
    keep = await _kept(snapshot.connection, filters, cells.polo_id, cells.angel_id)
    return cells if keep is None else Cells(*(column[keep] for column in cells))


def _tolerated(late: dict[str, Integers], tolerance_days: int) -> Cells:
    """What tolerance adds to on_time, and to nothing else."""
    keep = late["days_late"] <= tolerance_days
    nothing = np.zeros(int(keep.sum()), np.int64)
    return Cells(late["polo_id"][keep], late["angel_id"][keep], nothing, late["total"][keep], nothing)


BUCKET_BLOCKS = """
SELECT b.bucket, b.sign, r.cells
FROM unnest($1::integer[], $2::smallint[], $3::date[], $4::integer[]) AS b (bucket, grain, block, sign)
JOIN {table} r ON r.grain = b.grain AND r.block = b.block
"""

DELTAS_BY_DAY = """
SELECT c.day - $1, c.polo_id, c.angel_id, sum(c.visits)::bigint,
       COALESCE(sum(c.visits) FILTER (WHERE c.days_late <= $3), 0)::bigint, sum(c.seconds)::bigint
FROM rollup_deltas d,
     unnest(d.day, d.open, d.polo_id, d.angel_id, d.days_late, d.visits, d.seconds)
         AS c (day, open, polo_id, angel_id, days_late, visits, seconds)
WHERE NOT c.open AND c.day BETWEEN $1 AND $2
GROUP BY 1, 2, 3
"""


async def fetch_bucket_cells(
    snapshot: Snapshot, buckets: Sequence[Days], filters: Filters, tolerance_days: int = 0
) -> tuple[Integers, Cells]:
    """The number of each cell's bucket, and the cells. Buckets follow one another without a gap, and there is one."""
    bucket, cells = await _bucket_blocks(snapshot, VISITS, buckets)
    parts = [(bucket, Cells(*(cells[name] for name in Cells._fields)))]
    if tolerance_days:
        bucket, late = await _bucket_blocks(snapshot, LATE, buckets)
        parts.append((bucket[late["days_late"] <= tolerance_days], _tolerated(late, tolerance_days)))
    if snapshot.has_deltas:
        first, last = buckets[0].first, buckets[-1].last
        rows = await snapshot.connection.fetch(DELTAS_BY_DAY, first, last, tolerance_days)
        offset, *columns = _columns(rows, 1 + len(Cells._fields))
        starts = np.array([(days.first - first).days for days in buckets])
        parts.append((np.searchsorted(starts, offset, side="right") - 1, Cells(*columns)))
    bucket = np.concatenate([part[0] for part in parts])
    joined = Cells(*(np.concatenate(columns) for columns in zip(*(part[1] for part in parts), strict=True)))
    keep = await _kept(snapshot.connection, filters, joined.polo_id, joined.angel_id)
    return (bucket, joined) if keep is None else (bucket[keep], Cells(*(column[keep] for column in joined)))


async def _bucket_blocks(
    snapshot: Snapshot, layout: Layout, buckets: Sequence[Days]
) -> tuple[Integers, dict[str, Integers]]:
    wanted = [(number, block) for number, days in enumerate(buckets) for block in cover(*days)]
    rows = await snapshot.connection.fetch(
        BUCKET_BLOCKS.format(table=layout.table),
        [number for number, _ in wanted],
        [block.grain.value for _, block in wanted],
        [block.first for _, block in wanted],
        [block.sign for _, block in wanted],
    )
    sizes = [len(row[2]) // layout.cell_bytes for row in rows]
    bucket = np.repeat(np.array([row[0] for row in rows], np.int64), sizes)
    return bucket, unpack_signed(layout, ((row[1], row[2]) for row in rows))


class LateCells(NamedTuple):
    polo_id: Integers
    angel_id: Integers
    days_late: Integers
    total: Integers


async def fetch_late_cells(snapshot: Snapshot, days: Days, filters: Filters) -> LateCells | None:
    """Cells of the visits of these days that were made after their deadline's day."""
    clipped = await clip_to_data(snapshot, days)
    if clipped is None:
        return None
    blocks = await fetch_blocks(snapshot.connection, LATE, cover(*clipped))
    cells = LateCells(*(blocks[name] for name in LateCells._fields))
    if snapshot.has_deltas:
        rows = await snapshot.connection.fetch(LATE_DELTAS, *clipped)
        added = _columns(rows, len(LateCells._fields))
        cells = LateCells(*(np.concatenate(columns) for columns in zip(cells, added, strict=True)))
    keep = await _kept(snapshot.connection, filters, cells.polo_id, cells.angel_id)
    return cells if keep is None else LateCells(*(column[keep] for column in cells))


async def fetch_blocks(connection: Connection, layout: Layout, blocks: Sequence[Block]) -> dict[str, Integers]:
    rows = await connection.fetch(
        BLOCKS.format(table=layout.table),
        [block.grain.value for block in blocks],
        [block.first for block in blocks],
        [block.sign for block in blocks],
    )
    return unpack_signed(layout, rows)


def _columns(rows: Sequence[Sequence[int]], width: int) -> list[Integers]:
    return list(np.array([tuple(row) for row in rows], np.int64).reshape(-1, width).T)


async def _kept(connection: Connection, filters: Filters, polo_id: Integers, angel_id: Integers) -> Integers | None:
    """Indexes of the cells that the filters keep; None keeps all."""
    conditions = []
    if filters.angel is not None:
        conditions.append(angel_id == (await connection.fetchval(ANGEL_ID, filters.angel) or -1))
    if filters.polo is not None:
        conditions.append(polo_id == (await connection.fetchval(POLO_ID, filters.polo) or -1))
    if filters.uf is not None:
        ids = [row[0] for row in await connection.fetch(POLO_IDS_OF_UF, filters.uf)]
        conditions.append(np.isin(polo_id, ids))
    return np.flatnonzero(np.logical_and.reduce(conditions)) if conditions else None


def sum_by(key: Integers, *values: Integers) -> list[Integers]:
    """The distinct keys whose first sum is not 0, and their sums: exact, in 64 bits."""
    size = int(key.max(initial=-1)) + 1
    sparse = size > 4 * len(key) + 65_536
    numbers, places = np.unique(key, return_inverse=True) if sparse else (np.arange(size), key)
    sums = []
    for column in values:
        total = np.zeros(len(numbers), np.int64)
        np.add.at(total, places, column)
        sums.append(total)
    present = np.flatnonzero(sums[0])
    return [numbers[present], *(total[present] for total in sums)]
