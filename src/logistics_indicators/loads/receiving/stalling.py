"""An upload that stands still is given up."""

import asyncio
from collections.abc import AsyncIterator
from http import HTTPStatus

from ...errors import Problem


class RequestTimeout(Problem):
    status = HTTPStatus.REQUEST_TIMEOUT


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
