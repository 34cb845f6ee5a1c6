"""A sheet's rows as records of CSV, a piece at a time (ECMA-376, part 1, 18.3).

Record n is row n. Rows are as wide as the table, as in "save as CSV"; a cell beyond it makes its row longer.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ...texts import is_spreadsheet_error, normal_text, stands_for_nothing
from .package import BROKEN, Attributes, Package, fed, new_parser
from .protocol import Refused
from .records import DELIMITER, MOST_FIELDS, cell, number
from .styles import Moments
from .texts import LONGEST_TEXT, Texts, unescaped

MOST_ROWS = 1_048_576
FIRST_ROWS = 1000
"""Of which the widest, or what the sheet says of itself, is as wide as the table."""

WIDEST_BELIEVED = 500
DIGITS = "0123456789"
LAST_CELL = re.compile(r"(?:.*:)?\$?([A-Z]{1,3})\$?\d*", re.IGNORECASE)
"""Of the range that a sheet says it has. Some programs name rows alone, or nothing."""
BOOLEANS = {"1": "TRUE", "0": "FALSE"}


@dataclass(frozen=True)
class Meaning:
    """What the workbook says of its cells."""

    texts: Texts
    dates: list[bool]
    """By style."""
    moments: Moments


def records(package: Package, name: str, meaning: Meaning) -> Iterator[bytes]:
    rows = _Rows()
    reader = _SheetReader(meaning, rows)
    for _ in fed(reader.parser, package, name):
        yield rows.taken()
    reader.end()
    rows.end()
    yield rows.taken()


class _Rows:
    """Rows in order, written once the table's width is known."""

    def __init__(self) -> None:
        self._first: list[tuple[int, list[str]]] = []
        self._width: int | None = None
        self._declared = 0
        self._last = 0
        self._lines: list[str] = []

    def declare(self, width: int) -> None:
        if width <= WIDEST_BELIEVED:
            self._declared = width

    def add(self, row: int, cells: list[str]) -> None:
        if not self._last < row <= MOST_ROWS:
            raise Refused(BROKEN)
        while cells and not cells[-1]:
            cells.pop()
        if self._width is not None:
            self._write(row, cells)
        else:
            self._first.append((row, cells))
            if len(self._first) == FIRST_ROWS:
                self.end()
        self._last = row

    def end(self) -> None:
        if self._width is None:
            self._width = max([self._declared, *(len(cells) for _, cells in self._first)])
            self._last, first, self._first = 0, self._first, []
            for row, cells in first:
                self._write(row, cells)
                self._last = row

    def _write(self, row: int, cells: list[str]) -> None:
        if row != self._last + 1:
            self._lines.append("\n" * (row - self._last - 1))
        padding = DELIMITER * (self._width - len(cells)) if cells and self._width else ""
        self._lines.append(f"{DELIMITER.join(cells)}{padding}\n")

    def taken(self) -> bytes:
        lines, self._lines = self._lines, []
        return "".join(lines).encode("utf-8", "replace")


NO_RESULT = "#VALUE!"
"""Of a formula whose result nobody saved, and of an error of another name: what it hides is no empty cell."""

LONGEST_ERROR = 100


class _SheetReader:
    """Ends of elements are not listened to, for most cells have no use for them: that halves the time."""

    def __init__(self, meaning: Meaning, rows: _Rows) -> None:
        self._texts, self._dates, self._moments = meaning.texts, meaning.dates, meaning.moments
        self._rows = rows
        self._row = 0
        self._cells: list[str] | None = None
        self._column = 0
        self._kind: str | None = None
        self._style: str | None = None
        self._text = ""
        self._is_open = self._taking = self._spoken = self._is_formula = False
        self._columns: dict[str, int] = {}
        self.parser = new_parser(self._first_start)
        self.parser.CharacterDataHandler = self._data

    def _first_start(self, name: str, attributes: Attributes) -> None:
        """Of the sheet's own element: its prefix is that of all."""
        prefix, _, root = name.rpartition(":")
        if root != "worksheet":
            raise Refused(BROKEN)
        before = f"{prefix}:" if prefix else ""
        self._c, self._v, self._row_name = f"{before}c", f"{before}v", f"{before}row"
        self._f = f"{before}f"
        self._t, self._rph, self._dimension = f"{before}t", f"{before}rPh", f"{before}dimension"
        self.parser.StartElementHandler = self._start

    def _start(self, name: str, attributes: Attributes) -> None:
        if name == self._v:
            self._taking = True
            return
        self._taking = False
        if name == self._c:
            self._start_cell(attributes)
        elif name == self._row_name:
            self._start_row(attributes)
        elif name == self._t:
            self._taking = self._kind == "inlineStr" and not self._spoken
        elif name == self._rph:
            self._spoken = True
        elif name == self._f:
            self._is_formula = True
        elif name == self._dimension and (last := LAST_CELL.fullmatch(attributes.get("ref", ""))):
            self._rows.declare(_column_number(last[1]))

    def _end_inside_cell(self, name: str) -> None:
        """Of a cell that holds its text itself, in runs."""
        self._taking = False
        if name == self._rph:
            self._spoken = False
        elif name == self._c:
            self.parser.EndElementHandler = None

    def _data(self, text: str) -> None:
        if self._taking and len(self._text) < LONGEST_TEXT:
            self._text += text

    def _start_row(self, attributes: Attributes) -> None:
        self.end()
        row = attributes.get("r")
        self._row = self._whole(row) if row else self._row + 1
        self._cells, self._column = [], 0

    def _start_cell(self, attributes: Attributes) -> None:
        if self._is_open:
            self._end_cell()
        place = attributes.get("r")
        self._column = self._column_of(place) if place else self._column + 1
        self._kind, self._style, self._text = attributes.get("t"), attributes.get("s"), ""
        self._is_open, self._spoken, self._is_formula = True, False, False
        if self._kind == "inlineStr":
            self.parser.EndElementHandler = self._end_inside_cell

    def end(self) -> None:
        """Of a row, or of all."""
        if self._is_open:
            self._end_cell()
        if self._cells is not None:
            self._rows.add(self._row, self._cells)
            self._cells = None

    def _end_cell(self) -> None:
        self._is_open = self._taking = False
        if not self._text:
            if not self._is_formula or self._kind == "str":
                return
            self._kind, self._text = "e", NO_RESULT
        cells, column = self._cells, min(self._column, MOST_FIELDS)
        if cells is None or (column <= len(cells) and column < MOST_FIELDS):
            raise Refused(BROKEN)
        if column != len(cells) + 1:
            cells.extend([""] * (column - len(cells) - 1))
        if column > len(cells):
            cells.append(self._value())

    def _value(self) -> str:
        kind = self._kind
        if kind == "s":
            return self._texts[self._whole(self._text)]
        if kind is None or kind == "n":
            return self._number()
        if kind == "b":
            return BOOLEANS.get(self._text.strip(), cell(self._text))
        if kind == "e":
            return _error(normal_text(self._text[:LONGEST_ERROR]))
        return cell(unescaped(self._text))

    def _number(self) -> str:
        text = self._text.strip()
        is_date = self._style is not None and self._is_date(self._style)
        if not is_date and text.isascii() and text.isdecimal():
            return text
        try:
            value = float(text)
            return self._moments.text_of(value) if is_date else number(value)
        except (ValueError, OverflowError):  # no number, or an endless one
            return cell(text)

    def _is_date(self, style: str) -> bool:
        index = self._whole(style)
        return 0 <= index < len(self._dates) and self._dates[index]

    def _column_of(self, place: str) -> int:
        """Of A1: 1."""
        letters = place.rstrip(DIGITS)
        if letters not in self._columns:
            self._columns[letters] = _column_number(letters)
        return self._columns[letters]

    @staticmethod
    def _whole(text: str) -> int:
        try:
            return int(text)
        except ValueError:
            raise Refused(BROKEN) from None


def _error(text: str) -> str:
    """An error is no value, whatever it is called. `#N/A` stays: it says that there is none."""
    return text if is_spreadsheet_error(text) or (text.startswith("#N/") and stands_for_nothing(text)) else NO_RESULT


def _column_number(letters: str) -> int:
    if not (1 <= len(letters) <= 3 and letters.isascii() and letters.isalpha()):
        raise Refused(BROKEN)
    column = 0
    for letter in letters.upper():
        column = column * 26 + ord(letter) - ord("A") + 1
    return column
