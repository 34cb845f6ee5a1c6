"""Rows looked at one column after the other, with the first thing wrong of each: the whole rule, and the reasons."""

from dataclasses import dataclass, replace

import polars as pl

from ...http.field_types import MAX_ID
from ...texts import NUL, OTHER_CONTROLS, REPLACEMENT
from ..formats import LONGEST_ROW, FileFormat, Layout
from ..kinds import COLUMNS, KINDS, MOST_ID_DIGITS, SCHEMAS, Column
from .dates import moments_of, parse_column
from .ledger import Ledger, ledger_of
from .normal_texts import Spellings, are_nothing, normal_texts, spellings_of

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
    "was_extra": pl.Boolean,
    "was_missing": pl.Int64,
}
"""`start` and `end` are the row's place in its chunk; `fields` is null where a plain split of `row` will do.
Of a row that was sent before: `was_extra`, it had a field more than the file had columns; `was_missing`, the place of
the first column that it had no field for."""

BROKEN = f"[{NUL}{REPLACEMENT}]"
"""A text that its encoding cannot have held. In a reject NUL is shown as the other."""

CONTROL = f"[{OTHER_CONTROLS}]"


@dataclass(frozen=True)
class CheckedRows:
    """`rows`: line, start, end and the kind's columns, typed. `rejects`: REJECT_SCHEMA. Each in the order given."""

    rows: pl.DataFrame
    rejects: pl.DataFrame
    ledger: Ledger
    spellings: Spellings


def check_rows(rows: pl.DataFrame, fmt: FileFormat) -> CheckedRows:
    """`rows`: ROW_SCHEMA."""
    short = _are_short(rows, fmt.layout)
    if not short.any():
        return _check_rows(rows, fmt)
    names = (
        ("reason", pl.lit("missing_column")),
        ("column", pl.lit(None, pl.String)),
        ("value", pl.lit(None, pl.String)),
    )
    missing = rows.filter(short).with_columns(_count(fmt.layout), **dict(names))
    rejects = _rejects(missing, fmt.layout)
    if short.all():
        return CheckedRows(rows.clear(), rejects, {}, {})
    checked = _check_rows(rows.filter(~short), fmt)
    return replace(checked, rejects=pl.concat([checked.rejects, rejects]).sort("line"))


def _are_short(rows: pl.DataFrame, layout: Layout) -> pl.Series:
    """True for rows with too few fields, however they are read: their values are not looked at."""
    few, row = pl.col("count") < len(layout.columns), pl.col("row")
    is_short = pl.col("fields").is_null() & few & (row.str.len_bytes() <= LONGEST_ROW)
    return rows.with_columns(_count(layout)).select(is_short.alias("short"))["short"]


def _count(layout: Layout) -> pl.Expr:
    """Fields of a row by a plain split."""
    return (pl.col("row").str.count_matches(layout.delimiter, literal=True) + 1).cast(pl.Int64).alias("count")


def _check_rows(rows: pl.DataFrame, fmt: FileFormat) -> CheckedRows:
    split = _split_fields(rows, fmt)
    sent = (split[name].alias(f"{name}_sent") for name in COLUMNS[fmt.kind])
    raw = split.with_columns(*sent, *(normal_texts(split[name]) for name in COLUMNS[fmt.kind]))
    raw = raw.with_columns(
        are_nothing(raw[c.name], computed=not c.is_date).alias(f"{c.name}_nothing") for c in KINDS[fmt.kind].columns
    )
    dates = {name: parse_column(raw.select(_nothing_as_null(name))[name]) for name in KINDS[fmt.kind].dates}
    dtypes = ((name, SCHEMAS[fmt.kind][name]) for name in dates)
    moments = raw.with_columns(moments_of(dates[name], name, dtype).alias(f"{name}_clean") for name, dtype in dtypes)
    checked = _check(moments, fmt)
    good = pl.col("reason").is_null()
    taken = checked.select(good)["reason"]
    columns = [pl.col(f"{c}_clean").alias(c) for c in COLUMNS[fmt.kind]]
    return CheckedRows(
        checked.filter(good).select("line", "start", "end", *columns),
        _rejects(checked.filter(~good), fmt.layout),
        {name: ledger_of(parsed) for name, parsed in dates.items()},
        {name: spellings_of(split[name].filter(taken), raw[name].filter(taken)) for name in KINDS[fmt.kind].grouped_by},
    )


def _split_fields(rows: pl.DataFrame, fmt: FileFormat) -> pl.DataFrame:
    """Adds count (of fields) and the kind's columns, trimmed; null where the row or the file has no such field."""
    names = [f"f{index}" for index in range(len(fmt.layout.columns))]
    delimiter, row, fields = fmt.layout.delimiter, pl.col("row"), pl.col("fields")
    quoted = fields.is_not_null()
    count = _count(fmt.layout)
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
    reasons = {column.name: _reason(column, broken) for column in KINDS[fmt.kind].columns}
    structural = (
        pl.when(pl.col("row").str.len_bytes() > LONGEST_ROW)
        .then(pl.lit("too_long"))
        .when((pl.col("count") < width) | _is_missing_still(fmt.layout))
        .then(pl.lit("missing_column"))
        .when((pl.col("count") > width) | _is_extra_still(fmt.layout))
        .then(pl.lit("extra_column"))
    )
    wrong = {name: pl.col("structural").is_null() & pl.col(f"{name}_reason").is_not_null() for name in reasons}
    return (
        raw.lazy()
        .with_columns(_clean(column) for column in KINDS[fmt.kind].columns if not column.is_date)
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


def _is_extra_still(layout: Layout) -> pl.Expr:
    """The row holds more than blanks in the columns that came with the padding of its file."""
    if not layout.unnamed:
        return pl.lit(False)
    padding = _all_fields(layout).list.slice(len(layout.columns) - layout.unnamed).list.join("")
    return pl.col("was_extra") & (padding.str.strip_chars() != "")


def _is_missing_still(layout: Layout) -> pl.Expr:
    """The row holds nothing but blanks in the fields that it did not have: a spreadsheet fills up rows with them."""
    added = _all_fields(layout).list.slice(pl.col("was_missing")).list.join("")
    return pl.col("was_missing").is_not_null() & (added.str.strip_chars() == "")


def _all_fields(layout: Layout) -> pl.Expr:
    return pl.when(pl.col("fields").is_null()).then(pl.col("row").str.split(layout.delimiter)).otherwise("fields")


def _nothing_as_null(name: str) -> pl.Expr:
    return pl.when(~pl.col(f"{name}_nothing")).then(pl.col(name)).alias(name)


def _clean(column: Column) -> pl.Expr:
    text, clean = pl.col(column.name), f"{column.name}_clean"
    if column.is_id:
        is_number = text.str.contains(f"^0*[0-9]{{1,{MOST_ID_DIGITS}}}$")
        number = pl.when(is_number).then(text.str.strip_chars_start("0").cast(pl.Int64, strict=False))
        return pl.when(number.is_between(1, MAX_ID)).then(number).alias(clean)
    return (_nothing_as_null(column.name) if column.may_be_empty else text).alias(clean)


def _reason(column: Column, broken: bool) -> pl.Expr:
    """Reason for which this column's text cannot be taken; null where it can."""
    name = column.name
    text, clean, empty = pl.col(name), pl.col(f"{name}_clean"), pl.col(f"{name}_nothing")
    checks: list[tuple[pl.Expr, str]] = []
    if broken:
        checks += [(text.str.contains(BROKEN), "encoding"), (text.str.contains(CONTROL), "control_character")]
    if not column.may_be_empty:
        checks.append((empty, "empty_field"))
    if column.is_id:
        checks.append((clean.is_null(), "invalid_id"))
    elif column.is_date:
        checks.append((clean.is_null() & ~empty, "invalid_date"))
    else:
        checks.append((text.str.len_chars() > column.longest, "too_long"))
    if column.pattern:
        checks.append((~text.str.contains(column.pattern), f"invalid_{name}"))
    return pl.coalesce(*(pl.when(wrong).then(pl.lit(reason)) for wrong, reason in checks))


def _rejects(bad: pl.DataFrame, layout: Layout) -> pl.DataFrame:
    """REJECT_SCHEMA. A missing column is named, where it has a name; of an extra one the text is the value."""
    width = len(layout.columns)
    names = pl.Series(layout.columns or [None], dtype=pl.String)
    rows = bad.select(
        "line", "column", "reason", "value", "row", "count", "fields", "origin_line", "was_extra", "was_missing"
    )
    missing, extra = pl.col("reason") == "missing_column", pl.col("reason") == "extra_column"
    named = pl.when("was_extra").then(width - layout.unnamed).otherwise(width)
    return rows.with_columns(
        pl.when(missing)
        .then(pl.lit(names).gather(pl.min_horizontal("count", "was_missing").clip(0, width - 1)))
        .otherwise("column")
        .alias("column"),
        pl.when(extra)
        .then(_all_fields(layout).list.slice(named).list.join(layout.delimiter))
        .otherwise("value")
        .alias("value"),
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
