"""An upload that stands still is given up."""

import asyncio
from collections.abc import AsyncIterator
from http import HTTPStatus

from ...errors import Problem


class RequestTimeout(Problem):
    status = HTTPStatus.REQUEST_TIMEOUT


async def with_pauses(pieces: AsyncIterator[bytes], seconds: float) -> AsyncIterator[bytes]:
    """The pieces, and an empty one whenever none came for so long."""
    awaited: asyncio.Future[bytes | None] | None = None
    try:
        while True:
            awaited = awaited or asyncio.ensure_future(anext(pieces, None))
            if not (await asyncio.wait([awaited], timeout=seconds))[0]:
                yield b""
                continue
            piece, awaited = awaited.result(), None
            if piece is None:
                return
            yield piece
    finally:
        if awaited is not None:
            awaited.cancel()
            await asyncio.wait([awaited])


async def live(pieces: AsyncIterator[bytes], seconds: float) -> AsyncIterator[bytes]:
    """The pieces, as long as they keep coming. Raises RequestTimeout."""
    while True:
        try:
            async with asyncio.timeout(seconds):
                piece = await anext(pieces)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise RequestTimeout(f"The upload sent nothing for {seconds:g} seconds.") from None
        yield piece
