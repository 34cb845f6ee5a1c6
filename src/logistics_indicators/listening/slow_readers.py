"""A client that does not read its answer keeps memory and connections busy; below a rate its connection is cut."""

import asyncio

LOOK_SECONDS = 30.0
LEAST_BYTES = 128 * 1024
"""Bytes that must have been sent in that time, where so many were waiting: 4 KiB a second."""


class SlowReaderWatch:
    """Looks at one connection from time to time, as long as something waits to be sent."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._timer: asyncio.TimerHandle | None = None
        self._written = 0
        self._left_before = 0

    def wrote(self, size: int) -> None:
        self._written += size
        if self._timer is None and self._waiting():
            self._left_before = self._left()
            self._timer = self._loop.call_later(LOOK_SECONDS, self._look)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _waiting(self) -> int:
        return self._transport.get_write_buffer_size()

    def _left(self) -> int:
        """Bytes that the system has taken from us, about: framing does not count."""
        return self._written - self._waiting()

    def _look(self) -> None:
        self._timer = None
        if not self._waiting():
            return
        left = self._left()
        if left - self._left_before < LEAST_BYTES:
            self._transport.abort()
            return
        self._left_before = left
        self._timer = self._loop.call_later(LOOK_SECONDS, self._look)
