"""A stream of bytes that was begun, as one stream again."""

from collections.abc import AsyncIterator


async def after(first: bytes, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    if first:
        yield first
    async for piece in pieces:
        yield piece
