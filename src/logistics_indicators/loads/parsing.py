"""A chunk's bytes become a frame of clean rows and a frame of rejects. Pure: no database, no event loop."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import reduce

import polars as pl

from ..customer_services.models import ANGEL_MAX, POLO_MAX
from ..customers.models import EMAIL_MAX, EMAIL_PATTERN, NOME_MAX, TELEFONE_MAX
from .dates import parse_column
from .formats import COLUMNS, LONGEST_ROW, OPTIONAL_COLUMNS, Kind, Layout
from .quoting import RecordRule, join_records

LARGEST_ID = 2**53 - 1
"""The largest integer that every JSON reader keeps exact."""

LONGEST: dict[str, int] = {
    "nome": NOME_MAX,
    "email": EMAIL_MAX,
    "telefone": TELEFONE_MAX,
    "angel": ANGEL_MAX,
    "polo": POLO_MAX,
}
DATES = ("data_limite", "data_de_atendimento")
REJECT_SCHEMA = {"line": pl.Int64, "column": pl.String, "reason": pl.String, "value": pl.String, "row": pl.String}
LONGEST_VALUE = 1000
"""Characters of a reject's value; its row is kept whole."""

BROKEN = "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffd]"
"""What a byte that the encoding does not have becomes, and control characters, which no name has."""

CONTROLS = bytes([*range(9), 11, 12, *range(14, 32), 127])


@dataclass(frozen=True)
class FileFormat:
    kind: Kind
    layout: Layout
    encoding: str


Ledger = dict[str, dict[str, int]]


@dataclass(frozen=True)
class ParsedChunk:
    """`rows`: line, row (its text) and the kind's columns, typed. `rejects`: REJECT_SCHEMA. Both in file order.

    `ledger` counts the dates of the rows read: {column: {spelling: rows}}, and "ambiguous" pairs.
    """

    rows: pl.DataFrame
    rejects: pl.DataFrame
    rows_read: int
    ledger: Ledger = field(default_factory=dict)


def parse_chunk(body: bytes, first_line: int, is_first: bool, fmt: FileFormat) -> ParsedChunk:
    """Parse whole rows; `first_line` is the file's line that they begin at."""
    parts = []
    for start, end in _slices(body):
        parts.append(_parse_slice(body[start:end], first_line, is_first and start == 0, fmt))
        first_line += body.count(b"\n", start, end)
    if len(parts) == 1:
        return parts[0]
    return ParsedChunk(
        rows=pl.concat([part.rows for part in parts]),
        rejects=pl.concat([part.rejects for part in parts]),
        rows_read=sum(part.rows_read for part in parts),
        ledger=reduce(add_ledger, (part.ledger for part in parts)),
    )


SLICE_BYTES = 2 * 1024 * 1024
"""What is parsed at a time: the columns in between take twenty times the room of the text."""


def _slices(body: bytes) -> Iterator[tuple[int, int]]:
    """Places of whole rows. A body with quotes stays whole, for a record may span lines."""
    start = 0
    while b'"' not in body and len(body) - start > SLICE_BYTES:
        end = body.rfind(b"\n", start, start + SLICE_BYTES) + 1
        if end == 0:
            break
        yield start, end
        start = end
    yield start, len(body)


def _parse_slice(body: bytes, first_line: int, is_first: bool, fmt: FileFormat) -> ParsedChunk:
    text = body.decode("cp1252" if fmt.encoding == "windows-1252" else "utf-8", errors="replace")
    raw = _split_fields(_rows_of(text, first_line, is_first, fmt), fmt.layout)
    broken = "\ufffd" in text or len(body.translate(None, CONTROLS)) != len(body)
    checked, ledger = _check(raw, fmt, broken)
    good = pl.col("reason").is_null()
    columns = [pl.col(f"{c}_clean").alias(c) for c in COLUMNS[fmt.kind]]
    return ParsedChunk(
        rows=checked.filter(good).select("line", "row", *columns),
        rejects=_rejects(checked.filter(~good), fmt.layout),
        rows_read=raw.height,
        ledger=ledger,
    )


def add_ledger(before: Ledger, more: Ledger) -> Ledger:
    columns = dict.fromkeys([*before, *more])
    return {
        column: {
            spelling: before.get(column, {}).get(spelling, 0) + more.get(column, {}).get(spelling, 0)
            for spelling in sorted({*before.get(column, {}), *more.get(column, {})})
        }
        for column in columns
    }


def _rows_of(text: str, first_line: int, is_first: bool, fmt: FileFormat) -> pl.DataFrame:
    """line, row, fields (null where the row has no quotes, and a plain split will do)."""
    lines = pl.Series("row", [text]).str.split("\n").explode()
    frame = pl.DataFrame({"row": lines}).with_row_index("line", offset=first_line)
    frame = frame.with_columns(pl.col("line").cast(pl.Int64), pl.lit(None, pl.List(pl.String)).alias("fields"))
    if '"' in text:
        frame = _with_quoted_records(frame, fmt.layout)
    frame = frame.with_columns(pl.col("row").str.strip_suffix("\r")).filter(pl.col("row").str.strip_chars() != "")
    return frame.slice(1) if is_first and fmt.layout.has_header else frame


def _with_quoted_records(frame: pl.DataFrame, layout: Layout) -> pl.DataFrame:
    """Records with quotes read one by one; those that span lines stand at their first."""
    rule = RecordRule(layout.delimiter, len(layout.columns))
    lines = frame["row"].to_list()
    records = join_records(rule, lines)
    taken = [index for first, last in records for index in range(first, last + 1)]
    texts = ["\n".join(lines[first : last + 1]).removesuffix("\r") for first, last in records]
    quoted = pl.DataFrame(
        {
            "line": [frame["line"][0] + first for first, _ in records],
            "row": texts,
            "fields": [_fields(rule, text) for text in texts],
        },
        schema=frame.schema,
    )
    plain = frame.with_row_index("index").filter(~pl.col("index").is_in(taken)).drop("index")
    return pl.concat([plain, quoted]).sort("line")


def _fields(rule: RecordRule, text: str) -> list[str]:
    try:
        return rule.fields(text)
    except csv.Error:
        return text.split(rule.delimiter)


def _split_fields(rows: pl.DataFrame, layout: Layout) -> pl.DataFrame:
    """line, row, count (of fields) and the fields as f0, f1, … trimmed; null where the row has fewer."""
    names = [f"f{index}" for index in range(len(layout.columns))]
    delimiter, row, fields = layout.delimiter, pl.col("row"), pl.col("fields")
    split = row.str.split_exact(delimiter, len(names) - 1).struct.rename_fields(names)
    plain = rows.with_columns(split.alias("split")).unnest("split")
    plain = plain.with_columns((row.str.count_matches(delimiter, literal=True) + 1).cast(pl.Int64).alias("count"))
    if rows["fields"].null_count() < rows.height:
        quoted = fields.is_not_null()
        plain = plain.with_columns(
            pl.when(quoted).then(fields.list.len().cast(pl.Int64)).otherwise("count").alias("count"),
            *(
                pl.when(quoted).then(fields.list.get(index, null_on_oob=True)).otherwise(name).alias(name)
                for index, name in enumerate(names)
            ),
        )
    return plain.with_columns(pl.col(name).str.strip_chars() for name in names)


def _check(raw: pl.DataFrame, fmt: FileFormat, broken: bool) -> tuple[pl.DataFrame, dict[str, dict[str, int]]]:
    """Adds a clean column for each of the kind's, and column, reason, value of the first thing wrong."""
    width = len(fmt.layout.columns)
    places = {name: f"f{index}" for index, name in enumerate(fmt.layout.columns) if name is not None}
    frame = raw.with_columns(
        pl.col(places[name]).alias(name) if name in places else pl.lit(None, pl.String).alias(name)
        for name in COLUMNS[fmt.kind]
    )
    ledger: dict[str, dict[str, int]] = {}
    for name in DATES if fmt.kind is Kind.services else ():
        dates = parse_column(frame.select(_blank_as_null(name))[name])
        ledger[name] = _ledger_of(dates)
        frame = frame.with_columns(_moment(dates, whole_day=name == "data_limite").alias(f"{name}_clean"))
    frame = frame.with_columns(_clean(name) for name in COLUMNS[fmt.kind] if name not in DATES)
    reasons = {name: _reason(name, broken) for name in COLUMNS[fmt.kind]}
    structural = (
        pl.when(pl.col("row").str.len_bytes() > LONGEST_ROW)
        .then(pl.lit("too_long"))
        .when(pl.col("count") < width)
        .then(pl.lit("missing_column"))
        .when(pl.col("count") > width)
        .then(pl.lit("extra_column"))
    )
    frame = frame.with_columns(structural.alias("structural"), *(r.alias(f"{n}_reason") for n, r in reasons.items()))
    wrong = {name: pl.col("structural").is_null() & pl.col(f"{name}_reason").is_not_null() for name in reasons}
    frame = frame.with_columns(
        pl.coalesce("structural", *(f"{name}_reason" for name in reasons)).alias("reason"),
        pl.coalesce(*(pl.when(is_wrong).then(pl.lit(name)) for name, is_wrong in wrong.items())).alias("column"),
        pl.coalesce(*(pl.when(is_wrong).then(pl.col(name)) for name, is_wrong in wrong.items())).alias("value"),
    )
    return frame, ledger


def _blank_as_null(name: str) -> pl.Expr:
    """'-' or nothing: no date."""
    return pl.when(pl.col(name).is_in(["", "-"])).then(None).otherwise(pl.col(name)).alias(name)


def _moment(dates: pl.DataFrame, *, whole_day: bool) -> pl.Series:
    """A deadline may carry a time; its date counts."""
    if whole_day:
        return dates["day"]
    moment = pl.col("day").cast(pl.Datetime("us")) + pl.duration(seconds=pl.col("seconds").fill_null(0))
    return dates.select(moment.alias("m"))["m"]


def _clean(name: str) -> pl.Expr:
    column = pl.col(name)
    if name in ("id", "id_cliente"):
        number = pl.when(column.str.contains("^[0-9]{1,16}$")).then(column.cast(pl.Int64, strict=False))
        return pl.when(number.is_between(1, LARGEST_ID)).then(number).alias(f"{name}_clean")
    if name in OPTIONAL_COLUMNS:
        column = pl.when(column.is_in(["", "-"])).then(None).otherwise(column)
    return column.alias(f"{name}_clean")


def _reason(name: str, broken: bool) -> pl.Expr:
    """Reason for which this column's text cannot be taken; null where it can."""
    text, clean = pl.col(name), pl.col(f"{name}_clean")
    empty = text.is_null() | (text == "")
    checks: list[tuple[pl.Expr, str]] = []
    if broken:
        checks.append((text.str.contains(BROKEN), "encoding"))
    if name == "data_de_atendimento":
        checks.append((clean.is_null() & ~empty & (text != "-"), "invalid_date"))
    elif name == "data_limite":
        checks += [(empty | (text == "-"), "empty_field"), (clean.is_null(), "invalid_date")]
    elif name in ("id", "id_cliente"):
        checks += [(empty, "empty_field"), (clean.is_null(), "invalid_id")]
    else:
        if name not in OPTIONAL_COLUMNS:
            checks.append((empty, "empty_field"))
        checks.append((text.str.len_chars() > LONGEST[name], "too_long"))
    if name == "email":
        checks.append((~text.str.contains(EMAIL_PATTERN), "invalid_email"))
    return pl.coalesce(*(pl.when(wrong).then(pl.lit(reason)) for wrong, reason in checks))


def _rejects(bad: pl.DataFrame, layout: Layout) -> pl.DataFrame:
    """REJECT_SCHEMA. A missing column is named; of an extra one the text is the value."""
    width = len(layout.columns)
    names = pl.Series([name or "" for name in layout.columns] or [""])
    rows = bad.select("line", "column", "reason", "value", "row", "count", "fields")
    missing, extra = pl.col("reason") == "missing_column", pl.col("reason") == "extra_column"
    rest = pl.when(pl.col("fields").is_null()).then(pl.col("row").str.split(layout.delimiter)).otherwise("fields")
    return rows.with_columns(
        pl.when(missing)
        .then(pl.lit(names).gather(pl.col("count").clip(0, width - 1)))
        .otherwise("column")
        .alias("column"),
        pl.when(extra).then(rest.list.slice(width).list.join(layout.delimiter)).otherwise("value").alias("value"),
    ).select(
        "line",
        "column",
        "reason",
        pl.col("value").str.replace_all("\x00", "\ufffd", literal=True).str.slice(0, LONGEST_VALUE),
        pl.col("row").str.replace_all("\x00", "\ufffd", literal=True).str.slice(0, LONGEST_ROW),
    )


def _ledger_of(dates: pl.DataFrame) -> dict[str, int]:
    counts: dict[str, int] = dict(dates["spelling"].drop_nulls().value_counts(sort=True).iter_rows())
    ambiguous = int(dates["ambiguous"].sum() or 0)
    return counts | ({"ambiguous": ambiguous} if ambiguous else {})
