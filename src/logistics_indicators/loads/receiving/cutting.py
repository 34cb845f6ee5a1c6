"""Cuts a stream of bytes into chunks that end where a row ends."""

from dataclasses import dataclass

from ..formats import EncodingCensus, Layout
from ..parsing.lines import number_of
from ..parsing.quoting import MOST_HELD, RecordRule, RecordScan, long_lines


@dataclass(frozen=True)
class Chunk:
    """Whole rows. `first_line` counts the file's lines from 1."""

    seq: int
    first_line: int
    body: bytes


def _without_end_mark(rows: bytes) -> bytes:
    """DOS ended a text with a ^Z behind its last line, and some programs do so still."""
    before = rows.rstrip(b"\x1a")
    return before if not before or before.endswith(b"\n") else rows


class Cutter:
    """Add bytes and cut when it is full; in memory are at most a chunk, and what waits for a record's end."""

    def __init__(self, chunk_bytes: int, layout: Layout, first_line: int = 1) -> None:
        self._chunk_bytes = chunk_bytes
        self._rule = RecordRule(layout.delimiter, layout.is_rejects_file)
        self._pieces: list[bytes] = []
        self._size = 0
        self._wanted = chunk_bytes
        self._scan = RecordScan()
        self._seq = 0
        self._line = first_line
        self.census = EncodingCensus()

    def add(self, data: bytes) -> None:
        self._pieces.append(data)
        self._size += len(data)

    @property
    def is_full(self) -> bool:
        return self._size >= self._wanted

    @property
    def long_records(self) -> list[tuple[int, int]]:
        """(first, last) line of each record that chunks may end within."""
        return self._scan.long_records

    def cut(self, *, final: bool = False) -> Chunk | None:
        """The whole rows so far, or all the rest where the stream has ended."""
        buffer = _without_end_mark(self._take()) if final else self._take()
        end = self._known_end(buffer, final=final)
        if not final:
            if self._is_endless(buffer, end):
                self._keep(buffer[end:][: MOST_HELD + 1])
            else:
                end = end if self._scan.is_open else self._rule.before_empty_row(buffer, end)
                self._keep(buffer[end:])
            buffer = buffer[:end]
        return self._chunk(buffer) if buffer else None

    def _take(self) -> bytes:
        buffer = b"".join(self._pieces)
        self._pieces, self._size = [], 0
        return buffer

    def _keep(self, rest: bytes) -> None:
        """What is kept is looked at again, so that as much must come before the next look."""
        self._pieces, self._size = [rest], len(rest)
        self._wanted = max(self._chunk_bytes, 2 * len(rest))

    def _known_end(self, buffer: bytes, *, final: bool) -> int:
        """Length of the whole records at the buffer's start that are known to be whole."""
        whole = len(buffer) if final else buffer.rfind(b"\n") + 1
        if not self._scan.is_needed(buffer[:whole]):
            return whole
        final = final or self._is_endless(buffer, whole)
        place, line = 0, self._line
        for start, end in [*long_lines(buffer[:whole]), (whole, whole)]:
            text = buffer[place:start]
            known = self._scan.known(self._rule, text, line, final=final or start < whole)
            if known < len(text):
                return place + known
            line += buffer.count(b"\n", place, end)
            place = end
        return whole

    @staticmethod
    def _is_endless(buffer: bytes, start: int) -> bool:
        """True where a line that has not ended is longer than any that we read: nothing before it goes on in it."""
        return len(buffer) - max(start, buffer.rfind(b"\n") + 1) > MOST_HELD

    def _chunk(self, body: bytes) -> Chunk:
        self.census.add(body)
        chunk = Chunk(self._seq, self._line, body)
        self._seq += 1
        self._line += number_of(b"\n", body)
        return chunk
