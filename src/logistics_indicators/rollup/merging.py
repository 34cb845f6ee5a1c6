"""Merging: what was appended to rollup_recent goes into the tables that readers sum fastest, in one transaction.

A reader's snapshot holds a change in the one place or in the other. Nobody waits: writers only append, readers only
read, and whoever changes the merged tables holds Lock.merging.
"""

from datetime import date
from pathlib import Path
from typing import NamedTuple

from ..database import Connection, Lock, allow_long_statements
from .blocks import BLOCK_IN_SQL, MERGED_LEVELS, Grain, levels_in_sql
from .tables import CELL_KEYS, CELL_SUMS, SUM_TABLE_NAMES, SUM_TABLES, SumTable

MERGE_CELLS = 4_000_000
"""Cells of rollup_recent merged in one transaction, unless one commit, or those gathered, have more."""

GATHERED_COMMITS = 12
"""While a load is under way, so many waiting commits are gathered into one (gather_commits.sql)."""

GATHERED_CELLS, GATHERED_TIMES = 750_000, 4
"""An earlier gathering joins in where it has fewer cells than the first number, and than the second times those of the
new commits. So a large one is not written again for every few small commits."""

WAITING_CELLS, WAITING_COMMITS = 2_000_000, 1_000
"""So much may wait while a load is under way, which needs the processors itself."""

MERGE_TIMEOUT = 600.0

ABOVE_EIGHTHS = levels_in_sql({grain: grain.value for grain in MERGED_LEVELS if grain > Grain.eighth}, "cell.block")

FOLDER = Path(__file__).parent
MERGE_INTO_TABLE = (FOLDER / "merge_into_table.sql").read_text(encoding="utf-8").partition("\n")[2].rstrip()
GATHERED_GRAINS = [number for table in SUM_TABLES for level, number in table.recent.items() if level is not Grain.day]
GATHER_COMMITS = (
    (FOLDER / "gather_commits.sql")
    .read_text(encoding="utf-8")
    .format(
        grains=", ".join(map(str, GATHERED_GRAINS)),
        keys=", ".join(CELL_KEYS),
        sums=", ".join(CELL_SUMS),
        added=", ".join(f"sum({name})" for name in CELL_SUMS),
        changed=" OR ".join(f"sum({name}) <> 0" for name in CELL_SUMS),
    )
)


def _merged(table: SumTable) -> str:
    return MERGE_INTO_TABLE.format(
        table=table.name,
        keys=table.keys_in_sql,
        sums=table.sums_in_sql(),
        added=table.sums_in_sql("sum({sum}) AS {sum}"),
        day_grain=Grain.day.value,
        eighth_grain=Grain.eighth.value,
        eighth=BLOCK_IN_SQL[Grain.eighth].format(day="block"),
        levels_above=ABOVE_EIGHTHS,
        recent_grain=table.recent[Grain.day],
        own_cells=_own_cells(table),
        changed=table.sums_in_sql("sum({sum}) <> 0", between=" OR "),
        empty=_is_empty(table),
        updated=table.sums_in_sql("{sum} = old.{sum} + excluded.{sum}"),
    )


def _is_empty(table: SumTable) -> str:
    """Of no visit, and nothing is left of any. A total of 0 alone does not say so: a change that is merged before
    an earlier one may take away what that one is yet to bring."""
    return table.sums_in_sql("old.{sum} = 0", between=" AND ")


def _own_cells(table: SumTable) -> str:
    if not table.own_grains:
        return ""
    grains = ", ".join(str(own.number) for own in table.own_grains)
    cells = f"SELECT grain, block, {table.keys_in_sql}, {table.sums_in_sql()} FROM taken"
    return f"\n        UNION ALL\n        {cells} WHERE grain IN ({grains})"


MERGE_COMMITS = (
    (FOLDER / "merge_commits.sql")
    .read_text(encoding="utf-8")
    .format(
        keys=", ".join(CELL_KEYS),
        sums=", ".join(CELL_SUMS),
        merged_tables=", ".join(map(_merged, SUM_TABLES)),
        empty_blocks=" UNION ".join(f"SELECT grain, block FROM merged_{name} WHERE empty" for name in SUM_TABLE_NAMES),
    )
)

WAITING = """
SELECT array_agg(id), sum(cells)::bigint, bool_or(gathered_by IS NOT NULL)
FROM rollup_waiting GROUP BY COALESCE(gathered_by, id) ORDER BY min(id)
"""

DROP_EMPTY = """
DELETE FROM {table} AS old WHERE grain = ANY($1::smallint[]) AND block = ANY($2::date[]) AND {empty}
"""


class Waiting(NamedTuple):
    """Commits that are merged together."""

    commits: list[int]
    cells: int
    are_gathered: bool


async def merge(connection: Connection, *, patient: bool = False) -> int:
    """Merge what one transaction may take; the number of commits, 0 where there are none or another merges.

    With patient=True they wait until there are WAITING_CELLS or WAITING_COMMITS, and are gathered meanwhile.
    """
    async with connection.transaction():
        if not await connection.fetchval("SELECT pg_try_advisory_xact_lock($1)", Lock.merging.value):
            return 0
        waiting = [Waiting(*row) for row in await connection.fetch(WAITING)]
        if patient and await _may_wait(connection, waiting):
            return 0
        commits = _choose(waiting)
        if commits:
            await allow_long_sums(connection)
            empty = await connection.fetch(MERGE_COMMITS, commits, timeout=MERGE_TIMEOUT)
            await _drop_empty(connection, empty)
    return len(commits)


async def merge_everything(connection: Connection) -> int:
    """Merge until nothing waits (or another process merges); the number of commits."""
    total = 0
    while merged := await merge(connection):
        total += merged
    return total


async def allow_long_sums(connection: Connection) -> None:
    """For this transaction: minutes, and memory to sum some hundred thousand cells in."""
    await allow_long_statements(connection, MERGE_TIMEOUT)
    await connection.execute("SET LOCAL work_mem = '64MB'")


async def _may_wait(connection: Connection, waiting: list[Waiting]) -> bool:
    """True where so few wait that a load goes first."""
    if sum(entry.cells for entry in waiting) >= WAITING_CELLS or len(waiting) >= WAITING_COMMITS:
        return False
    single = [entry for entry in waiting if not entry.are_gathered]
    if len(single) >= GATHERED_COMMITS:
        most = min(GATHERED_CELLS, GATHERED_TIMES * sum(entry.cells for entry in single))
        before = [entry for entry in waiting if entry.are_gathered and entry.cells < most]
        commits = [commit for entry in (*before, *single) for commit in entry.commits]
        await allow_long_sums(connection)
        await connection.execute(GATHER_COMMITS, commits, commits[-1], timeout=MERGE_TIMEOUT)
    return True


def _choose(waiting: list[Waiting]) -> list[int]:
    """Ids of the commits to merge, the oldest first."""
    commits: list[int] = []
    total = 0
    for entry in waiting:
        if commits and total + entry.cells > MERGE_CELLS:
            break
        total += entry.cells
        commits += entry.commits
    return commits


async def _drop_empty(connection: Connection, blocks: list[tuple[int, date]]) -> None:
    """A cell whose last visit left is no cell: the first day with a visit is the first block of a day."""
    if blocks:
        columns = list({block[0] for block in blocks}), list({block[1] for block in blocks})
        for table in SUM_TABLES:
            drop = DROP_EMPTY.format(table=table.name, empty=_is_empty(table))
            await connection.execute(drop, *columns, timeout=MERGE_TIMEOUT)
