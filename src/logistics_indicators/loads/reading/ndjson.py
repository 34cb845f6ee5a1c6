"""NDJSON: an object a line. What is none costs its line alone, which then stands in the record as it was sent."""

import sys
from collections.abc import Iterator
from typing import Any, BinaryIO

from .named import header, listed, row
from .objects import as_text, is_nested, parse
from .protocol import Head, Refused, Request, Tail
from .records import MOST_FIELDS, record

LONGEST_LINE = 1024 * 1024
"""Bytes; of a longer one so much is kept, and rejected as too long."""

LOOKED_AT_LINES, LOOKED_AT_BYTES = 1000, 1024 * 1024
"""The names of the objects in them are the columns."""

NOT_ONE = "None of the file's first lines is an object of JSON with plain values. NDJSON has one on each line."
TOO_MANY = "The objects in the file's first lines have more than 500 names together."
PIECE = 64 * 1024

Row = dict[str, Any]
Line = tuple[bytes, Row | None]
"""(as it was sent; None: it is no object)"""


def read(file: BinaryIO, request: Request) -> Iterator[bytes]:
    lines = _lines(file)
    first = _first(lines)
    names, nested = _columns(first)
    if not names:
        raise Refused(NOT_ONE)
    if len(names) >= MOST_FIELDS:  # or each line, however short, would become a row of all of them
        raise Refused(TOO_MANY)
    warnings = [f"Fields that hold objects or lists were passed over: {listed(nested)}."] if nested else []
    yield (Head(warnings=warnings).as_json() + "\n").encode() + header(names)
    table = _Table(names, frozenset(nested))
    yield b"".join(map(table.record, first))
    size, pieces = 0, []
    for line in lines:
        pieces.append(table.record(line))
        size += len(pieces[-1])
        if size > PIECE:
            yield b"".join(pieces)
            size, pieces = 0, []
    yield b"".join(pieces)
    print(Tail(table.lacking).as_json(), file=sys.stderr, flush=True)


def _lines(file: BinaryIO) -> Iterator[Line]:
    mark = b"\xef\xbb\xbf"
    while line := file.readline(LONGEST_LINE):
        if not line.endswith(b"\n") and len(line) == LONGEST_LINE:
            while (rest := file.readline(LONGEST_LINE)) and not rest.endswith(b"\n"):
                pass
        line, mark = line.removeprefix(mark).strip(b"\r\n"), b""
        yield line, _object(line)


def _object(line: bytes) -> Row | None:
    try:
        found = parse(line.decode().strip())
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _first(lines: Iterator[Line]) -> list[Line]:
    first, size = [], 0
    for line in lines:
        first.append(line)
        size += len(line[0])
        if len(first) >= LOOKED_AT_LINES or size > LOOKED_AT_BYTES:
            break
    return first


def _columns(lines: list[Line]) -> tuple[list[str], list[str]]:
    """(names of the columns, names of those that never hold a plain value and are nested somewhere)"""
    plain: dict[str, bool] = {}
    nested: set[str] = set()
    for _, found in lines:
        for name, value in (found or {}).items():
            if is_nested(value):
                nested.add(name)
            plain[name] = plain.get(name, False) or not (value is None or is_nested(value))
    passed_over = {name: None for name, has_plain in plain.items() if name in nested and not has_plain}
    return [name for name in plain if name not in passed_over], list(passed_over)


class _Table:
    def __init__(self, names: list[str], passed_over: frozenset[str]) -> None:
        self._names, self._passed_over = names, passed_over
        self._known = passed_over.union(names)
        self._all = frozenset(names)
        self._had = [True] * len(names)

    @property
    def lacking(self) -> list[int]:
        return [place for place, had in enumerate(self._had) if not had]

    def record(self, line: Line) -> bytes:
        """With fewer fields than the header where it is no object of plain values, with more where it has others."""
        sent, found = line
        if not sent.strip():
            return b"\n"
        if found is None or any(is_nested(value) for n, value in found.items() if n not in self._passed_over):
            return record([sent.decode("utf-8", "surrogateescape")])
        if not found.keys() >= self._all:
            self._had = [had and name in found for had, name in zip(self._had, self._names, strict=True)]
        others = [as_text(value) for name, value in found.items() if name not in self._known]
        return row([as_text(found.get(name)) for name in self._names] + others)
