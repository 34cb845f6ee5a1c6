"""Bodies of answers already given, by the data's version and the question. Bounded in bytes."""

from collections import OrderedDict
from collections.abc import Hashable

MOST_BYTES = 16 * 1024 * 1024
LARGEST_BODY = 1024 * 1024


class BodyCache:
    """The least recently used body goes first. A new version's bodies push the old ones out."""

    def __init__(self) -> None:
        self._bodies: OrderedDict[Hashable, bytes] = OrderedDict()
        self._bytes = 0

    def get(self, key: Hashable) -> bytes | None:
        body = self._bodies.get(key)
        if body is not None:
            self._bodies.move_to_end(key)
        return body

    def put(self, key: Hashable, body: bytes) -> None:
        if len(body) > LARGEST_BODY or key in self._bodies:
            return
        self._bodies[key] = body
        self._bytes += len(body)
        while self._bytes > MOST_BYTES:
            _, dropped = self._bodies.popitem(last=False)
            self._bytes -= len(dropped)
