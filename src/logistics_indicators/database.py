"""The asyncpg pool and the wait for a server that is still coming up."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Annotated, Any, TypeAlias

import asyncpg
import structlog
from fastapi import Depends, Request

from .errors import DATABASE_AWAY
from .settings import Settings

log = structlog.get_logger()

Connection: TypeAlias = Any  # asyncpg's own types are not complete enough for mypy's strict mode
Pool: TypeAlias = Any

ACQUIRE_SECONDS = 10.0
"""How long a request waits for a free connection before it is told 503."""


async def prepare_connection(connection: Connection) -> None:
    """jsonb travels as Python objects."""
    await connection.set_type_codec("jsonb", encoder=json.dumps, decoder=json.loads, schema="pg_catalog")


async def open_pool(url: str, settings: Settings, *, reading: bool = False) -> Pool:
    """The pool that requests use; with `reading`, one that cannot write. Raises what asyncpg raises."""
    return await asyncpg.create_pool(
        url,
        min_size=1,
        max_size=settings.database_pool_size,
        command_timeout=settings.statement_timeout_seconds + 5,
        timeout=ACQUIRE_SECONDS,
        init=prepare_connection,
        server_settings=session_settings("logistics-indicators", settings.statement_timeout_seconds)
        | ({"default_transaction_read_only": "on"} if reading else {}),
    )


def session_settings(application: str, statement_timeout_seconds: float) -> dict[str, str]:
    """Every session of ours: bounded statements, bounded idleness inside a transaction, ISO dates, UTC."""
    return {
        "application_name": application,
        "statement_timeout": str(int(statement_timeout_seconds * 1000)),
        "idle_in_transaction_session_timeout": "60000",
        "lock_timeout": "15000",
        "datestyle": "ISO, DMY",
        "timezone": "UTC",
        "jit": "off",
    }


@asynccontextmanager
async def ending_with(connection: Connection) -> AsyncIterator[None]:
    """The block ends with ConnectionLost as soon as the connection does.

    asyncpg alone would not see to it: a COPY whose connection is lost while the server does not read waits for ever,
    and so does whatever in the block waits for something else than the database.
    """
    task = asyncio.current_task()
    assert task is not None
    lost = False

    def end(_: Connection) -> None:
        nonlocal lost
        lost = True
        task.cancel()

    connection.add_termination_listener(end)
    try:
        yield
    except BaseException as error:
        if lost and task.uncancel() == 0 and isinstance(error, asyncio.CancelledError):
            raise ConnectionLost from None
        raise
    finally:
        connection.remove_termination_listener(end)


class ConnectionLost(ConnectionError):
    """The database connection ended under the work that needed it."""


async def wait_for_database(url: str, seconds: float) -> None:
    """Return once the server answers. Raises the last error after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            connection = await asyncpg.connect(url, timeout=ACQUIRE_SECONDS)
        except (*DATABASE_AWAY, TimeoutError, OSError) as error:
            if time.monotonic() >= deadline:
                raise
            log.info("waiting_for_database", error=type(error).__name__)
            await asyncio.sleep(0.5)
        else:
            await connection.close()
            return


def pool_of(request: Request) -> Pool:
    return request.app.state.pool


async def connection_of(request: Request) -> AsyncIterator[Connection]:
    """A connection for one request, in no transaction."""
    async with pool_of(request).acquire(timeout=ACQUIRE_SECONDS) as connection:
        yield connection


PoolOfApp = Annotated[Pool, Depends(pool_of)]
ConnectionOfRequest = Annotated[Connection, Depends(connection_of)]


COPY_PIECE = 256 * 1024
"""Bytes handed to COPY at a time: large enough to be cheap, small enough not to hold the event loop."""


async def copy_bytes(
    connection: Connection, table: str, columns: Sequence[str], data: bytes, *, format: str = "text"
) -> None:
    """COPY `data`, in PostgreSQL's text or binary format, into the table."""

    async def pieces() -> AsyncIterator[memoryview]:
        view = memoryview(data)
        for start in range(0, len(data), COPY_PIECE):
            yield view[start : start + COPY_PIECE]

    await connection.copy_to_table(table, source=pieces(), columns=columns, format=format, timeout=COPY_SECONDS)


COPY_SECONDS = 600
"""Only a net: the session's statement_timeout comes first."""
