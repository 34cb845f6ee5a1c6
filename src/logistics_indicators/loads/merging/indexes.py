"""Secondary indexes are built once after a load that fills a table, instead of being kept up row by row.

To keep the five of services up costs a row about five times what it costs to build them over it, so they are
dropped where the file is no smaller than a third of the table. Until they are there again a filter reads the whole
table. Missing indexes are made again when the load ends, however it ends, and when a process starts.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import asyncpg
import structlog

from ...database import Connection, Pool
from ...distributed import is_distributed
from ...errors import first_error
from ..kinds import KINDS, Kind

log = structlog.get_logger()

WORTH_IT_BYTES = 2 * 1024 * 1024
"""A smaller file is loaded faster than its indexes are dropped and made."""

LARGEST_TIMES = 6
"""The table's rows may take six times the file's bytes: a row takes twice as many there."""

LARGEST_BYTES = 2**30
"""A filter reads a larger table for seconds."""

BUILD_SECONDS = 3600


async def drop_indexes(
    connection: Connection, kind: Kind, file_bytes: int, are_stored: Callable[[], Awaitable[bool]]
) -> None:
    """Drop them where that pays off, unless we would wait for somebody's query.

    are_stored: whether the file's first rows are in the table already, as those of a file that is sent again are.
    """
    if not await _is_worth_it(connection, kind, file_bytes) or await are_stored():
        return
    with suppress(asyncpg.LockNotAvailableError, asyncpg.InsufficientPrivilegeError):
        async with connection.transaction():
            await connection.execute("SET LOCAL lock_timeout = '500ms'")
            await connection.execute(f"DROP INDEX IF EXISTS {', '.join(KINDS[kind].indexes)}")


async def _is_worth_it(connection: Connection, kind: Kind, file_bytes: int) -> bool:
    if file_bytes < WORTH_IT_BYTES or await is_distributed(connection):  # where the rows of many loads are
        return False
    table_bytes = await connection.fetchval("SELECT pg_relation_size($1::regclass)", str(kind))
    return bool(table_bytes <= min(file_bytes * LARGEST_TIMES, LARGEST_BYTES))


async def ensure_indexes(pool: Pool, kind: Kind) -> None:
    """Make the missing ones, two at a time; writers wait meanwhile, readers do not."""
    missing = await _missing(pool, kind)
    if not missing:
        return
    log.info("indexes_building", table=str(kind), indexes=missing)
    queue = iter(missing)

    async def build() -> None:
        async with pool.acquire() as connection:
            for name in queue:
                await _build(connection, kind, name)

    async with first_error(), asyncio.TaskGroup() as group:
        for _ in range(2):
            group.create_task(build())


async def _missing(pool: Pool, kind: Kind) -> list[str]:
    found = "SELECT indexname FROM pg_indexes WHERE schemaname = current_schema() AND tablename = $1"
    present = {record[0] for record in await pool.fetch(found, str(kind))}
    return [name for name in KINDS[kind].indexes if name not in present]


async def _build(connection: Connection, kind: Kind, name: str) -> None:
    async with connection.transaction():
        await connection.execute("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '60s'")
        await connection.execute("SET LOCAL maintenance_work_mem = '128MB'")
        statement = f"CREATE INDEX IF NOT EXISTS {name} ON {kind} ({KINDS[kind].indexes[name]})"
        try:
            async with connection.transaction():
                await connection.execute(statement, timeout=BUILD_SECONDS)
        except (asyncpg.DuplicateTableError, asyncpg.UniqueViolationError):
            pass  # another process built it at the same moment
