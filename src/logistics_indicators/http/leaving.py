"""Whether the client is still there: what is made for it alone ends when it goes."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable
from contextlib import asynccontextmanager
from typing import TypeAlias, TypeVar

from starlette.requests import ClientDisconnect
from starlette.types import Receive

T = TypeVar("T")
Leaving: TypeAlias = asyncio.Task[None]
"""Done once the client went away, or nothing is made for it any more."""


@asynccontextmanager
async def client_leaving(receive: Receive) -> AsyncGenerator[Leaving, None]:
    """Nobody else listens to the client in the block."""

    async def listen() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    leaving = asyncio.create_task(listen())
    try:
        yield leaving
    finally:
        leaving.cancel()
        await asyncio.gather(leaving, return_exceptions=True)


async def unless_left(leaving: Leaving, made: Awaitable[T]) -> T:
    """Raises ClientDisconnect where the client goes first. What was being made has come to its end by then."""
    making = asyncio.ensure_future(made)
    try:
        await asyncio.wait((making, leaving), return_when=asyncio.FIRST_COMPLETED)
    finally:
        making.cancel()
        await asyncio.gather(making, return_exceptions=True)
    if leaving.done():
        raise ClientDisconnect
    return making.result()
