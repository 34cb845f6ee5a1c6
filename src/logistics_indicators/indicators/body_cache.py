"""Bodies of answers already given, by the data's version and the question. Bounded in bytes."""

from collections import OrderedDict
from typing import TypeAlias

MOST_BYTES = 16 * 1024 * 1024
LARGEST_BODY = 1024 * 1024
ENTRY_BYTES = 500
"""What an entry takes beside its key and its body, about."""

Key: TypeAlias = tuple[str | bytes, ...]


class BodyCache:
    """The least recently used body goes first. A new version's bodies push the old ones out."""

    def __init__(self) -> None:
        self._bodies: OrderedDict[Key, bytes] = OrderedDict()
        self._bytes = 0

    def get(self, key: Key) -> bytes | None:
        body = self._bodies.get(key)
        if body is not None:
            self._bodies.move_to_end(key)
        return body

    def put(self, key: Key, body: bytes) -> None:
        if len(body) > LARGEST_BODY or key in self._bodies:
            return
        self._bodies[key] = body
        self._bytes += _size(key, body)
        while self._bytes > MOST_BYTES:
            self._bytes -= _size(*self._bodies.popitem(last=False))


def _size(key: Key, body: bytes) -> int:
    return len(body) + sum(map(len, key)) + ENTRY_BYTES
