"""Secondary indexes are built once after a load that fills a table, instead of being kept up row by row.

Building the five of services for a million rows takes 2 seconds; keeping them up takes 9. It is worth it only
where the table holds little beside the load, for until they are there again a filter reads the whole table.
Missing indexes are made again when the load ends, however it ends, and when a process starts.
"""

import asyncio

import asyncpg
import structlog

from ...database import Connection, Pool
from ...errors import first_error
from ..kinds import KINDS, Kind

log = structlog.get_logger()

WORTH_IT_BYTES = 2 * 1024 * 1024
"""A smaller file is loaded faster than its indexes are dropped and made."""

LARGEST_SHARE = 4
"""The table's rows may take up a quarter of the file's bytes at most."""

BUILD_SECONDS = 3600


async def drop_indexes(connection: Connection, kind: Kind, file_bytes: int) -> bool:
    """Drop them where that pays off. False where it does not, or where we would wait for somebody's query."""
    table_bytes = await connection.fetchval("SELECT pg_relation_size($1::regclass)", str(kind))
    if file_bytes < WORTH_IT_BYTES or table_bytes * LARGEST_SHARE > file_bytes:
        return False
    try:
        async with connection.transaction():
            await connection.execute("SET LOCAL lock_timeout = '500ms'")
            await connection.execute(f"DROP INDEX IF EXISTS {', '.join(KINDS[kind].indexes)}")
    except (asyncpg.LockNotAvailableError, asyncpg.InsufficientPrivilegeError):
        return False
    return True


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
