"""The lines of a chunk's bytes: where they stand, which are plain, and their text. Pure."""

import re
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import polars as pl

from ...texts import NUL, OTHER_CONTROLS
from ..formats import LONGEST_ROW

REPLACEMENT = "\ufffd".encode()
"""What a byte that the encoding does not have has become."""

_CONTROL = re.compile(f"[{NUL}{OTHER_CONTROLS}]")
_IS_CONTROL = np.array([byte < 0x80 and bool(_CONTROL.match(chr(byte))) for byte in range(256)])
"""By byte: control characters, which no name has. Those beyond ASCII have two bytes, and are left to the columns."""

_NEWLINE, _RETURN = ord("\n"), ord("\r")
_END = np.uint8(0)

Mask = npt.NDArray[np.bool_]
Places = npt.NDArray[np.intp]


class Lines:
    """`starts` and `ends` are places in `body`, UTF-8, an element a line; the newline is not a part of its line.

    `delimiters` counts them in each line.
    """

    def __init__(self, body: bytes, delimiter: str) -> None:
        self.body = body
        self._bytes = np.frombuffer(body, np.uint8)
        marks = np.flatnonzero((self._bytes == _NEWLINE) | (self._bytes == ord(delimiter)))
        newlines = np.flatnonzero(self._bytes[marks] == _NEWLINE)
        ends = marks[newlines]
        if not body.endswith(b"\n"):
            ends, newlines = np.append(ends, len(body)), np.append(newlines, len(marks))
        self.ends: Places = ends
        self.starts: Places = np.concatenate([[0], ends[:-1] + 1])
        self.delimiters: Places = np.diff(newlines, prepend=-1) - 1

    def __len__(self) -> int:
        return len(self.ends)

    def text(self, first: int, last: int) -> str:
        """Text of some lines together, without the carriage returns at the end."""
        return text_at(self.body, self.starts[first], self.ends[last])

    def plain(self, columns: int) -> Mask:
        """True for each line with as many fields as there are columns, and nothing in it that needs a closer look."""
        plain: Mask = (self.delimiters == columns - 1) & (self.ends - self.starts <= LONGEST_ROW)
        for places in self._oddities():
            plain[np.searchsorted(self.ends, places)] = False
        return plain

    def of_lone_returns(self) -> Places:
        """Numbers of the lines with a carriage return that ends no line, once for each."""
        return np.unique(np.searchsorted(self.ends, self._lone_returns()))

    def _lone_returns(self) -> Places:
        if b"\r" not in self.body:
            return np.array([], np.intp)
        returns = np.flatnonzero(self._bytes == _RETURN)
        alone: Places = returns[np.append(self._bytes, _END)[returns + 1] != _NEWLINE]
        return alone

    def _oddities(self) -> Iterator[Places]:
        """Places of bytes that make their line odd."""
        yield self._lone_returns()
        if self._has_controls():
            yield np.flatnonzero(_IS_CONTROL[self._bytes])
        if REPLACEMENT[:1] in self.body:
            yield np.array([found.start() for found in re.finditer(REPLACEMENT, self.body)], np.intp)

    def _has_controls(self) -> bool:
        """By counts alone, which take a tenth of the time: most files have none."""
        allowed = sum(number_of(byte, self.body) for byte in (b"\n", b"\r", b"\t") if byte in self.body)
        return int(np.count_nonzero(self._bytes < ord(" "))) != allowed or b"\x7f" in self.body

    def joined(self, chosen: Mask, header: bytes) -> bytes:
        """The header and the chosen lines, in order."""
        edges = np.flatnonzero(np.diff(chosen, prepend=False, append=False))
        runs = zip(edges[::2], edges[1::2], strict=True)
        parts = (self.body[self.starts[first] : self.ends[after - 1] + 1] for first, after in runs)
        return b"".join([header, *parts])


def number_of(byte: bytes, body: bytes) -> int:
    """bytes.count takes seven times as long where there are many."""
    return int(np.count_nonzero(np.frombuffer(body, np.uint8) == ord(byte)))


def text_at(body: bytes, start: int, end: int) -> str:
    return body[start:end].decode().rstrip("\r")


def are_blank(texts: list[str], delimiter: str) -> list[bool]:
    """True for each text that has nothing but delimiters and white space, as polars sees it."""
    blank = pl.Series(texts, dtype=pl.String).str.replace_all(delimiter, "", literal=True).str.strip_chars() == ""
    return blank.to_list()
