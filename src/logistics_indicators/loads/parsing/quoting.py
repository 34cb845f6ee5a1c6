"""Where a record ends: RFC 4180 quotes, without letting a stray one cost another row.

A quoted field that closes properly (before a delimiter or a line's end) is one field, however long or tall, and
nothing in it is ever a row. One that does not is stray: its record ends with the line that the quote stands in.
Cutting a file into chunks and parsing a chunk use the same rule, so that a cut never changes what a row is.

The work is linear. A look ahead passes over pairs of quotes only and ends at the first odd run; on the lines that
it passed over no quote can open a field that reaches beyond its own run, so nothing is passed over twice.
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import get_args

from ..models import Reason

MOST_HELD = 1024 * 1024
"""Bytes of an open record that wait for its end. Also the longest line: a longer one is a record of its own."""


@dataclass(frozen=True)
class _Patterns:
    inside: re.Pattern[bytes]
    close: re.Pattern[bytes]
    fields: re.Pattern[bytes]
    """Whole fields, each with the delimiter behind it."""
    more_fields: re.Pattern[bytes]
    """Whole fields, each with the delimiter before it."""
    last: re.Pattern[bytes]
    prefix: re.Pattern[bytes]
    empty_row: re.Pattern[bytes]
    """A whole line of blank cells, quoted or not. It is a record of its own: no other record ends with such a line."""


@lru_cache(maxsize=16)
def _patterns(delimiter: str, of_rejects: bool) -> _Patterns:
    d = re.escape(delimiter.encode())
    parts = (rb"\d{1,16}", rb"\w{0,40}", "|".join(get_args(Reason)).encode())
    prefix = b"".join(rb'"?(%b)"?%b' % (part, d) for part in parts)
    bare = prefix.replace(b"(", b"(?:")
    # Python before 3.11.5 repeats a group possessively in full only where its body is atomic (CPython gh-106052).
    inside = rb'[^"]*+(?:(?>""[^"]*+))*+'
    if of_rejects:  # no field goes on where another reject begins
        inside = rb'[^"\n]*+(?:(?>(?:""|\n(?!%b))[^"\n]*+))*+' % bare
    behind = b" *+" if delimiter == "\t" else rb"[ \t]*+"
    close = rb'"%b(?=%b|\r*+\n|\r*+\Z)' % (behind, d)
    blank = rb' *+(?:(?>" *+" *+))?+'
    field = rb'(?> *+"%b%b|(?! *+")[^%b\n]*+)' % (inside, close, d)
    return _Patterns(
        re.compile(inside),
        re.compile(close),
        re.compile(rb"(?:(?>%b%b))*+" % (field, d)),
        re.compile(rb"(?:(?>%b%b))*+" % (d, field)),
        re.compile(rb"%b(?=\r*+\n|\r*+\Z)" % field),
        re.compile(prefix),
        re.compile(rb"(?:(?>%b%b))*+%b\r*+" % (blank, d, blank)),
    )


@dataclass(frozen=True)
class RecordRule:
    delimiter: str
    of_rejects: bool = False
    """The file is one of rejects: where a line begins with our three columns, a record begins, unless it stands in a
    quoted field of a record behind an empty row."""

    @property
    def patterns(self) -> _Patterns:
        return _patterns(self.delimiter, self.of_rejects)

    def at(self, text: bytes, start: int) -> "RecordRule":
        """The rule for the record that begins at `start`: behind an empty row quotes alone count."""
        is_behind = self.of_rejects and start and self._is_empty_row(text, start)
        return RecordRule(self.delimiter) if is_behind else self

    def before_empty_row(self, text: bytes, end: int) -> int:
        """Where to cut a text whose records end at `end`: an empty row stays with what is behind it."""
        if not self.of_rejects or not end or not self._is_empty_row(text, end):
            return end
        return text.rfind(b"\n", 0, end - 1) + 1

    def _is_empty_row(self, text: bytes, end: int) -> bool:
        return self.patterns.empty_row.fullmatch(text, text.rfind(b"\n", 0, end - 1) + 1, end - 1) is not None

    def holds_line_of_rejects(self, record: bytes) -> bool:
        """True where a line in it looks like the beginning of another reject."""
        places = (found.end() for found in re.finditer(rb"\n", record))
        return any(self.patterns.prefix.match(record, place) for place in places)

    def is_open(self, record: bytes) -> bool:
        """True where a quote is left open, so that what follows the record tells where it ends."""
        return b'"' in record and not self.record(record, 0).is_whole

    def fields(self, record: str) -> list[str]:
        """Fields of a record, read leniently: a quote inside an unquoted field is a character like any other.

        A field that the record ends in before its quote closes is missing. Where text follows a closing quote
        (`"Loja \\"Sul\\""`: backslashes mean nothing here), every quote of that field is a character, and every
        delimiter of the record ends a field. Raises csv.Error.
        """
        if self._goes_on_after_quote(record.encode()):
            return [_unquoted(field) for field in record.split(self.delimiter)]
        fields = self._read(record + "\n")
        if fields and fields[-1].endswith("\n") and fields != self._read(record):
            fields.pop()  # the line end that we added became a part of it
        return fields

    def _goes_on_after_quote(self, record: bytes) -> bool:
        fields = self.patterns.fields.match(record)
        assert fields is not None
        return not self.patterns.last.match(record, fields.end()) and self.is_settled(record, fields.end())

    def _read(self, record: str) -> list[str]:
        return next(csv.reader([record], delimiter=self.delimiter, skipinitialspace=True), [])

    def record(self, text: bytes, start: int) -> "Record":
        """The record that begins at `start`."""
        found = self.patterns
        match = found.fields.match(text, start)
        assert match is not None
        place = match.end()
        if last := found.last.match(text, place):
            return Record(_line_end(text, last.end()), True, place)
        return Record(_line_end(text, place), self.is_settled(text, place), place)

    def is_settled(self, text: bytes, place: int) -> bool:
        """True where the text shows already that the quoted field at `place` does not close properly."""
        inside = self.patterns.inside.match(text, text.index(b'"', place) + 1)
        return inside is not None and inside.end() < len(text)

    def records(self, text: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
        """(start, end) of each record with a quote in it; the text between `start` and `end` stands for itself."""
        text, base = text[start:end], start
        place = 0
        while (quote := text.find(b'"', place)) >= 0:
            place = text.rfind(b"\n", place, quote) + 1 or place
            record = self.at(text, place).record(text, place)
            yield base + place, base + record.end
            place = record.end + 1


@dataclass(frozen=True)
class Record:
    """`end` is the place of its line end. `is_whole`: no text that follows could move it.

    `last_field` is the place of the field that ends it, or that does not close.
    """

    end: int
    is_whole: bool
    last_field: int


_QUOTED = re.compile(r' *"([^"]*(?:""[^"]*)*)"[ \t]*')


def _unquoted(field: str) -> str:
    quoted = _QUOTED.fullmatch(field)
    return quoted[1].replace('""', '"') if quoted else field


def _line_end(text: bytes, place: int) -> int:
    end = text.find(b"\n", place)
    return len(text) if end < 0 else end


def long_lines(text: bytes) -> Iterator[tuple[int, int]]:
    """(start, end) of each line of more than MOST_HELD bytes, line end included. Its quotes mean nothing."""
    start = 0
    while len(text) - start > MOST_HELD:
        end = text.rfind(b"\n", start, start + MOST_HELD + 1) + 1
        if not end:
            end = text.find(b"\n", start) + 1 or len(text)
            yield start, end
        start = end


@dataclass
class _Open:
    """A record that is longer than we wait for: its first line, and the one where its open field begins."""

    first: int
    last: int
    rule: RecordRule


class RecordScan:
    """Reads a file's whole lines, a part at a time, and says up to where its records are known.

    `long_records` are those, by (first, last) line, that are longer than what waits for its end: chunks may end
    within them, for they are too long in any case.
    """

    def __init__(self) -> None:
        self.long_records: list[tuple[int, int]] = []
        self._open: _Open | None = None

    @property
    def is_open(self) -> bool:
        return self._open is not None

    def is_needed(self, text: bytes) -> bool:
        return self._open is not None or b'"' in text

    def known(self, rule: RecordRule, text: bytes, line: int, *, final: bool) -> int:
        """How much of the text, which begins at this line, can be cut off. `final`: what follows is another record."""
        place = 0
        if self._open is not None:
            place = self._go_on(self._open.rule, text, line, self._open, final=final)
        while (quote := text.find(b'"', place)) >= 0:
            place = text.rfind(b"\n", place, quote) + 1 or place
            ruled = rule.at(text, place)
            record = ruled.record(text, place)
            if not record.is_whole and not final:
                if len(text) - place <= MOST_HELD:
                    return place
                first = line + text.count(b"\n", 0, place)
                self._open = _Open(first, first + text.count(b"\n", place, record.last_field), ruled)
                break
            place = record.end + 1
        return len(text)

    def _go_on(self, rule: RecordRule, text: bytes, line: int, record: _Open, *, final: bool) -> int:
        """Where the text's own records begin, once the open one has found its end."""
        found = rule.patterns
        starts_anew = rule.of_rejects and found.prefix.match(text)
        inside = found.inside.match(text)
        assert inside is not None
        if inside.end() == len(text) and not final and not starts_anew:
            return len(text)
        close = None if starts_anew else found.close.match(text, inside.end())
        if close is None:  # the quote was stray
            self._end(record)
            return 0
        more = found.more_fields.match(text, close.end())
        assert more is not None
        record.last = line + text.count(b"\n", 0, more.end())
        end = _line_end(text, more.end())
        if text[more.end() : end].strip(b"\r"):  # one more quoted field, which does not close here
            place = more.end() + len(rule.delimiter)
            if not final and not rule.is_settled(text, place):
                return len(text)
        self._end(record)
        return end + 1

    def _end(self, record: _Open) -> None:
        self._open = None
        if record.last > record.first:
            self.long_records.append((record.first, record.last))
