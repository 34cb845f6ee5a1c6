"""Which column of a file is which of ours: its header, sought by name among its first records. Pure.

Nothing is read under a guessed name. A file is read by position only where it has as many columns as its kind and
begins with data.
"""

import csv
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from ...texts import normal_text, printable, stands_for_nothing
from ..formats import CSV, DELIMITERS, REPORT_COLUMNS, Form, Layout
from ..kinds import COLUMNS, KINDS, MOST_ID_DIGITS, Column, Kind
from .dates import parse_moment
from .quoting import RecordRule

SOUGHT_RECORDS = 20
"""A header is sought among so many records that are not blank."""

LOOKED_AT_RECORDS = 1000
"""Blank ones too."""

MOST_COLUMNS = 500
LONGEST_NAME = 300
"""Characters of a column's name that count."""

SHOWN_CHARACTERS = 300
"""Of a record that is shown in an error."""

SEPARATOR_LINE = re.compile(r"\"?sep=(\\t|[;,])\"?(?:\\t|[;, ])*", re.IGNORECASE)

BLANK = "".join(DELIMITERS) + " \v\f\x1a"
"""And the mark behind a last line, where there is no other line."""

BETWEEN_WORDS = frozenset("_-.\u2010\u2011\u2012\u2013\u2014\u2015\u2212")
"""Of a column's name; a hyphen may be one that a program made of it."""

OPEN_QUOTE = "A quote in the file's header is not closed. Close it, or take it out."

QUOTED_WHOLE = (
    "The file's header stands in quotes as a whole, so it is one column. Save the file without quotes around its lines."
)

ANOTHER_DELIMITER = (
    "With the delimiter {asked} the file's header is one column; with {other} its columns are known. Leave the "
    "delimiter out, or name that one. If the header stands in quotes as a whole, save the file without them."
)

NUMBERED = re.compile(r"column \d+", re.IGNORECASE)
"""How columns of files without a header are named in answers."""

Mapped = Mapping[str, str]
"""Our names to the file's, as the sender gave them."""


class BadHeader(Exception):
    """The file's columns are not known; the message says what was read and what to do."""


@dataclass(frozen=True)
class Opening:
    """How a file begins. `first_row` is the place where its data begin in the text, `first_line` their line."""

    layout: Layout
    header: str | None
    """The header's record as it was sent; None where there is none."""
    columns: dict[str, str]
    """Our names to the file's; without a header, to the number of the column."""
    ignored: list[str]
    first_row: int
    first_line: int


@dataclass(frozen=True)
class _Record:
    fields: list[str]
    start: int
    end: int
    """Place behind its line end."""


def key_of(name: str) -> str:
    """A name without case, accents, blanks, `_`, `-`, `.` and marks without width, as known names are compared."""
    return "".join(c for c in _plain(name) if not (c.isspace() or c in BETWEEN_WORDS or unicodedata.combining(c)))


def key_by_hand(name: str) -> str:
    """Without any sign, too, as names are compared that a sender gave: not every sign can stand in `?columns=`."""
    return "".join(c for c in _plain(name) if c.isalnum())


def _plain(name: str) -> str:
    return unicodedata.normalize("NFKD", normal_text(name[:LONGEST_NAME])).casefold()


@cache
def known_names(kind: Kind) -> Mapping[str, str]:
    """By key: the column that is meant."""
    columns = KINDS[kind].columns
    names = {key_of(column.name): column.name for column in columns}
    return names | {key_of(other): column.name for column in columns for other in column.synonyms}


def read_opening(
    kind: Kind, text: str, delimiter: str | None, mapped: Mapped, *, header: bool = True, form: Form = CSV
) -> Opening | None:
    """From a file's first text, whole records. None where all of it is blank. Raises BadHeader.

    `header=False`: there is none, whatever the first record looks like. `form`: what became the text.
    """
    start, named = _behind_separator_line(text)
    delimiter = delimiter or named
    readings = {d: list(_records(text, start, d)) for d in ([delimiter] if delimiter else DELIMITERS)}
    if not any(readings.values()):
        return None

    if header or any(records and _is_report(records[0].fields) for records in readings.values()):
        found = [o for d, records in readings.items() if (o := _by_name(kind, text, records, d, mapped))]
        if found:
            return min(found, key=lambda opening: opening.first_row)
        if mapped:
            raise BadHeader(_not_found(kind, readings, mapped, form))
    by_position = _by_position(kind, text, readings, start, forced=not header)
    if by_position is None:
        raise BadHeader(_not_found(kind, readings, mapped, form))
    return by_position


def records_to_seek_in(text: str, delimiter: str | None) -> set[tuple[str, ...]]:
    """The fields of the records among which a header is sought, without our columns where it is a file of rejects."""
    start, named = _behind_separator_line(text)
    delimiter = delimiter or named
    records = [record.fields for d in ([delimiter] if delimiter else DELIMITERS) for record in _records(text, start, d)]
    return {tuple(fields[len(REPORT_COLUMNS) if _is_report(fields) else 0 :]) for fields in records}


def named_as_in_a_file(names: Iterable[str]) -> list[str]:
    """Columns' names as those of a file are compared."""
    return [normal_text(name[:LONGEST_NAME]) for name in names]


def _behind_separator_line(text: str) -> tuple[int, str | None]:
    """(where the table begins, the delimiter that a line `sep=;` before it names)."""
    start = 0
    while start < len(text):
        end = text.find("\n", start) + 1 or len(text)
        line = normal_text(text[start:end].replace("\t", "\\t"))
        if line:
            match = SEPARATOR_LINE.fullmatch(line)
            return (end, match[1].replace("\\t", "\t")) if match else (0, None)
        start = end
    return 0, None


def _records(text: str, start: int, delimiter: str) -> Iterator[_Record]:
    """The first records that are not blank."""
    rule, data = RecordRule(delimiter), text.encode()
    start = text.rfind("\n", 0, start + len(text[start:]) - len(text[start:].lstrip(BLANK + "\r\n\t"))) + 1 or start
    place, found, looked_at = len(text[:start].encode()), 0, 0
    while found < SOUGHT_RECORDS and looked_at < LOOKED_AT_RECORDS and place < len(data):
        looked_at += 1
        end = rule.record(data, place).end
        raw = data[place:end].decode()
        texts = [normal_text(field[:LONGEST_NAME]) for field in fields_of(rule, raw)[: MOST_COLUMNS + 1]]
        length = len(raw) + (end < len(data))
        if any(field.strip(BLANK) for field in texts) or _is_open(raw, delimiter):
            found += 1
            yield _Record(texts, start, start + length)
        place, start = end + 1, start + length


def fields_of(rule: RecordRule, raw: str) -> list[str]:
    try:
        return rule.fields(raw.rstrip("\r"))
    except csv.Error:
        return raw.split(rule.delimiter)


def _by_name(kind: Kind, text: str, records: list[_Record], delimiter: str, mapped: Mapped) -> Opening | None:
    """The first record that names all required columns, where none before it is data."""
    for index, record in enumerate(records):
        columns = _columns_of(kind, record.fields, mapped)
        if columns is None:
            continue
        if len(columns) > MOST_COLUMNS:
            raise BadHeader(f"The file's header has more than {MOST_COLUMNS} columns.")
        repeated = sorted({name for name in columns if name and columns.count(name) > 1})
        if repeated:
            given = ", ".join(f"{n}: {' and '.join(_texts(record, columns, n))}" for n in repeated)
            raise BadHeader(f"The file's header names a column twice ({given[:SHOWN_CHARACTERS]}). {_how_to_map(kind)}")
        if any(_is_data(kind, earlier.fields) for earlier in records[:index]):
            raise BadHeader(
                f"Rows of data stand before the file's header, which is its record {index + 1}. Take them out, "
                "or send the file with header=none where it has no header."
            )
        _refuse_data_inside(kind, text[record.start : record.end], delimiter)
        return _opening(text, record, columns, delimiter)
    return None


def _refuse_data_inside(kind: Kind, header: str, delimiter: str) -> None:
    """A quote that is not closed would make rows a part of a column's name."""
    if _is_open(header, delimiter):
        raise BadHeader(OPEN_QUOTE)
    for number, line in enumerate(header.splitlines()[1:], 2):
        if _is_data(kind, [field.strip(' "') for field in line.split(delimiter)]):
            if '"' not in header:
                raise BadHeader(
                    "The file's first lines end in carriage returns, and others in line feeds: save it with one kind."
                )
            raise BadHeader(f"A quote in the file's header is not closed before line {number} of it, which is data.")


def _is_open(record: str, delimiter: str) -> bool:
    """True where a quote begins a field and does not close it."""
    rule, text = RecordRule(delimiter), record.encode()
    return not rule.patterns.last.match(text, rule.record(text, 0).last_field)


def _texts(record: _Record, columns: list[str | None], name: str) -> list[str]:
    return [field for field, column in zip(record.fields, columns, strict=True) if column == name]


def _needed(kind: Kind) -> list[str]:
    return [column.name for column in KINDS[kind].columns if not column.may_be_absent]


def _columns_of(kind: Kind, fields: list[str], mapped: Mapped) -> list[str | None] | None:
    """Our names of a header's fields; None where it is no header, for it lacks a required column."""
    by_hand = {key_by_hand(theirs): ours for ours, theirs in mapped.items()}
    known = {key: column for key, column in known_names(kind).items() if column not in mapped}
    columns = [by_hand.get(key_by_hand(field)) or known.get(key_of(field)) for field in fields]
    lead = len(REPORT_COLUMNS)
    if _is_report(fields):
        columns[:lead] = [None] * lead
    wanted = {*_needed(kind), *mapped}
    return columns if wanted <= set(columns) else None


def unnamed_columns(header: str, delimiter: str) -> int:
    """Those at a header's end."""
    return header[len(header.rstrip(f'{delimiter}{BLANK}"\r')) :].count(delimiter)


def _is_report(fields: list[str]) -> bool:
    return tuple(key_of(field) for field in fields[: len(REPORT_COLUMNS)]) == REPORT_COLUMNS


def _opening(text: str, record: _Record, columns: list[str | None], delimiter: str) -> Opening:
    is_rejects_file = _is_report(record.fields)
    lead = len(REPORT_COLUMNS) if is_rejects_file else 0
    ignored = [
        field or f"column {number}"
        for number, (field, column) in enumerate(zip(record.fields[lead:], columns[lead:], strict=True), 1)
        if column is None
    ]
    return Opening(
        Layout(delimiter, tuple(columns), is_rejects_file=is_rejects_file),
        text[record.start : record.end].rstrip("\r\n"),
        {column: field for field, column in zip(record.fields, columns, strict=True) if column},
        ignored,
        record.end,
        text.count("\n", 0, record.end) + 1,
    )


def _by_position(
    kind: Kind, text: str, readings: dict[str, list[_Record]], start: int, *, forced: bool
) -> Opening | None:
    widths = {d: width for d, records in readings.items() if (width := _width_of(kind, records))}
    if forced:
        delimiter = next(iter(widths), None) or max(readings, key=lambda d: len(readings[d][0].fields))
    else:
        data = (d for d in widths if _is_data(kind, readings[d][0].fields))
        delimiter = next(data, "")
    if not delimiter:
        return None
    first = readings[delimiter][0]
    if not forced and not _is_data(kind, first.fields) and _is_open(text[first.start : first.end], delimiter):
        raise BadHeader(OPEN_QUOTE)
    names = COLUMNS[kind][: widths.get(delimiter)]
    columns = {name: f"column {number}" for number, name in enumerate(names, 1)}
    return Opening(Layout(delimiter, names), None, columns, [], start, text.count("\n", 0, start) + 1)


def _width_of(kind: Kind, records: list[_Record]) -> int | None:
    """Fields of the first record, or else of most of them, where a file of the kind may have as many columns: a bad
    first row costs only itself.
    """
    found = [len(record.fields) for record in records]
    most = (width for width in KINDS[kind].widths if found.count(width) * 2 > len(found))
    return found[0] if found and found[0] in KINDS[kind].widths else next(most, None)


def _is_data(kind: Kind, fields: list[str]) -> bool:
    """True where an id, a date or a mail address stands where one belongs, and the record is no mere title."""
    if sum(not stands_for_nothing(normal_text(field)) for field in fields) * 2 < len(COLUMNS[kind]):
        return False
    return any(_is_value(column, field) for column, field in zip(KINDS[kind].columns, fields, strict=False))


def _is_value(column: Column, field: str) -> bool:
    if column.is_id:
        return field.isascii() and field.isdigit() and len(field.lstrip("0")) <= MOST_ID_DIGITS
    if column.is_date:
        return parse_moment(field) is not None
    return bool(column.pattern) and re.search(column.pattern, field) is not None


def _not_found(kind: Kind, readings: dict[str, list[_Record]], mapped: Mapped, form: Form) -> str:
    """What was read, what is known, and how to map; or that the file is one of the other kind."""
    other = _other_kind(kind, readings)
    if other:
        return (
            f"The file is one of {other}: it has the columns {', '.join(_needed(other))}. Send it to /v1/{other}/batch."
        )
    delimiter, records = max(readings.items(), key=lambda item: max((len(r.fields) for r in item[1]), default=0))
    likeliest = max(records, key=lambda record: _known_in(kind, record.fields, mapped), default=records[0])
    if not _known_in(kind, likeliest.fields, mapped):
        likeliest = records[0]
    shown = " | ".join(printable(field) for field in likeliest.fields)[:SHOWN_CHARACTERS]
    named = {column for key in likeliest.fields if (column := known_names(kind).get(key_of(key)))}
    lacking = [name for name in _needed(kind) if name not in named | set(mapped)]
    absent = [theirs for theirs in mapped.values() if key_by_hand(theirs) not in map(key_by_hand, likeliest.fields)]
    lacks = f" It lacks {', '.join(lacking)}." if named and lacking else ""
    lacks += f" It has no column {', '.join(map(printable, absent))}, which `columns` names." if absent else ""
    if numbers := [printable(theirs) for theirs in absent if NUMBERED.fullmatch(theirs)]:
        lacks += (
            f" {numbers[0]} is no name of a column: it is what is said of a file without a header, whose columns go by "
            "their order alone."
        )
    if form is CSV and (inside := _delimiter_inside(kind, likeliest.fields, mapped)):
        if len(readings) == len(DELIMITERS):
            return QUOTED_WHOLE
        return ANOTHER_DELIMITER.format(asked=_named(delimiter), other=_named(inside))
    if not form.has_header:
        return f"Its columns are not those of {kind}. Read: {shown}.{lacks} {_how_to_map(kind, form)}"
    by = f", with the delimiter {_named(delimiter)}" if form is CSV else ""
    delimiters = " Delimiters are ; , and tab (also by a first line sep=; or ?delimiter=)." if form is CSV else ""
    return (
        f"No header with the columns {', '.join(_needed(kind))} was found in the first {SOUGHT_RECORDS} records, and "
        f"the file does not begin with rows of {len(COLUMNS[kind])} columns. Read{by}: "
        f"{shown}.{lacks}{delimiters} {_how_to_map(kind, form)}"
    )


def _named(delimiter: str) -> str:
    return "tab" if delimiter == "\t" else delimiter


def _delimiter_inside(kind: Kind, fields: Sequence[str], mapped: Mapped) -> str | None:
    """Where the header is one field, which has the columns in it: what stands between them."""
    if len(fields) != 1:
        return None
    for delimiter in DELIMITERS:
        names = [name.strip(' "') for name in fields[0].split(delimiter)]
        if len(names) > 1 and _columns_of(kind, names, mapped):
            return delimiter
    return None


def _known_in(kind: Kind, fields: list[str], mapped: Mapped) -> int:
    known, by_hand = known_names(kind), set(map(key_by_hand, mapped.values()))
    return sum(key_of(field) in known or key_by_hand(field) in by_hand for field in fields)


def _other_kind(kind: Kind, readings: dict[str, list[_Record]]) -> Kind | None:
    for other in Kind:
        if other is kind:
            continue
        for records in readings.values():
            if any(_columns_of(other, record.fields, {}) for record in records):
                return other
            if _width_of(other, records) and _is_data(other, records[0].fields):
                return other
    return None


def _how_to_map(kind: Kind, form: Form = CSV) -> str:
    example = ",".join(f"{name}:<name in the file>" for name in COLUMNS[kind][1:3])
    none = f"; say ?header=none where the file has no header and its columns are {', '.join(COLUMNS[kind])}"
    return (
        f"Name columns by hand with ?columns={example},…{none if form.has_header else ''}. "
        "docs/files.md lists the names that are known."
    )
