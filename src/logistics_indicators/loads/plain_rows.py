"""The fast way for rows that are as they should be: whole columns at once, nothing explained.

It takes a row only where checking.py would take it with the same values; every other row is left to that.
"""

from functools import reduce
from operator import and_

import polars as pl

from ..customers.models import EMAIL_PATTERN
from .dates import moments_of, parse_column, parse_repeated
from .formats import COLUMNS, OPTIONAL_COLUMNS, FileFormat, Kind
from .ledger import Ledger, ledger_of
from .rules import DATES, IDS, LARGEST_ID, LONGEST, MOST_ID_DIGITS, NOTHING


def header_of(fmt: FileFormat) -> bytes:
    """Goes before what read_plain_rows reads: polars takes the first bytes for a file's, looks there for a byte order
    mark and for compressed data, and would find either in the rows of a stranger's file."""
    return fmt.layout.delimiter.join(_names(fmt)).encode() + b"\n"


def read_plain_rows(body: bytes, fmt: FileFormat) -> tuple[pl.DataFrame, pl.Series, Ledger]:
    """(the kind's columns, whether each row was taken, the ledger of those taken) for lines that Lines calls plain.

    The body begins with header_of's line. The values of a row that was not taken mean nothing.
    """
    texts = _read_texts(body, fmt)
    dates = {name: _parse_dates(name, texts[name]) for name in DATES if fmt.kind is Kind.services}
    known = texts.with_columns(dates[name]["day"].is_not_null().alias(f"{name}_known") for name in dates)
    values = (moments_of(dates[name], name) if name in dates else _value(name) for name in COLUMNS[fmt.kind])
    checks = (_is_good(name).fill_null(False) for name in COLUMNS[fmt.kind])
    taken = known.select(reduce(and_, checks).alias("taken"))["taken"]
    ledger = {name: ledger_of(column if taken.all() else column.filter(taken)) for name, column in dates.items()}
    return texts.select(*values), taken, ledger


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


def _parse_dates(name: str, texts: pl.Series) -> pl.DataFrame:
    return parse_repeated(texts) if name == "data_limite" else parse_column(texts)


def _value(name: str) -> pl.Expr:
    if name in IDS:
        return pl.col(name).cast(pl.Int64, strict=False)
    text = pl.col(name).str.strip_chars()
    return pl.when(~text.is_in(NOTHING)).then(text).alias(name) if name in OPTIONAL_COLUMNS else text


def _is_good(name: str) -> pl.Expr:
    text = pl.col(name)
    if name in DATES:
        known = pl.col(f"{name}_known")
        return known if name == "data_limite" else known | text.is_null() | (text == "-")
    if name in IDS:
        number = text.cast(pl.Int64, strict=False)
        return number.is_between(1, LARGEST_ID) & (text.str.len_bytes() <= MOST_ID_DIGITS) & ~text.str.starts_with("+")
    stripped = text.str.strip_chars()
    fits = stripped.str.len_bytes() <= LONGEST[name]  # in bytes at most as many as in characters
    if name in OPTIONAL_COLUMNS:
        return fits | text.is_null()
    return fits & (stripped.str.contains(EMAIL_PATTERN) if name == "email" else stripped != "")
