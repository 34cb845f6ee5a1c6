"""Where files are read apart: few places, of which a user has one, so that nobody's files keep all others out."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from weakref import WeakValueDictionary

from ...errors import Problem, TooManyRequests

AT_ONCE = 2
"""Reading processes of one process of the service; more files wait."""

RETRY_AFTER = {"Retry-After": "30"}


class ReadersBusy(Problem):
    """Other users' files are being read in all places."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    headers = RETRY_AFTER


class Places:
    """Of one process."""

    def __init__(self, wait_seconds: float) -> None:
        self._wait_seconds = wait_seconds
        self._all = asyncio.Semaphore(AT_ONCE)
        self._of_user: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def one(self, user_id: int) -> AsyncIterator[None]:
        """Raises TooManyRequests where the user's own file is read for too long, ReadersBusy where others' are."""
        until = asyncio.get_running_loop().time() + self._wait_seconds
        own = self._of_user.setdefault(user_id, asyncio.Lock())
        await self._acquired(own, until, TooManyRequests(OWN_IS_READ, headers=RETRY_AFTER))
        try:
            await self._acquired(self._all, until, ReadersBusy(OTHERS_ARE_READ))
            try:
                yield
            finally:
                self._all.release()
        finally:
            own.release()

    @staticmethod
    async def _acquired(place: asyncio.Lock | asyncio.Semaphore, until: float, problem: Problem) -> None:
        try:
            async with asyncio.timeout_at(until):
                await place.acquire()
        except TimeoutError:
            raise problem from None


OWN_IS_READ = (
    "Another workbook, NDJSON or Parquet file of yours is being read, and one of a user's is read at a time. Send this "
    "one when the other is received, or as CSV."
)
OTHERS_ARE_READ = (
    "Workbooks, NDJSON or Parquet files of others are being read, as many as at a time. Send this one in a moment, or "
    "as CSV."
)
