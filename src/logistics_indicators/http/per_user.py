"""How much (uploads, exports, event streams, lists) a user may have under way at once, in this process."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from weakref import WeakValueDictionary

from ..errors import TooManyRequests

RETRY_SECONDS = 5


class LimitPerUser:
    def __init__(self, most: int, refusal: str) -> None:
        self._most, self._refusal = most, refusal
        self._under_way: Counter[int] = Counter()

    @contextmanager
    def one_more(self, user_id: int) -> Iterator[None]:
        """Counts one more for as long as the block runs. Raises TooManyRequests where the user has the most already."""
        if self._under_way[user_id] >= self._most:
            raise TooManyRequests(self._refusal, headers={"Retry-After": str(RETRY_SECONDS)})
        self._under_way[user_id] += 1
        try:
            yield
        finally:
            self._under_way[user_id] -= 1
            if not self._under_way[user_id]:
                del self._under_way[user_id]


class PlacesPerUser:
    """As LimitPerUser, of what seldom takes long: more of a user wait a little, and are refused only then."""

    def __init__(self, most: int, wait_seconds: float, refusal: str) -> None:
        self._most, self._wait_seconds, self._refusal = most, wait_seconds, refusal
        self._of_user: WeakValueDictionary[int, asyncio.Semaphore] = WeakValueDictionary()

    @asynccontextmanager
    async def one(self, user_id: int) -> AsyncIterator[None]:
        """Raises TooManyRequests where none gets free."""
        places = self._of_user.setdefault(user_id, asyncio.Semaphore(self._most))
        try:
            async with asyncio.timeout(self._wait_seconds):
                await places.acquire()
        except TimeoutError:
            raise TooManyRequests(self._refusal, headers={"Retry-After": str(RETRY_SECONDS)}) from None
        try:
            yield
        finally:
            places.release()
