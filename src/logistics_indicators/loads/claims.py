"""A claim that outlives a long wait in its transaction."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from ..database import Connection

SPEAK_SECONDS = 0.3
"""Often enough for the shortest LOAD_CLAIM_SECONDS, after which an idle transaction is ended."""


@contextlib.asynccontextmanager
async def held_claim(connection: Connection) -> AsyncIterator[None]:
    """The claim outlives a wait in its transaction, however long, but not this process's hanging."""
    over = asyncio.Event()

    async def speak() -> None:
        while not over.is_set():
            await connection.execute("SELECT")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), SPEAK_SECONDS)

    speaking = asyncio.create_task(speak())
    try:
        yield
    finally:
        over.set()
        await speaking
