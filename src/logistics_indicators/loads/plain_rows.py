"""The fast way for rows that are as they should be: whole columns at once, nothing explained.

It takes a row only where checking.py would take it with the same values; every other row is left to that.
"""

from functools import reduce
from operator import and_

import polars as pl

from ..customers.models import EMAIL_PATTERN
from .checking import CONTROL
from .dates import moments_of, parse_column, parse_repeated
from .formats import COLUMNS, OPTIONAL_COLUMNS, FileFormat, Kind
from .ledger import Ledger, ledger_of
from .normal_texts import Spellings, are_nothing, may_hold_odd_texts, normal_texts, spellings_of
from .rules import DATES, GROUPED, IDS, LARGEST_ID, LONGEST, MOST_ID_DIGITS


def header_of(fmt: FileFormat) -> bytes:
    """Goes before what read_plain_rows reads: polars takes the first bytes for a file's, looks there for a byte order
    mark and for compressed data, and would find either in the rows of a stranger's file."""
    return fmt.layout.delimiter.join(_names(fmt)).encode() + b"\n"


def read_plain_rows(body: bytes, fmt: FileFormat) -> tuple[pl.DataFrame, pl.Series, Ledger, Spellings]:
    """(the kind's columns, whether each row was taken, ledger and spellings of those) for lines that Lines calls plain.

    The body begins with header_of's line. The values of a row that was not taken mean nothing.
    """
    texts = _read_texts(body, fmt)
    spelled = texts
    if may_hold_odd_texts(body):
        texts = texts.with_columns(normal_texts(texts[name]) for name in LONGEST if name in texts.columns)
    dates = {name: _parse_dates(name, texts[name]) for name in DATES if fmt.kind is Kind.services}
    trimmed = {name: texts[name].str.strip_chars() for name in LONGEST if name in texts}
    nothing = [are_nothing(text, computed=True).alias(f"{name}_nothing") for name, text in trimmed.items()]
    are_dates = (dates[name]["day"].is_not_null().alias(f"{name}_known") for name in dates)
    known = texts.with_columns(nothing).with_columns(are_dates)
    values = (moments_of(dates[name], name) if name in dates else _value(name) for name in COLUMNS[fmt.kind])
    checks = [_is_good(name).fill_null(False) for name in COLUMNS[fmt.kind]]
    if b"\xc2" in body:  # the lead byte of the control characters from U+0080 on
        checks += [~pl.col(name).str.contains(CONTROL).fill_null(False) for name in LONGEST if name in texts]
    taken = known.select(reduce(and_, checks).alias("taken"))["taken"]
    ledger = {name: ledger_of(column if taken.all() else column.filter(taken)) for name, column in dates.items()}
    spellings = {
        name: spellings_of(spelled[name].filter(taken), texts[name].filter(taken))
        for name in GROUPED
        if name in texts and texts is not spelled
    }
    return known.select(*values), taken, ledger, spellings


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
    return pl.when(~pl.col(f"{name}_nothing")).then(text).alias(name) if name in OPTIONAL_COLUMNS else text


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
    fits &= ~pl.col(f"{name}_nothing")
    return fits & stripped.str.contains(EMAIL_PATTERN) if name == "email" else fits
