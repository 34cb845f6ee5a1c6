"""Cuts a stream of bytes into chunks that end where a row ends."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from .formats import LONGEST_ROW, EncodingCensus, Layout
from .quoting import RecordRule, open_tail

BOM = b"\xef\xbb\xbf"
BLANK_LINES = re.compile(rb"(?:[ \t\r]*\n)+")


@dataclass(frozen=True)
class Chunk:
    """Whole rows. `first_line` counts the file's lines from 1."""

    seq: int
    first_line: int
    body: bytes


class Cutter:
    """Add bytes and cut when it is full; at most a chunk and a row are in memory."""

    def __init__(self, chunk_bytes: int, detect: Callable[[bytes], Layout]) -> None:
        self._chunk_bytes = chunk_bytes
        self._detect = detect
        self._pieces: list[bytes] = []
        self._size = 0
        self._seq = 0
        self._line = 1
        self._started = False
        self.layout: Layout | None = None
        self.census = EncodingCensus()

    def add(self, data: bytes) -> None:
        self._pieces.append(data)
        self._size += len(data)

    @property
    def is_full(self) -> bool:
        return self._size >= self._chunk_bytes

    def cut(self, *, final: bool = False) -> Chunk | None:
        """The whole rows so far, or all the rest where the stream has ended. Raises what `detect` raises."""
        buffer = self._take()
        if not final:
            end = self._last_row_end(buffer)
            if end == 0:
                self._keep(self._shortened(buffer))
                return None
            self._keep(buffer[end:])
            buffer = buffer[:end]
        return self._chunk(buffer) if buffer else None

    def _take(self) -> bytes:
        buffer = b"".join(self._pieces)
        self._pieces, self._size = [], 0
        if not self._started and len(buffer) >= len(BOM):
            self._started = True
            buffer = buffer.removeprefix(BOM)
        if self._started and self.layout is None and (blank := BLANK_LINES.match(buffer)):
            self._line += blank[0].count(b"\n")  # so that the first chunk begins with the first row
            buffer = buffer[blank.end() :]
        return buffer

    def _keep(self, rest: bytes) -> None:
        self._pieces, self._size = [rest], len(rest)

    def _last_row_end(self, buffer: bytes) -> int:
        """Length of the whole rows at the buffer's start that are known to be whole."""
        end = buffer.rfind(b"\n") + 1
        if end == 0 or b'"' not in buffer:
            return end
        rule = self._rule(buffer)
        # Latin-1 maps each byte to a character, and what cuts rows is ASCII in every encoding that we take.
        return end - open_tail(rule, buffer[:end].decode("latin-1"))

    def _rule(self, buffer: bytes) -> RecordRule:
        layout = self._layout_from(buffer)
        if layout is None:
            return RecordRule(";", 0)
        return RecordRule(layout.delimiter, len(layout.columns))

    def _layout_from(self, buffer: bytes) -> Layout | None:
        if self.layout is None:
            first = next((line for line in buffer.split(b"\n", 64) if line.strip()), None)
            if first is not None:
                self.layout = self._detect(first[:LONGEST_ROW])
        return self.layout

    def _shortened(self, buffer: bytes) -> bytes:
        """A row without end is not kept whole: past the longest row, its length no longer matters."""
        last = buffer.rfind(b"\n") + 1
        if len(buffer) - last > 2 * LONGEST_ROW:
            return buffer[: last + 2 * LONGEST_ROW]
        return buffer

    def _chunk(self, body: bytes) -> Chunk:
        self._layout_from(body)
        self.census.add(body)
        chunk = Chunk(self._seq, self._line, body)
        self._seq += 1
        self._line += body.count(b"\n")
        return chunk
