"""The head of an answer and its body leave in one write: a process that dies has sent the whole of a small answer or
nothing, and a proxy asks another process where it was nothing.
"""

import asyncio
from typing import Any


class HeadWithBody:
    """A transport that keeps what is written between hold() and let_go()."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._held: list[bytes] | None = None

    def hold(self) -> None:
        self._held = []

    def let_go(self) -> None:
        held, self._held = self._held, None
        if held:
            self._transport.writelines(held)

    def write(self, data: bytes) -> None:
        if self._held is None:
            self._transport.write(data)
        else:
            self._held.append(data)

    def close(self) -> None:
        self.let_go()
        self._transport.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)
