"""CSV as RFC 4180 has it: UTF-8, commas, CRLF, a header line, quotes where a value needs them."""

import csv
import io
from collections.abc import Callable, Sequence
from datetime import date, datetime

from .columns import Batch, Column

FORMULA_START = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet takes a cell that begins so for a formula (OWASP, CSV injection)."""


def header(columns: Sequence[Column]) -> bytes:
    return _lines([[column.name for column in columns]])


def lines(columns: Sequence[Column], batch: Batch) -> bytes:
    writers = [_WRITERS[column.type] for column in columns]
    return _lines(
        [[None if value is None else write(value) for write, value in zip(writers, row, strict=True)] for row in batch]
    )


def _lines(rows: Sequence[Sequence[object]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def harmless(text: str) -> str:
    """The text, behind an apostrophe where a spreadsheet would run it."""
    return "'" + text if text.startswith(FORMULA_START) else text


_WRITERS: dict[type, Callable[..., object]] = {
    str: harmless,
    int: int,
    float: float,
    bool: lambda value: "true" if value else "false",
    date: date.isoformat,
    datetime: datetime.isoformat,
}
