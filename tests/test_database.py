"""What asyncpg leaves to us."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import asyncpg
import pytest
from fastapi import FastAPI, Request
from waiting import blocked_by

from logistics_indicators.database import ConnectionLost, ending_with, session_of_request


async def endless_rows() -> AsyncIterator[bytes]:
    while True:
        yield b"1\n" * 50_000


async def test_a_copy_ends_with_its_connection_even_while_the_server_does_not_read(
    database_url: str, connection: asyncpg.Connection
) -> None:
    await connection.execute("CREATE TABLE numbers (n bigint UNIQUE)")
    copying = await asyncpg.connect(database_url)
    pid = copying.get_server_pid()

    async def copy() -> None:
        async with ending_with(copying):
            await copying.copy_to_table("numbers", source=endless_rows())

    async with connection.transaction(), asyncio.timeout(30):
        await connection.execute("INSERT INTO numbers VALUES (1)")
        task = asyncio.create_task(copy())
        assert await blocked_by(connection) == [pid]
        while not copying._transport.get_write_buffer_size():
            await asyncio.sleep(0.01)
        await connection.execute("SELECT pg_terminate_backend($1)", pid)
        with pytest.raises((ConnectionLost, asyncpg.PostgresError)):
            await task
    async with asyncio.timeout(5):
        await asyncio.sleep(0)  # and the cancellation was ours alone: nothing of it is left
    assert copying.is_closed()


async def test_a_cancellation_from_outside_stays_one(connection: asyncpg.Connection) -> None:
    async def sleep() -> None:
        async with ending_with(connection):
            await connection.execute("SELECT pg_sleep(60)")

    task = asyncio.create_task(sleep())
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await connection.fetchval("SELECT 1") == 1


async def test_what_a_session_holds_ends_with_its_request(app: FastAPI, connection: asyncpg.Connection) -> None:
    request = Request({"type": "http", "app": app})
    async with asynccontextmanager(session_of_request)(request) as session:
        pid = session.get_server_pid()
        await session.execute("SELECT pg_advisory_lock(1)")
        await session.execute("SET work_mem = '1MB'")
    locked = "SELECT count(*) FROM pg_locks WHERE pid = $1 AND locktype = 'advisory'"
    assert await connection.fetchval(locked, pid) == 0
    async with AsyncExitStack() as stack:
        pool = app.state.pool
        sessions = [await stack.enter_async_context(pool.acquire()) for _ in range(pool.get_size())]
        (again,) = [session for session in sessions if session.get_server_pid() == pid]
        assert await again.fetchval("SHOW work_mem") != "1MB"
