"""RFC 4180 quotes, without letting a stray one cost another row.

A quoted field may span lines only where the record so made is well formed: properly closed, with the right
number of columns. Otherwise its first line is a (bad) row of its own, and reading goes on with the next line.
Cutting a file into chunks and parsing a chunk use the same rule, so that a cut never changes what a row is.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass

MOST_LINES = 20
"""Lines that one record may span."""


@dataclass(frozen=True)
class RecordRule:
    delimiter: str
    columns: int

    def fields(self, record: str) -> list[str]:
        """Fields of a record, read leniently: a quote inside an unquoted field is a character like any other."""
        return next(csv.reader([record], delimiter=self.delimiter), [])

    def opens_quote(self, line: str) -> bool:
        """True where the line may end inside a quoted field."""
        return line.count('"') % 2 == 1 and (line.lstrip().startswith('"') or f'{self.delimiter}"' in line)

    def is_well_formed(self, record: str) -> bool:
        try:
            rows = list(csv.reader([record], delimiter=self.delimiter, strict=True))
        except csv.Error:
            return False
        return len(rows) == 1 and len(rows[0]) == self.columns

    def record_end(self, lines: Sequence[str], start: int) -> int | None:
        """Index of the last line of the record that begins at `start`; None where more lines must be seen."""
        quotes = lines[start].count('"')
        beyond = min(start + MOST_LINES, len(lines))
        for end in range(start + 1, beyond):
            quotes += lines[end].count('"')
            if quotes % 2 == 0:
                return end if self.is_well_formed("\n".join(lines[start : end + 1])) else start
        return start if start + MOST_LINES <= len(lines) else None


def open_tail(rule: RecordRule, text: str) -> int:
    """How many characters at the end of `text` (whole lines) belong to a record that may go on after it."""
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    index = 0
    while index < len(lines):
        if '"' in lines[index] and rule.opens_quote(lines[index]):
            end = rule.record_end(lines, index)
            if end is None:
                return sum(len(line) + 1 for line in lines[index:])
            index = end
        index += 1
    return 0


def join_records(rule: RecordRule, lines: Sequence[str]) -> list[tuple[int, int]]:
    """(first, last) line index of every record with a quote in it, in order. `lines` is a whole chunk's."""
    records: list[tuple[int, int]] = []
    index = 0
    while index < len(lines):
        if '"' in lines[index]:
            end = index
            if rule.opens_quote(lines[index]):
                end = rule.record_end(lines, index) or index
            records.append((index, end))
            index = end
        index += 1
    return records
