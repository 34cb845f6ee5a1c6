"""The fast way for rows that are as they should be: whole columns at once, nothing explained.

It takes a row only where checking.py would take it with the same values; every other row is left to that.
"""

from functools import reduce
from operator import and_

import polars as pl

from ...http.field_types import MAX_ID
from ..formats import FileFormat
from ..kinds import COLUMNS, KINDS, MOST_ID_DIGITS, Column
from .checking import CONTROL
from .dates import moments_of, parse_column, parse_repeated
from .ledger import Ledger, ledger_of
from .normal_texts import Spellings, are_nothing, may_hold_odd_texts, normal_texts, spellings_of


def header_of(fmt: FileFormat) -> bytes:
    """Goes before what read_plain_rows reads: polars takes the first bytes for a file's, looks there for a byte order
    mark and for compressed data, and would find either in the rows of a stranger's file."""
    return fmt.layout.delimiter.join(_names(fmt)).encode() + b"\n"


def read_plain_rows(body: bytes, fmt: FileFormat) -> tuple[pl.DataFrame, pl.Series, Ledger, Spellings]:
    """(the kind's columns, whether each row was taken, ledger and spellings of those) for lines that Lines calls plain.

    The body begins with header_of's line. The values of a row that was not taken mean nothing.
    """
    kind, texts = KINDS[fmt.kind], _read_texts(body, fmt)
    words = [column.name for column in kind.columns if column.longest]
    spelled = normal = {name: texts[name] for name in kind.grouped_by}
    if may_hold_odd_texts(body):
        texts = texts.with_columns(normal_texts(texts[name]) for name in words)
        normal = {name: texts[name] for name in kind.grouped_by}
    dates = {c.name: _parse_dates(c, texts[c.name]) for c in kind.columns if c.is_date}
    trimmed = {name: texts[name].str.strip_chars() for name in words}
    nothing = [are_nothing(text, computed=True).alias(f"{name}_nothing") for name, text in trimmed.items()]
    are_dates = (dates[name]["day"].is_not_null().alias(f"{name}_known") for name in dates)
    known = texts.with_columns(nothing).with_columns(are_dates)
    values = (moments_of(dates[c.name], c.name, c.dtype) if c.is_date else _value(c) for c in kind.columns)
    checks = [_is_good(column).fill_null(False) for column in kind.columns]
    if b"\xc2" in body:  # the lead byte of the control characters from U+0080 on
        checks += [~pl.col(name).str.contains(CONTROL).fill_null(False) for name in words]
    taken = known.select(reduce(and_, checks).alias("taken"))["taken"]
    ledger = {name: ledger_of(column if taken.all() else column.filter(taken)) for name, column in dates.items()}
    spellings = {name: _spellings(spelled[name], normal[name], taken) for name in kind.grouped_by}
    return known.select(*values), taken, ledger, spellings


def _spellings(before: pl.Series, normal: pl.Series, taken: pl.Series) -> dict[str, str]:
    if taken.all():
        return spellings_of(before, normal)
    names = normal.filter(taken)
    return spellings_of(names if before is normal else before.filter(taken), names)


def _names(fmt: FileFormat) -> list[str]:
    return [f"f{index}" for index in range(len(fmt.layout.columns))]


def _read_texts(body: bytes, fmt: FileFormat) -> pl.DataFrame:
    """The kind's columns as the file has them, an empty field as null; one that the file lacks is null."""
    places = {name: f"f{index}" for index, name in enumerate(fmt.layout.columns) if name is not None}
    fields = pl.read_csv(
        body,
        has_header=True,
        separator=fmt.layout.delimiter,
        schema=dict.fromkeys(_names(fmt), pl.String),
        quote_char=None,
    )
    lacking = pl.lit(None, pl.String)
    return fields.select(
        (pl.col(places[name]) if name in places else lacking).alias(name) for name in COLUMNS[fmt.kind]
    )


def _parse_dates(column: Column, texts: pl.Series) -> pl.DataFrame:
    """A column of days holds the same texts again and again; one of moments seldom does."""
    return parse_repeated(texts) if column.dtype == pl.Date else parse_column(texts)


def _value(column: Column) -> pl.Expr:
    name = column.name
    if column.is_id:
        return pl.col(name).cast(pl.Int64, strict=False)
    text = pl.col(name).str.strip_chars()
    return pl.when(~pl.col(f"{name}_nothing")).then(text).alias(name) if column.may_be_empty else text


def _is_good(column: Column) -> pl.Expr:
    name, text = column.name, pl.col(column.name)
    if column.is_date:
        known = pl.col(f"{name}_known")
        return known | text.is_null() | (text == "-") if column.may_be_empty else known
    if column.is_id:
        number = text.cast(pl.Int64, strict=False)
        return number.is_between(1, MAX_ID) & (text.str.len_bytes() <= MOST_ID_DIGITS) & ~text.str.starts_with("+")
    stripped = text.str.strip_chars()
    fits = stripped.str.len_bytes() <= column.longest  # in bytes at most as many as in characters
    if column.may_be_empty:
        return fits | text.is_null()
    fits &= ~pl.col(f"{name}_nothing")
    return fits & stripped.str.contains(column.pattern) if column.pattern else fits
