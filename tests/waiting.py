"""Until another session waits for what a test has locked."""

import asyncio

import asyncpg

BLOCKED = "SELECT DISTINCT pid FROM pg_locks WHERE NOT granted AND $1 = ANY(pg_blocking_pids(pid))"
"""pg_stat_activity would be one snapshot for the whole of the transaction that holds the lock; pg_locks is not."""


async def blocked_by(holder: asyncpg.Connection) -> list[int]:
    """The server processes that wait for `holder`, as soon as there is one."""
    return await waiting_for(holder.get_server_pid(), holder)


async def waiting_for(holder: int, asking: asyncpg.Connection) -> list[int]:
    """The same of a server process; `asking` is free to ask."""
    async with asyncio.timeout(30):
        while not (pids := await asking.fetch(BLOCKED, holder)):
            await asyncio.sleep(0.01)
    return [record["pid"] for record in pids]
