"""A chunk's bytes become a frame of clean rows and a frame of rejects. Pure: no database, no event loop.

Lines that are plain are read as whole columns; the others, and those whose values are not plain either, are
checked one thing after the other, which says what is wrong.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce

import numpy as np
import polars as pl

from ..formats import LONGEST_ROW, PYTHON_CODECS, FileFormat, Layout
from ..kinds import KINDS, SCHEMAS
from .checking import REJECT_SCHEMA, ROW_SCHEMA, check_rows
from .dates import MONTH_FIRST
from .findings import Counts, add_counts, add_spellings, count_of
from .ledger import Ledger, add_ledger
from .lines import Lines, Mask, Places, are_blank, number_of, text_at
from .normal_texts import Spellings
from .plain_rows import header_of, read_plain_rows
from .quoting import RecordRule
from .records import ChunkRecords, Span, records_of
from .sent_again import SentBefore, as_sent_before

SLICE_BYTES = 2 * 1024 * 1024
"""What is parsed at a time: the columns in between take several times the room of the text."""

ODD_AT_A_TIME = 16 * 1024
"""Rows that are not plain, looked at one column after the other."""

PLACE = ("line", "start", "end")


@dataclass(frozen=True)
class ParsedChunk:
    """`rows`: line, start, end (the row's place in `body`) and the kind's columns, typed. `rejects`: REJECT_SCHEMA.

    Both are in file order. `ledger` counts the dates of the rows read, rejected ones too.
    """

    body: bytes
    rows: pl.DataFrame
    rejects: pl.DataFrame
    rows_read: int
    layout: Layout
    ledger: Ledger = field(default_factory=dict)
    spellings: Spellings = field(default_factory=dict)
    notes: Counts = field(default_factory=dict)

    @property
    def first_row(self) -> int:
        """Its line."""
        lines = [frame["line"].min() for frame in (self.rows, self.rejects) if frame.height]
        return min(lines)  # type: ignore[type-var, return-value]

    def texts_of(self, rows: pl.DataFrame) -> pl.DataFrame:
        """`row`, the file's text of some of the rows, `origin_line` and `earlier_reason`."""
        places = zip(rows["start"], rows["end"], strict=True)
        texts = [record_of(text_at(self.body, start, end), self.layout) for start, end in places]
        schema = dict.fromkeys(SentBefore._fields, pl.String) | {"origin_line": pl.Int64}
        return pl.DataFrame(texts, schema=schema, orient="row")


def record_of(text: str, layout: Layout) -> SentBefore:
    """The record without our columns, where the file has them."""
    if not layout.is_rejects_file:
        return SentBefore(text)
    return as_sent_before(text, layout.delimiter, len(layout.columns))


def parse_chunk(
    body: bytes, first_line: int, is_first: bool, fmt: FileFormat, long_records: Sequence[Span] = ()
) -> ParsedChunk:
    """Parse whole rows; `first_line` is the file's line that they begin at.

    `long_records`: (first, last) line of each record of the file that its chunks may end within.
    """
    records = records_of(body, first_line, RecordRule(fmt.layout.delimiter, fmt.layout.is_rejects_file), long_records)
    body = _as_utf8(body, fmt.encoding)
    parts = []
    for start, end in [(0, len(body))] if records.any else _slices(body):
        part = _parse_slice(body[start:end], first_line, is_first and not start, fmt, records)
        parts.append(_moved(part, start) if start else part)
        first_line += number_of(b"\n", body[start:end])
    return ParsedChunk(
        body,
        rows=pl.concat([part.rows for part in parts]),
        rejects=pl.concat([part.rejects for part in parts]),
        rows_read=sum(part.rows_read for part in parts),
        layout=fmt.layout,
        ledger=reduce(add_ledger, (part.ledger for part in parts)),
        spellings=reduce(add_spellings, (part.spellings for part in parts)),
        notes=reduce(add_counts, (part.notes for part in parts)),
    )


def _as_utf8(body: bytes, encoding: str) -> bytes:
    """The same text in UTF-8; a byte that the encoding does not have becomes U+FFFD."""
    if body.isascii():
        return body
    codec = PYTHON_CODECS[encoding]
    if codec != "utf-8":
        return body.decode(codec, errors="replace").encode()
    try:
        body.decode()
    except UnicodeDecodeError:
        return body.decode(errors="replace").encode()
    return body


def _slices(body: bytes) -> Iterator[tuple[int, int]]:
    """Places of whole lines, of about the same size."""
    number = max(1, round(len(body) / SLICE_BYTES))
    start = 0
    for part in range(1, number):
        end = body.rfind(b"\n", start, len(body) * part // number) + 1
        if end:
            yield start, end
            start = end
    yield start, len(body)


def _moved(part: ParsedChunk, places: int) -> ParsedChunk:
    return replace(part, rows=part.rows.with_columns(pl.col("start", "end") + places))


def _parse_slice(body: bytes, first_line: int, is_first: bool, fmt: FileFormat, found: ChunkRecords) -> ParsedChunk:
    rule, records = RecordRule(fmt.layout.delimiter, fmt.layout.is_rejects_file), found.spans
    lines = Lines(body, rule.delimiter)
    # What a row was rejected for before counts, however whole it looks.
    plain = lines.plain(len(fmt.layout.columns)) & (not fmt.layout.is_rejects_file)
    single: Mask = lines.ends > lines.starts  # a file may have millions of empty ones
    for first, last in [*records, *found.skipped]:
        single[first : last + 1] = False
    if is_first and fmt.layout.has_header:
        records, header_end = _without_header(lines, records, rule)
        single[: header_end + 1] = False
    rows, left, ledger, spellings = _plain_rows(lines, plain & single, fmt)
    odd = _odd_rows(lines, np.flatnonzero(left | (single & ~plain)), records, rule, fmt.layout)
    checked = [check_rows(part, replace(fmt, layout=fmt.layout.of_records())) for part in odd if part.height]
    more = [part.rows for part in checked if part.rows.height]
    if more:
        rows = pl.concat([rows, *more]).sort("line")
    rejects = pl.concat([pl.DataFrame(schema=REJECT_SCHEMA), *(part.rejects for part in checked)])
    line = pl.col("line") + first_line
    return ParsedChunk(
        body,
        rows.with_columns(line),
        rejects.with_columns(line),
        rows.height + rejects.height,
        fmt.layout,
        reduce(add_ledger, (part.ledger for part in checked), ledger),
        reduce(add_spellings, (part.spellings for part in checked), spellings),
        {**_notes(lines, single, records, first_line, len(fmt.layout.columns)), **_months_first(rejects, first_line)}
        if checked
        else {},
    )


def _notes(lines: Lines, single: Mask, records: list[Span], first_line: int, width: int) -> Counts:
    """What looks as if rows had been read as parts of others."""
    inside = [
        line
        for first, last in records
        for line in range(first + 1, last + 1)
        if lines.delimiters[line] == width - 1 and (line < last or lines.delimiters[first])
    ]
    returns = lines.of_lone_returns()
    alone = returns[single[returns]].tolist()
    return count_of("rows_in_quotes", inside, first_line) | count_of("lone_returns", alone, first_line)


def _months_first(rejects: pl.DataFrame, first_line: int) -> Counts:
    is_evidence = (pl.col("reason") == "invalid_date") & pl.col("value").str.contains(MONTH_FIRST)
    return count_of("months_first", rejects.filter(is_evidence)["line"].to_list(), first_line)


def _without_header(lines: Lines, records: list[Span], rule: RecordRule) -> tuple[list[Span], int]:
    """(the records after the header, the line that the header ends at): it is the first row that is not blank."""
    texts = (lines.text(index, index) for index in range(len(lines)))
    first = next((index for index, text in enumerate(texts) if not are_blank([text], rule.delimiter)[0]), 0)
    header_end = next((last for begin, last in records if begin == first), first)
    return [record for record in records if record[0] > header_end], header_end


def _plain_rows(lines: Lines, plain: Mask, fmt: FileFormat) -> tuple[pl.DataFrame, Mask, Ledger, Spellings]:
    """(rows: line, start, end and the kind's columns; the lines that were left after all; ledger; spellings)."""
    left = np.zeros(len(lines), np.bool_)
    if not plain.any():
        empty = pl.DataFrame(schema={name: ROW_SCHEMA[name] for name in PLACE} | SCHEMAS[fmt.kind])
        return empty, left, {name: {} for name in KINDS[fmt.kind].dates}, {}
    columns, taken, ledger, spellings = read_plain_rows(lines.joined(plain, header_of(fmt)), fmt)
    numbers = np.flatnonzero(plain)
    places = {"line": numbers, "start": lines.starts[numbers], "end": lines.ends[numbers]}
    rows = pl.DataFrame(places, schema={name: ROW_SCHEMA[name] for name in PLACE}).hstack(columns)
    if not taken.all():
        left[numbers[~taken.to_numpy()]] = True
        rows = rows.filter(taken)
    return rows, left, ledger, spellings


def _odd_rows(
    lines: Lines, numbers: Places, records: list[Span], rule: RecordRule, layout: Layout
) -> Iterator[pl.DataFrame]:
    """ROW_SCHEMA, in file order, some at a time: single lines, and records with quotes, which may span some. No blank
    ones."""
    rule = RecordRule(rule.delimiter)  # where a record ends is known
    quoted = np.array(records, np.intp).reshape(-1, 2)
    first, last = np.concatenate([numbers, quoted[:, 0]]), np.concatenate([numbers, quoted[:, 1]])
    order = np.argsort(first, kind="stable")
    for start in range(0, len(order), ODD_AT_A_TIME):
        part = order[start : start + ODD_AT_A_TIME]
        places = {"line": first[part], "start": lines.starts[first[part]], "end": lines.ends[last[part]]}
        yield _odd_frame(lines.body, places, (part >= len(numbers)).tolist(), rule, layout)


def _odd_frame(
    body: bytes, places: dict[str, Places], quoted: list[bool], rule: RecordRule, layout: Layout
) -> pl.DataFrame:
    ends = zip(places["start"].tolist(), places["end"].tolist(), strict=True)
    texts: list[str] = [text_at(body, start, end) for start, end in ends]
    found = [record_of(text, layout) for text in texts] if layout.is_rejects_file else []
    if found:
        texts = [record.row for record in found]
    fields = [_fields(rule, text) if is_quoted else None for text, is_quoted in zip(texts, quoted, strict=True)]
    counts = [
        not blank and (values is None or not _is_nothing(text, values))
        for text, values, blank in zip(texts, fields, are_blank(texts, rule.delimiter), strict=True)
    ]
    sent_before = {
        "origin_line": [record.origin_line for record in found] or [None] * len(texts),
        "was_extra": [record.earlier_reason == "extra_column" for record in found] or [False] * len(texts),
        "was_missing": [_missing_place(record, layout) for record in found] or [None] * len(texts),
    }
    columns = {**places, "row": texts, "fields": fields, **sent_before}
    return pl.DataFrame(columns, schema=ROW_SCHEMA).filter(pl.Series(counts, dtype=pl.Boolean))


def _missing_place(record: SentBefore, layout: Layout) -> int | None:
    """Place of the first column that the record lacked when it was sent before."""
    if record.earlier_reason != "missing_column":
        return None
    name, columns = record.earlier_column or None, layout.of_records().columns
    return columns.index(name) if name in columns else None


def _fields(rule: RecordRule, text: str) -> list[str]:
    if len(text) > LONGEST_ROW:
        return text[:LONGEST_ROW].split(rule.delimiter, 1)  # it is rejected whatever they are
    try:
        return rule.fields(text)
    except csv.Error:
        return text.split(rule.delimiter)


def _is_nothing(record: str, fields: list[str]) -> bool:
    """True for fields that were quoted, and blank all the same. One whose quote is left open is missing in `fields`."""
    return bool(fields) and not any(field.strip() for field in fields) and not record.count('"') % 2
