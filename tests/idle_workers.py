"""The workers of a test's app begin with the first load that there is. Without one they would do nothing but ask for
it, five times a second, and sweep up, which costs more than most tests do."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from contextvars import ContextVar
from functools import partial

import asyncpg
import pytest
from fastapi import FastAPI

from logistics_indicators import app as app_module
from logistics_indicators.errors import DATABASE_AWAY
from logistics_indicators.loads.working.changes import Changes
from logistics_indicators.loads.working.workers import running_workers
from logistics_indicators.settings import Settings

ANY_LOAD = "SELECT EXISTS (SELECT FROM loads)"

_starting: ContextVar[FastAPI | None] = ContextVar("starting", default=None)


@contextmanager
def workers_begin_with_a_load(app: FastAPI) -> Iterator[None]:
    """In this app, which starts in the block."""
    token = _starting.set(app)
    try:
        yield
    finally:
        _starting.reset(token)


def let_workers_wait(patch: pytest.MonkeyPatch) -> None:
    """In the apps that say so; in any other they begin at once, as ever."""

    @asynccontextmanager
    async def workers(url: str, settings: Settings, changes: Changes) -> AsyncIterator[None]:
        app = _starting.get()
        async with AsyncExitStack() as stack:
            begin = partial(stack.enter_async_context, running_workers(url, settings, changes))
            if app is None or not settings.load_workers:
                await begin()
                yield
                return
            over = asyncio.Event()
            with changes.noticed() as changed:
                beginning = asyncio.create_task(
                    _begin_with_a_load(app, begin, changed, over), name="load-workers-begin"
                )
                try:
                    yield
                finally:
                    over.set()
                    changed.set()
                    await beginning

    patch.setattr(app_module, "running_workers", workers)


async def _begin_with_a_load(
    app: FastAPI, begin: Callable[[], Awaitable[None]], changed: asyncio.Event, over: asyncio.Event
) -> None:
    while not over.is_set():
        changed.clear()
        with suppress(*DATABASE_AWAY, asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
            if await app.state.pool.fetchval(ANY_LOAD):
                await begin()
                return
        with suppress(TimeoutError):
            async with asyncio.timeout(0 if over.is_set() else app.state.settings.load_poll_seconds):
                await changed.wait()
