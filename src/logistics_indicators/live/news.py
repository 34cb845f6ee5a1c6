"""What one reader has not been told yet: however slowly they read, it is no more than the latest of each thing."""

import asyncio
from collections.abc import Mapping, Sequence

MOST_ENDED = 100
"""Ended loads that wait to be told; of more, the last ones."""


class News:
    def __init__(self) -> None:
        self._arrived = asyncio.Event()
        self._version: int | None = None
        self._live: Sequence[str] | None = None
        self._ended: dict[int, str] = {}
        self._rejects = False

    def tell_version(self, version: int) -> None:
        self._version = version
        self._arrived.set()

    def tell_loads(self, live: Sequence[str], ended: Mapping[int, str]) -> None:
        """Loads as JSON: all that go on, and those that have ended since they were told last, by id."""
        self._live = live
        merged = {**self._ended, **ended}
        self._ended = {load_id: merged[load_id] for load_id in sorted(merged)[-MOST_ENDED:]}
        self._arrived.set()

    def tell_rejects(self) -> None:
        self._rejects = True
        self._arrived.set()

    async def events(self, seconds: float) -> list[str]:
        """What is new, as soon as something is; nothing where nothing is after so long."""
        try:
            async with asyncio.timeout(seconds):
                await self._arrived.wait()
        except TimeoutError:
            return []
        return self._taken()

    def _taken(self) -> list[str]:
        events = []
        if self._live is not None:
            events.append(_event("loads", f'{{"loads":[{",".join([*self._live, *self._ended.values()])}]}}'))
        if self._rejects:
            events.append(_event("rejects", "{}"))
        if self._version is not None:
            events.append(_event("data", f'{{"data_version":{self._version}}}'))
        self._version, self._live, self._ended, self._rejects = None, None, {}, False
        self._arrived.clear()
        return events


def _event(name: str, data: str) -> str:
    return f"event: {name}\ndata: {data}\n\n"
