"""Who waits for loads to change, in whatever process they do, is woken by one session of this process."""

import asyncio
import contextlib
from collections.abc import Iterator

import asyncpg

from ...database import ACQUIRE_SECONDS, LOADS_CHANGED_CHANNEL, Pool
from ...errors import DATABASE_AWAY
from ..models import ENDED, Load
from ..service import find_load

AWAY_SECONDS = 0.5
"""Pause before the next try while the database does not answer."""


class Changes:
    """One a process."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Event] = set()

    @contextlib.contextmanager
    def noticed(self) -> Iterator[asyncio.Event]:
        """Set at each change while the block runs; clear it before you look."""
        event = asyncio.Event()
        self._waiting.add(event)
        try:
            yield event
        finally:
            self._waiting.discard(event)

    async def ended(self, pool: Pool, load_id: int, seconds: float) -> Load:
        """The load at its end, or as it is after so long."""
        with self.noticed() as changed, contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while True:
                    changed.clear()
                    load = await find_load(pool, load_id)
                    if load.status in ENDED:
                        return load
                    await changed.wait()
        return await find_load(pool, load_id)

    def _wake(self, *_: object) -> None:
        for event in self._waiting:
            event.set()

    async def listen(self, url: str) -> None:
        """As long as it runs."""
        while True:
            with contextlib.suppress(TimeoutError, OSError, *DATABASE_AWAY):
                connection = await asyncpg.connect(url, timeout=ACQUIRE_SECONDS)
                gone = asyncio.Event()
                connection.add_termination_listener(lambda _, gone=gone: gone.set())
                try:
                    await connection.add_listener(LOADS_CHANGED_CHANNEL, self._wake)
                    self._wake()
                    await gone.wait()
                finally:
                    connection.terminate()
            await asyncio.sleep(AWAY_SECONDS)
