"""How many long tasks (uploads, exports, event streams) a user may have under way at once, in this process."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

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
