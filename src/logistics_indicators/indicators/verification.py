"""Verify: what the indicators answer from, compared with the rows. Rebuild: made anew from them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import asyncpg

from ..database import Connection, Lock
from ..errors import Conflict
from ..rollup.blocks import BLOCK_IN_SQL, MERGED_LEVELS, RECENT_LEVELS, Grain
from ..rollup.cells import DAY_TOTAL, LATE, OPEN
from ..rollup.dimensions import CELL_DIMENSIONS, COLUMN_OF, ids_in_sql
from ..rollup.merging import LEVELS, MERGE_TIMEOUT, allow_long_sums
from .snapshot import STATE

FOLDER = Path(__file__).parent
NAMED = [COLUMN_OF[by] for by in CELL_DIMENSIONS]
IDS, NO_IDS = ids_in_sql(), ids_in_sql("0 AS {id}")
VISITS_OF_ROWS = (FOLDER / "visits_of_rows.sql").read_text(encoding="utf-8").format(ids=IDS)
REBUILD = [
    part.format(levels=LEVELS, ids=IDS, no_ids=ids_in_sql("0"))
    for part in (FOLDER / "rebuild.sql").read_text(encoding="utf-8").split(";\n")
]

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


@dataclass(frozen=True)
class Comparison:
    """expected, found: SELECTs of block, the ids, days_late and the sums."""

    level: str
    expected: str
    found: str
    sums: tuple[str, ...] = ("total",)


def _of_level(grain: Grain) -> list[Comparison]:
    """The level's cells and its late ones. Changes not merged yet count by their cells of this grain; where that is not
    among RECENT_LEVELS, by their day cells."""
    block = BLOCK_IN_SQL[grain]
    own = grain in RECENT_LEVELS
    recent_grain, recent_block = (grain.value, "block") if own else (Grain.day.value, block.format(day="block"))
    on_time = "CASE WHEN days_late = 0 THEN total ELSE 0 END AS on_time"
    keys = f"{recent_block} AS block, {IDS}"
    rows = f"SELECT {block.format(day='day')} AS block, {IDS}"
    return [
        Comparison(
            grain.name,
            f"{rows}, 0 AS days_late, total, {on_time}, seconds FROM rows_of_visits WHERE NOT open",
            f"""SELECT block, {IDS}, 0 AS days_late, total, on_time, seconds
            FROM rollup WHERE grain = {grain.value}
            UNION ALL SELECT {keys}, 0, total, on_time, seconds FROM rollup_recent WHERE grain = {recent_grain}""",
            ("total", "on_time", "seconds"),
        ),
        Comparison(
            f"{grain.name} (late)",
            f"{rows}, days_late, total FROM rows_of_visits WHERE NOT open AND days_late > 0",
            f"""SELECT block, {IDS}, days_late, total FROM rollup_late WHERE grain = {grain.value}
            UNION ALL SELECT {block.format(day="block")}, {IDS}, days_late, total
            FROM rollup_recent WHERE grain = {LATE}""",
        ),
    ]


def _of_grain(level: str, grain: int, expected: str) -> Comparison:
    select = f"SELECT block, {IDS}, 0 AS days_late, total FROM {{}} WHERE grain = {{}}"
    return Comparison(
        level, expected, f"{select.format('rollup', grain)} UNION ALL {select.format('rollup_recent', grain)}"
    )


COMPARISONS = [
    *(comparison for grain in MERGED_LEVELS for comparison in _of_level(grain)),
    _of_grain(
        "day (all)",
        DAY_TOTAL,
        f"SELECT day AS block, {NO_IDS}, 0 AS days_late, total FROM rows_of_visits WHERE NOT open",
    ),
    _of_grain(
        "open",
        OPEN,
        f"SELECT day AS block, {IDS}, 0 AS days_late, total FROM rows_of_visits WHERE open",
    ),
    Comparison(
        "without a name",
        f"""SELECT day AS block, {IDS}, 0 AS days_late, total FROM rows_of_visits
        WHERE {" OR ".join(f"{column.id} NOT IN (SELECT id FROM {column.table})" for column in NAMED)}""",
        f"SELECT day AS block, {IDS}, 0 AS days_late, total FROM rows_of_visits WHERE false",
    ),
]
"""The last: a rebuild brings no name back; a backup has it."""

COMPARE = """
WITH expected AS (SELECT block, {ids}, days_late, {sums} FROM ({expected}) AS e GROUP BY block, {ids}, days_late),
found AS (SELECT block, {ids}, days_late, {sums} FROM ({found}) AS f GROUP BY block, {ids}, days_late),
differing AS (
    SELECT block, {ids}, days_late, {of_expected} AS expected, {of_found} AS found
    FROM expected FULL JOIN found USING (block, {ids}, days_late)
)
SELECT block, {names}, days_late, expected, found, count(*) OVER ()
FROM differing {joins}
WHERE expected <> found
ORDER BY block, {ids}, days_late LIMIT $1
"""


async def verify(connection: Connection) -> Verification:
    """Compare every level, what waits included, with the rows, in one snapshot; disturbs nobody."""
    differences, examples = 0, list[Difference]()
    async with _long_snapshot(connection):
        version = await connection.fetchval(STATE)
        await connection.execute(VISITS_OF_ROWS, timeout=MERGE_TIMEOUT)
        for comparison in COMPARISONS:
            rows = await connection.fetch(_compare(comparison), EXAMPLES, timeout=MERGE_TIMEOUT)
            differences += rows[0][-1] if rows else 0
            late = comparison.level.endswith("(late)")
            for block, polo, angel, days_late, expected, found, _ in rows[: EXAMPLES - len(examples)]:
                examples.append(
                    Difference(comparison.level, block, polo, angel, days_late if late else None, expected, found)
                )
        visits = await connection.fetchval("SELECT COALESCE(sum(total), 0)::bigint FROM rows_of_visits")
    return Verification(version, visits, differences, examples)


def _compare(comparison: Comparison) -> str:
    def of(side: str) -> str:
        return "ARRAY[" + ", ".join(f"COALESCE({side}.{name}, 0)" for name in comparison.sums) + "]"

    sums = ", ".join(f"sum({name})::bigint AS {name}" for name in comparison.sums)
    return COMPARE.format(
        expected=comparison.expected,
        found=comparison.found,
        ids=IDS,
        names=", ".join(f"COALESCE({column.table}.{column.name}, '?')" for column in NAMED),
        joins=" ".join(f"LEFT JOIN {column.table} ON {column.table}.id = {column.id}" for column in NAMED),
        sums=sums,
        of_expected=of("expected"),
        of_found=of("found"),
    )


async def rebuild(connection: Connection) -> int:
    """Make every level anew from the rows; the number of visits. Readers keep the old ones until it is done.

    Raises Conflict where another rebuild is at work.
    Changes that wait and that the snapshot sees are deleted, for it sees their rows too; later ones stay and wait on.
    """
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", Lock.merging.value, timeout=MERGE_TIMEOUT)
    except asyncpg.LockNotAvailableError:
        raise Conflict("The indicators are being rebuilt or merged just now. Try again in a moment.") from None
    try:
        async with _long_snapshot(connection):
            for statement in (VISITS_OF_ROWS, *REBUILD):
                await connection.execute(statement, timeout=MERGE_TIMEOUT)
            visits = await connection.fetchval("SELECT COALESCE(sum(total), 0)::bigint FROM rows_of_visits")
    finally:
        await connection.execute("SELECT pg_advisory_unlock($1)", Lock.merging.value)
    return int(visits)


@asynccontextmanager
async def _long_snapshot(connection: Connection) -> AsyncIterator[None]:
    async with connection.transaction(isolation="repeatable_read"):
        await connection.execute("SET TRANSACTION READ WRITE")  # even a temporary table is something written
        await allow_long_sums(connection)
        yield
