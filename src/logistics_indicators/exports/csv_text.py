"""CSV in two dialects: RFC 4180, which a load takes back unchanged, and what Excel in Brazil opens at once."""

import csv
import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from .columns import Batch, Column

BOM = "\ufeff"

FORMULA_START = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""A spreadsheet takes a cell that begins so for a formula (OWASP, CSV injection); the full-width signs, in some
languages."""

PERCENTAGE = re.compile(r"-?\d+\.\d+%")


@dataclass(frozen=True)
class Dialect:
    """How a file is written, and how a value of each type; texts that we compute are written by `computed`."""

    start: str
    delimiter: str
    writers: Mapping[type, Callable[..., object]]
    computed: Callable[..., object]

    def header(self, columns: Sequence[Column]) -> bytes:
        return (self.start + self._text([[column.name for column in columns]])).encode()

    def lines(self, columns: Sequence[Column], batch: Batch) -> bytes:
        writers = [self._writer(column) for column in columns]
        rows = [
            [None if value is None else write(value) for write, value in zip(writers, row, strict=True)]
            for row in batch
        ]
        return self._text(rows).encode()

    def _writer(self, column: Column) -> Callable[..., object]:
        return self.computed if column.computed else self.writers[column.type]

    def _text(self, rows: Sequence[Sequence[object]]) -> str:
        text = io.StringIO()
        csv.writer(text, delimiter=self.delimiter).writerows(rows)
        return text.getvalue()


def harmless(text: str) -> str:
    """The text, behind an apostrophe where a spreadsheet would run it."""
    return "'" + text if text.lstrip(" ").startswith(FORMULA_START) else text


def _with_comma(number: object) -> str:
    return str(number).replace(".", ",")


def _percentage_with_comma(text: str) -> str:
    return _with_comma(text) if PERCENTAGE.fullmatch(text) else text


def _truth(value: object) -> str:
    return "true" if value else "false"


def _as_it_is(value: object) -> object:
    return value


PLAIN = Dialect(
    start="",
    delimiter=",",
    writers={str: _as_it_is, int: int, float: float, bool: _truth, date: date.isoformat, datetime: datetime.isoformat},
    computed=_as_it_is,
)

EXCEL = Dialect(
    start=BOM,
    delimiter=";",
    writers={
        str: harmless,
        int: int,
        float: _with_comma,
        bool: _truth,
        date: date.isoformat,
        datetime: lambda value: value.isoformat(sep=" "),
    },
    computed=_percentage_with_comma,
)
