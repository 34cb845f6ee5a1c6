"""A database whose visits lie on several servers (Citus): what is otherwise there, for the few who must know.

`logistics-indicators distribute` (running/distributing.py) makes one. To ask whether this is one costs an ordinary
database a look at its catalog.
"""

from .database import Connection, Lock, lock

HAS_CITUS = "SELECT to_regclass('pg_catalog.pg_dist_partition') IS NOT NULL"
IS_DISTRIBUTED = "SELECT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = to_regclass('services'))"


async def is_distributed(connection: Connection) -> bool:
    return bool(await connection.fetchval(HAS_CITUS) and await connection.fetchval(IS_DISTRIBUTED))


async def read_before_writing(connection: Connection) -> None:
    """For a transaction that reads visits, and then writes customers: of a server it may use one connection alone."""
    if await is_distributed(connection):
        await connection.execute("SET LOCAL citus.multi_shard_modify_mode = 'sequential'")


async def lock_as_trigger_does(connection: Connection, table: str) -> None:
    """Before a DELETE, which has triggers in an ordinary database alone: what customers_stay locks, in its order."""
    if await is_distributed(connection):
        await connection.execute(f"LOCK TABLE {table} IN ROW EXCLUSIVE MODE")
        await lock(connection, Lock.referred_rows)


STILL_SECONDS = 2
"""Of a wait for writers under way: those who begin stand behind it."""


async def keep_visits_still(connection: Connection) -> None:
    """Begin a transaction of one snapshot with it: that snapshot is this server's alone, and the visits are elsewhere.

    Raises asyncpg.LockNotAvailableError beside a load.
    """
    await connection.execute(f"SET LOCAL lock_timeout = '{STILL_SECONDS}s'")
    await connection.execute("LOCK TABLE services IN SHARE MODE")
