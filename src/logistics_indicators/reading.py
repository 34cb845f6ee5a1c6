"""Questions that only read: answered by a replica where there is one, and by the primary wherever that would be another
answer, or none.

The replica is asked once it has replayed all that the primary had committed when the question came. So an answer is
never older than its question: whoever has written, in whatever process, sees what was written, and versions never go
back.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Annotated, Any, TypeVar

import asyncpg
import structlog
from fastapi import Depends, Request

from .database import (
    ACQUIRE_SECONDS,
    Connection,
    Pool,
    leave_as_it_is,
    place_of_user,
    pool_of,
    prepare_connection,
    session_settings,
)
from .errors import DATABASE_AWAY
from .lending import connecting
from .settings import Settings

log = structlog.get_logger()

T = TypeVar("T")

REST_SECONDS = 1.0
"""A replica that failed, or is behind, is not asked for so long: meanwhile nobody waits for it."""

LOOK_SECONDS = 0.005

COMMITTED = "SELECT pg_current_wal_flush_lsn()::text"
HAS_REPLAYED = "SELECT pg_is_in_recovery() AND pg_last_wal_replay_lsn() >= $1::text::pg_lsn"
BEHIND = """
SELECT GREATEST(pg_wal_lsn_diff($1::text::pg_lsn, pg_last_wal_replay_lsn()), 0)::bigint AS bytes,
    COALESCE(EXTRACT(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()), 0)::float8 AS seconds
WHERE pg_is_in_recovery()
"""

CLUSTER = "SELECT system_identifier FROM pg_control_system()"

REPLICA_FAILED = (
    *DATABASE_AWAY,
    asyncpg.SerializationError,  # a statement in the way of what the primary did
    asyncpg.DeadlockDetectedError,  # the same, of a page that it held
)
"""Nothing is wrong with the question; the primary answers it."""


class NotOurReplica(asyncpg.InterfaceError):  # type: ignore[misc]
    """A standby of another server: whatever it has replayed says nothing of ours."""


class Replica:
    """One a process."""

    def __init__(self, pool: Pool, primary: Pool, lag_seconds: float) -> None:
        self.pool, self._primary, self._lag_seconds = pool, primary, lag_seconds
        self._rests_until = 0.0

    def give_up(self, connection: Connection | None, error: BaseException) -> None:
        """For the moment. A connection to a server that hangs would not even let itself be put back."""
        log.warning("replica_not_asked", error=type(error).__name__)
        self._rests_until = time.monotonic() + REST_SECONDS
        if connection is not None:
            with contextlib.suppress(asyncpg.InterfaceError):  # it has ended by itself
                connection.terminate()

    async def borrow(self, stack: AsyncExitStack) -> Connection | None:
        """A connection that sees all that is committed by now; None where that takes too long."""
        if time.monotonic() < self._rests_until:
            return None
        async with self._primary.acquire(timeout=ACQUIRE_SECONDS) as primary:
            committed = await primary.fetchval(COMMITTED)
        connection = None
        try:
            async with asyncio.timeout(self._lag_seconds):
                connection = await stack.enter_async_context(self.pool.acquire())
                await _replayed(connection, committed)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            self.give_up(connection, error)
            return None
        return connection

    async def behind(self) -> tuple[int, float] | None:
        """By how many bytes of log, and by how many seconds; None where it does not answer."""
        try:
            async with asyncio.timeout(ACQUIRE_SECONDS):
                row = await self.pool.fetchrow(BEHIND, await self._primary.fetchval(COMMITTED))
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return None
        return row and (row["bytes"], row["seconds"] if row["bytes"] else 0.0)


async def _replayed(connection: Connection, committed: str) -> None:
    """PostgreSQL has nothing that waits for this (18)."""
    while True:
        if await connection.fetchval(HAS_REPLAYED, committed):
            return
        await asyncio.sleep(LOOK_SECONDS)


class Reader:
    """What a request asks with. It fetches as a connection does; each statement is a transaction of its own."""

    def __init__(self, stack: AsyncExitStack, request: Request) -> None:
        self._stack, self._request, self._primary = stack, request, pool_of(request)
        self._replica: Replica | None = request.app.state.replica
        self._count: Callable[[str], None] = request.app.state.metrics.count_read
        self._connection: Connection = None
        self._is_replica = False

    async def fetch(self, query: str, *values: Any) -> Any:
        return await self.ask(lambda connection: connection.fetch(query, *values))

    async def fetchrow(self, query: str, *values: Any) -> Any:
        return await self.ask(lambda connection: connection.fetchrow(query, *values))

    async def fetchval(self, query: str, *values: Any) -> Any:
        return await self.ask(lambda connection: connection.fetchval(query, *values))

    async def ask(self, question: Callable[[Connection], Awaitable[T]]) -> T:
        """The answer to a question of several statements, which may be asked again from its beginning.

        What it leaves to be read later, as the rest of a file, is not asked again: a failure then breaks it off.
        """
        connection = await self._connected()
        try:
            return await question(connection)
        except REPLICA_FAILED as error:
            return await question(await self._primary_after(error))

    async def _connected(self) -> Connection:
        """The same for all statements of a request."""
        if self._connection is None:
            await self._stack.enter_async_context(place_of_user(self._request))
            self._connection = self._replica and await self._replica.borrow(self._stack)
            self._is_replica = self._connection is not None
            if self._is_replica:
                self._count("replica")
            else:
                await self._take_primary()
        return self._connection

    async def _take_primary(self) -> None:
        self._connection = await self._stack.enter_async_context(self._primary.acquire(timeout=ACQUIRE_SECONDS))
        self._is_replica = False
        self._count("primary")

    async def _primary_after(self, error: BaseException) -> Connection:
        """Raises the error where it is the primary's own."""
        if not self._is_replica or self._replica is None:
            raise error
        self._replica.give_up(self._connection, error)
        await self._take_primary()
        return self._connection


@asynccontextmanager
async def reader_of(request: Request) -> AsyncIterator[Reader]:
    async with AsyncExitStack() as stack:
        yield Reader(stack, request)


async def _reader_of_request(request: Request) -> AsyncIterator[Reader]:
    async with reader_of(request) as reader:
        yield reader


ReaderOfRequest = Annotated[Reader, Depends(_reader_of_request)]
"""Of a route that only reads."""


async def open_replica(stack: AsyncExitStack, settings: Settings, primary: Pool) -> Replica | None:
    """None where there is none. One that is away is looked for when it is asked: no start waits for it."""
    url = settings.read_url()
    if url is None:
        return None

    async def prepare(connection: Connection) -> None:
        await prepare_connection(connection)
        if await connection.fetchval(CLUSTER) != await primary.fetchval(CLUSTER):
            raise NotOurReplica("DATABASE_READ_URL names a standby of another server than DATABASE_URL's")

    pool = await asyncpg.create_pool(
        url,
        min_size=0,
        max_size=settings.database_pool_size,
        command_timeout=settings.statement_timeout_seconds + 5,
        timeout=ACQUIRE_SECONDS,
        init=prepare,
        reset=leave_as_it_is,
        **connecting(session_settings("logistics-indicators", settings.statement_timeout_seconds), lent=settings.lent),
    )
    stack.callback(pool.terminate)
    return Replica(pool, primary, settings.database_read_lag_seconds)
