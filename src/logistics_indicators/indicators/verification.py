"""Verify: what the indicators answer from, compared with the rows. Rebuild: made anew from them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from ..database import Connection, Lock
from ..distributed import is_distributed, keep_visits_still
from ..errors import Conflict
from ..rollup.blocks import BLOCK_IN_SQL, MERGED_LEVELS, Grain, levels_in_sql
from ..rollup.dimensions import CELL_DIMENSIONS, COLUMN_OF, ids_in_sql
from ..rollup.merging import MERGE_TIMEOUT, allow_long_sums
from ..rollup.tables import SUM_TABLES, OwnGrain, SumTable, names_of, own_cells_in_sql
from .models import RollupDifference
from .snapshot import STATE

FOLDER = Path(__file__).parent
NAMED = {by: COLUMN_OF[by] for by in CELL_DIMENSIONS}
IDS, NO_IDS = ids_in_sql(), ids_in_sql("0 AS {id}")
VISITS_OF_ROWS = (FOLDER / "visits_of_rows.sql").read_text(encoding="utf-8").format(ids=IDS)
REBUILD_TABLE = (FOLDER / "rebuild_table.sql").read_text(encoding="utf-8").rstrip()
REBUILT_TABLES = ";\n".join(
    REBUILD_TABLE.format(
        table=table.name,
        keys=table.keys_in_sql,
        sums=table.sums_in_sql(),
        added=table.sums_in_sql("sum({sum})"),
        levels=levels_in_sql({grain: grain.value for grain in MERGED_LEVELS}, "cell.block"),
        visits=table.visits,
    )
    for table in SUM_TABLES
)
REBUILT_GRAINS = ";\n".join(
    f"INSERT INTO {table.name} (grain, block, {table.keys_in_sql}, {table.sums_in_sql()})\n"
    + own_cells_in_sql(own, "rows_of_visits", table.keys, names_of(table.sums))
    for table in SUM_TABLES
    for own in table.own_grains
)
REBUILD = (
    (FOLDER / "rebuild.sql").read_text(encoding="utf-8").format(tables=f"{REBUILT_TABLES};\n{REBUILT_GRAINS}")
).split(";\n")

EXAMPLES = 20


@dataclass(frozen=True)
class Verification:
    version: int
    visits: int
    differences: int
    examples: list[RollupDifference]


@dataclass(frozen=True)
class Comparison:
    """expected, found: SELECTs of block, the ids, `also` and the sums."""

    level: str
    expected: str
    found: str
    sums: tuple[str, ...] = ("total",)
    also: tuple[str, ...] = ()


def _of_level(table: SumTable, grain: Grain) -> Comparison:
    """Changes not merged yet count by their cells of this level; where it has none of its own, by those of days."""
    block, columns = BLOCK_IN_SQL[grain], f"{table.keys_in_sql}, {table.sums_in_sql()}"
    own = grain in table.recent
    recent_grain = table.recent[grain if own else Grain.day]
    recent_block = "block" if own else block.format(day="block")
    return Comparison(
        table.title.format(grain.name),
        f"""SELECT {block.format(day="day")} AS block, {columns}
        FROM rows_of_visits WHERE NOT open AND {table.visits}""",
        f"""SELECT block, {columns} FROM {table.name} WHERE grain = {grain.value}
        UNION ALL SELECT {recent_block} AS block, {columns} FROM rollup_recent WHERE grain = {recent_grain}""",
        names_of(table.sums),
        names_of(table.also),
    )


def _of_grain(table: SumTable, own: OwnGrain) -> Comparison:
    found = f"SELECT block, {IDS}, total FROM {{table}} WHERE grain = {own.number}"
    return Comparison(
        own.title,
        f"SELECT day AS block, {IDS if own.by_ids else NO_IDS}, total FROM rows_of_visits WHERE {own.visits}",
        f"{found.format(table=table.name)} UNION ALL {found.format(table='rollup_recent')}",
    )


COMPARISONS = [
    *(_of_level(table, grain) for grain in MERGED_LEVELS for table in SUM_TABLES),
    *(_of_grain(table, own) for table in SUM_TABLES for own in table.own_grains),
    Comparison(
        "without a name",
        f"""SELECT day AS block, {IDS}, total FROM rows_of_visits
        WHERE {" OR ".join(f"{column.id} NOT IN (SELECT id FROM {column.table})" for column in NAMED.values())}""",
        f"SELECT day AS block, {IDS}, total FROM rows_of_visits WHERE false",
    ),
]
"""The last: a rebuild brings no name back; a backup has it."""

COMPARE = """
WITH expected AS (SELECT block, {keys}, {sums} FROM ({expected}) AS e GROUP BY block, {keys}),
found AS (SELECT block, {keys}, {sums} FROM ({found}) AS f GROUP BY block, {keys}),
differing AS (
    SELECT block, {keys}, {of_expected} AS expected, {of_found} AS found
    FROM expected FULL JOIN found USING (block, {keys})
)
SELECT {shown}, expected, found, count(*) OVER () AS differences
FROM differing {joins}
WHERE expected <> found
ORDER BY block, {keys} LIMIT $1
"""


async def verify(connection: Connection) -> Verification:
    """Compare every level, what waits included, with the rows, in one snapshot; disturbs nobody."""
    differences, examples = 0, list[RollupDifference]()
    async with _long_snapshot(connection):
        version = await connection.fetchval(STATE)
        await connection.execute(VISITS_OF_ROWS, timeout=MERGE_TIMEOUT)
        for comparison in COMPARISONS:
            rows = await connection.fetch(_compare(comparison), EXAMPLES, timeout=MERGE_TIMEOUT)
            differences += rows[0]["differences"] if rows else 0
            for row in rows[: EXAMPLES - len(examples)]:
                shown = {name: value for name, value in row.items() if name != "differences"}
                examples.append(RollupDifference(level=comparison.level, **shown))
        visits = await connection.fetchval("SELECT COALESCE(sum(total), 0)::bigint FROM rows_of_visits")
    return Verification(version, visits, differences, examples)


def _compare(comparison: Comparison) -> str:
    def of(side: str) -> str:
        return "ARRAY[" + ", ".join(f"COALESCE({side}.{name}, 0)" for name in comparison.sums) + "]"

    names = (f"COALESCE({column.table}.{column.name}, '?') AS {by.value}" for by, column in NAMED.items())
    return COMPARE.format(
        expected=comparison.expected,
        found=comparison.found,
        keys=", ".join((IDS, *comparison.also)),
        sums=", ".join(f"sum({name})::bigint AS {name}" for name in comparison.sums),
        of_expected=of("expected"),
        of_found=of("found"),
        shown=", ".join(("block", *names, *comparison.also)),
        joins=" ".join(f"LEFT JOIN {column.table} ON {column.table}.id = {column.id}" for column in NAMED.values()),
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
    elsewhere = await is_distributed(connection)
    async with connection.transaction(isolation="repeatable_read"):
        await connection.execute("SET TRANSACTION READ WRITE")  # even a temporary table is something written
        if elsewhere:
            await keep_visits_still(connection)
        await allow_long_sums(connection)
        yield
