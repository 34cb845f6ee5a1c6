"""Rows looked at one column after the other, with the first thing wrong of each: the whole rule, and the reasons."""

import polars as pl

from ..customers.models import EMAIL_PATTERN
from .dates import moments_of, parse_column
from .formats import COLUMNS, LONGEST_ROW, OPTIONAL_COLUMNS, FileFormat, Kind, Layout
from .ledger import Ledger, ledger_of
from .normal_texts import Spellings, are_nothing, normal_texts, spellings_of
from .rules import DATES, GROUPED, IDS, LARGEST_ID, LONGEST, MOST_ID_DIGITS

REJECT_SCHEMA = {
    "line": pl.Int64,
    "column": pl.String,
    "reason": pl.String,
    "value": pl.String,
    "row": pl.String,
    "origin_line": pl.Int64,
}
"""`origin_line`: of a row that was sent again in a file of rejects, the line of the file before."""

LONGEST_VALUE = 1000
"""Characters of a reject's value; its row is kept whole."""

ROW_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "line": pl.Int64,
    "start": pl.UInt32,
    "end": pl.UInt32,
    "row": pl.String,
    "fields": pl.List(pl.String),
    "origin_line": pl.Int64,
}
"""`start` and `end` are the row's place in its chunk; `fields` is null where a plain split of `row` will do."""

BROKEN = "[\x00\ufffd]"
"""What a byte that the encoding does not have became; and NUL, which no text has, and which is shown so."""

CONTROL = "[\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]"
"""Control characters but the tab and line ends: a vertical tab, an escape."""


def check_rows(rows: pl.DataFrame, fmt: FileFormat) -> tuple[pl.DataFrame, pl.DataFrame, Ledger, Spellings]:
    """(good rows: ROW_SCHEMA and the kind's columns, rejects: REJECT_SCHEMA, ledger, spellings) of ROW_SCHEMA rows."""
    split = _split_fields(rows, fmt)
    sent = (split[name].alias(f"{name}_sent") for name in COLUMNS[fmt.kind])
    raw = split.with_columns(*sent, *(normal_texts(split[name]) for name in COLUMNS[fmt.kind]))
    raw = raw.with_columns(
        are_nothing(raw[name], computed=name not in DATES).alias(f"{name}_nothing") for name in COLUMNS[fmt.kind]
    )
    dates = {
        name: parse_column(raw.select(_nothing_as_null(name))[name]) for name in DATES if fmt.kind is Kind.services
    }
    moments = raw.with_columns(moments_of(parsed, name).alias(f"{name}_clean") for name, parsed in dates.items())
    checked = _check(moments, fmt)
    good = pl.col("reason").is_null()
    taken = checked.select(good)["reason"]
    columns = [pl.col(f"{c}_clean").alias(c) for c in COLUMNS[fmt.kind]]
    return (
        checked.filter(good).select(*ROW_SCHEMA, *columns),
        _rejects(checked.filter(~good), fmt.layout),
        {name: ledger_of(parsed) for name, parsed in dates.items()},
        {name: spellings_of(split[name].filter(taken), raw[name].filter(taken)) for name in GROUPED if name in raw},
    )


def _split_fields(rows: pl.DataFrame, fmt: FileFormat) -> pl.DataFrame:
    """Adds count (of fields) and the kind's columns, trimmed; null where the row or the file has no such field."""
    names = [f"f{index}" for index in range(len(fmt.layout.columns))]
    delimiter, row, fields = fmt.layout.delimiter, pl.col("row"), pl.col("fields")
    quoted = fields.is_not_null()
    count = (row.str.count_matches(delimiter, literal=True) + 1).cast(pl.Int64)
    long_enough = pl.when(count >= len(names)).then(row)  # else a wide header and short rows would fill the memory
    split = long_enough.str.split_exact(delimiter, len(names) - 1).struct.rename_fields(names)
    values = {
        name: pl.when(quoted).then(fields.list.get(index, null_on_oob=True)).otherwise(names[index])
        for index, name in enumerate(fmt.layout.columns)
        if name is not None
    }
    nothing = pl.lit(None, pl.String)
    return (
        rows.lazy()
        .with_columns(
            pl.when(quoted).then(fields.list.len().cast(pl.Int64)).otherwise(count).alias("count"),
            split.alias("split"),
        )
        .unnest("split")
        .select(
            *ROW_SCHEMA,
            "count",
            *(values.get(name, nothing).str.strip_chars().alias(name) for name in COLUMNS[fmt.kind]),
        )
        .collect()
    )


def _check(raw: pl.DataFrame, fmt: FileFormat) -> pl.DataFrame:
    """Adds a clean column for each of the kind's, and column, reason, value of the first thing wrong."""
    width = len(fmt.layout.columns)
    broken = bool(raw["row"].str.contains(f"{BROKEN}|{CONTROL}").any())
    reasons = {name: _reason(name, broken) for name in COLUMNS[fmt.kind]}
    structural = (
        pl.when(pl.col("row").str.len_bytes() > LONGEST_ROW)
        .then(pl.lit("too_long"))
        .when(pl.col("count") < width)
        .then(pl.lit("missing_column"))
        .when(pl.col("count") > width)
        .then(pl.lit("extra_column"))
    )
    wrong = {name: pl.col("structural").is_null() & pl.col(f"{name}_reason").is_not_null() for name in reasons}
    return (
        raw.lazy()
        .with_columns(_clean(name) for name in COLUMNS[fmt.kind] if name not in DATES)
        .with_columns(structural.alias("structural"), *(r.alias(f"{n}_reason") for n, r in reasons.items()))
        .with_columns(
            pl.coalesce("structural", *(f"{name}_reason" for name in reasons)).alias("reason"),
            pl.coalesce(*(pl.when(is_wrong).then(pl.lit(name)) for name, is_wrong in wrong.items())).alias("column"),
            pl.coalesce(*(pl.when(is_wrong).then(pl.col(f"{name}_sent")) for name, is_wrong in wrong.items())).alias(
                "value"
            ),
        )
        .collect()
    )


def _nothing_as_null(name: str) -> pl.Expr:
    return pl.when(~pl.col(f"{name}_nothing")).then(pl.col(name)).alias(name)


def _clean(name: str) -> pl.Expr:
    column = pl.col(name)
    if name in IDS:
        is_number = column.str.contains(f"^0*[0-9]{{1,{MOST_ID_DIGITS}}}$")
        number = pl.when(is_number).then(column.str.strip_chars_start("0").cast(pl.Int64, strict=False))
        return pl.when(number.is_between(1, LARGEST_ID)).then(number).alias(f"{name}_clean")
    if name in OPTIONAL_COLUMNS:
        column = _nothing_as_null(name)
    return column.alias(f"{name}_clean")


def _reason(name: str, broken: bool) -> pl.Expr:
    """Reason for which this column's text cannot be taken; null where it can."""
    text, clean, empty = pl.col(name), pl.col(f"{name}_clean"), pl.col(f"{name}_nothing")
    checks: list[tuple[pl.Expr, str]] = []
    if broken:
        checks += [(text.str.contains(BROKEN), "encoding"), (text.str.contains(CONTROL), "control_character")]
    if name == "data_de_atendimento":
        checks.append((clean.is_null() & ~empty, "invalid_date"))
    elif name == "data_limite":
        checks += [(empty, "empty_field"), (clean.is_null(), "invalid_date")]
    elif name in IDS:
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
    rows = bad.select("line", "column", "reason", "value", "row", "count", "fields", "origin_line")
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
        pl.col("value").str.slice(0, LONGEST_VALUE),
        pl.when(pl.col("reason") == "too_long")
        .then(pl.col("row").map_elements(shortened, pl.String))
        .otherwise("row")
        .alias("row"),
        "origin_line",
    )


def shortened(row: str) -> str:
    """A row that is too long, cut so that it is on one line and still too long: sent again, it is rejected again."""
    whole = row.encode()
    if len(whole) <= LONGEST_ROW:
        return row
    return whole[: LONGEST_ROW + 4].decode(errors="ignore").replace("\r", " ").replace("\n", " ")
