"""Between being told to end and the end: a process still answers, is not ready for more, and keeps no connection."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Draining:
    """How far a process is with it. One a process."""

    def __init__(self) -> None:
        self.begun = False
        self._over = asyncio.Event()

    def begin(self) -> None:
        self.begun = True

    def end(self) -> None:
        """Whoever sends proxies our way has seen by now that we are not ready: what goes on without end may go, too."""
        self.begun = True
        self._over.set()

    async def until_over(self, events: AsyncGenerator[str]) -> AsyncIterator[str]:
        """A stream that would go on ends well then, between two of its events."""
        over = asyncio.create_task(self._over.wait())
        following: asyncio.Task[str | None] | None = None
        try:
            while not over.done():
                following = asyncio.create_task(_following(events))
                await asyncio.wait((following, over), return_when=asyncio.FIRST_COMPLETED)
                if not following.done() or (event := following.result()) is None:
                    return
                yield event
        finally:
            tasks = [task for task in (over, following) if task is not None]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await events.aclose()


async def _following(events: AsyncGenerator[str]) -> str | None:
    """None where nothing follows."""
    return await anext(events, None)


class NoMoreRequests:
    """ASGI middleware. Once draining has begun each answer is the last one on its connection, and says so."""

    def __init__(self, app: ASGIApp, draining: Draining) -> None:
        self.app = app
        self.draining = draining

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_last(message: Message) -> None:
            if message["type"] == "http.response.start" and self.draining.begun:
                MutableHeaders(scope=message)["Connection"] = "close"
            await send(message)

        await self.app(scope, receive, send_last)
