"""How much of a thing that takes long a user may have under way at once, in this process."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from .errors import TooManyRequests

RETRY_SECONDS = 5


class PlacesPerUser:
    def __init__(self, most: int, refusal: str) -> None:
        self._most, self._refusal = most, refusal
        self._taken: Counter[int] = Counter()

    @contextmanager
    def taken(self, user_id: int) -> Iterator[None]:
        """A place for as long as the block runs. Raises TooManyRequests where the user has all of theirs."""
        if self._taken[user_id] >= self._most:
            raise TooManyRequests(self._refusal, headers={"Retry-After": str(RETRY_SECONDS)})
        self._taken[user_id] += 1
        try:
            yield
        finally:
            self._taken[user_id] -= 1
            if not self._taken[user_id]:
                del self._taken[user_id]
