"""How far what is read apart may swell: a few bytes that become gigabytes of CSV hold a place for minutes."""

from collections.abc import AsyncIterator

from ...errors import ContentTooLarge

MOST_TIMES = 200
"""Bytes of CSV for each that was sent. Tables of real rows, each with an id of its own, stay far below it."""

ALWAYS = 64 * 1024 * 1024
"""So many bytes of CSV may come of any file: they are read in seconds."""


class Swelling:
    """Of one upload, with all of its tables."""

    def __init__(self) -> None:
        self._sent = self._written = 0

    async def sent(self, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        async for piece in pieces:
            self._sent += len(piece)
            yield piece

    async def written(self, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """The CSV. Raises ContentTooLarge."""
        async for piece in pieces:
            self._written += len(piece)
            if self._written > max(ALWAYS, MOST_TIMES * self._sent):
                raise ContentTooLarge(
                    f"The file swells: as CSV it is more than {MOST_TIMES} times the {self._sent} bytes that were sent."
                    " Send it as CSV, plain or packed as gzip."
                )
            yield piece
