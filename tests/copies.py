"""Copies of a migrated database, one for each test: made while the test before goes on, and dropped behind its back."""

import asyncio
import uuid
from collections.abc import Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import asyncpg


class Copies:
    """One connection, in a thread and an event loop of their own, does it all."""

    def __init__(self, admin_url: str, template: str) -> None:
        self._template = template
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="copies")
        self._runner = asyncio.Runner()
        self._admin = self._do(asyncpg.connect(admin_url)).result()
        self._next = self._do(self._make())
        self._drops: list[Future[Any]] = []

    def _do(self, work: Coroutine[Any, Any, Any]) -> Future[Any]:
        return self._thread.submit(self._runner.run, work)

    async def _make(self) -> str:
        name = f"test_{uuid.uuid4().hex}"
        await self._admin.execute(f"CREATE DATABASE {name} TEMPLATE {self._template} STRATEGY FILE_COPY")
        return name

    async def take(self) -> str:
        """The name of one that nobody has seen."""
        made, self._next = self._next, self._do(self._make())
        return str(await asyncio.wrap_future(made))

    def drop(self, name: str) -> None:
        """Soon."""
        self._drops.append(self._do(self._admin.execute(f"DROP DATABASE {name} WITH (FORCE)")))

    def close(self) -> None:
        """Raises what went wrong with any that was to be dropped."""
        self.drop(self._next.result())
        try:
            for dropped in self._drops:
                dropped.result()
        finally:
            self._do(self._admin.close()).result()
            self._thread.submit(self._runner.close).result()
            self._thread.shutdown()
