"""The head of an answer and its body leave in one write: a process that dies has sent the whole of a small answer or
nothing, and a proxy asks another process where it was nothing.
"""

import asyncio
from typing import Any


class HeadWithBody:
    """A transport, as uvicorn's cycle writes to it: head first, then body."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._holds_next = False
        self._head = b""

    def hold_head(self) -> None:
        """What is written next waits for what is written behind it."""
        self._holds_next = True

    def let_go(self) -> None:
        head, self._head, self._holds_next = self._head, b"", False
        if head:
            self._transport.write(head)

    def write(self, data: bytes) -> None:
        if self._holds_next:
            self._head, self._holds_next = data, False
        elif self._head:
            head, self._head = self._head, b""
            self._transport.writelines((head, data))
        else:
            self._transport.write(data)

    def close(self) -> None:
        self.let_go()
        self._transport.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)
