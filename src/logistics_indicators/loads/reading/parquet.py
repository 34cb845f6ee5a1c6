"""Parquet: types as they are, texts as in CSV. Rows are read a slice at a time."""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

from .named import header, listed, row
from .protocol import Head, Refused, Request
from .records import MOST_FIELDS

if TYPE_CHECKING:
    import polars as pl

ROWS_AT_A_TIME = 20_000
BROKEN = "The Parquet file is broken, or written in a way that is not read here."
MOMENT = "%Y-%m-%d %H:%M:%S"


def read(file: BinaryIO, request: Request) -> Iterator[bytes]:
    os.environ["POLARS_MAX_THREADS"] = "1"  # memory is bounded, and each thread takes some
    import polars as pl

    try:
        yield from _records(pl.scan_parquet(f"/dev/fd/{file.fileno()}"))
    except (pl.exceptions.PolarsError, OSError, pl.exceptions.PanicException) as error:
        raise Refused(BROKEN) from error


def _records(table: "pl.LazyFrame") -> Iterator[bytes]:
    schema = table.collect_schema()
    if len(schema) >= MOST_FIELDS:
        raise Refused("The Parquet file has more than 500 columns.")
    others = [name for name, dtype in schema.items() if not _is_plain(dtype)]
    names = [name for name, dtype in schema.items() if _is_plain(dtype)]
    if not names:
        raise Refused("The Parquet file has no column of plain values.")
    warnings = [f"Columns that hold no plain values were passed over: {listed(others)}."] if others else []
    yield (Head(warnings=warnings).as_json() + "\n").encode() + header(names)
    columns = [_as_text(name, schema[name]) for name in names]
    place = 0
    while rows := table.slice(place, ROWS_AT_A_TIME).select(columns).collect(engine="in-memory").rows():
        yield b"".join(row(list(texts)) for texts in rows)
        place += len(rows)


def _is_plain(dtype: "pl.DataType") -> bool:
    import polars as pl

    return dtype.is_numeric() or isinstance(
        dtype, pl.String | pl.Categorical | pl.Enum | pl.Boolean | pl.Date | pl.Datetime | pl.Null
    )


def _as_text(name: str, dtype: "pl.DataType") -> "pl.Expr":
    """A moment with a zone keeps it, and is no date here: which wall's time it was, nobody guesses."""
    import polars as pl

    column = pl.col(name)
    text = column.cast(pl.String)
    if dtype.is_float():
        is_whole = column.is_finite() & (column == column.floor()) & (column.abs() < 2**53)
        text = pl.when(is_whole).then(column.cast(pl.Int64, strict=False).cast(pl.String)).otherwise(text)
    elif isinstance(dtype, pl.Decimal):
        text = text.str.replace(r"\.0+$", "")
    elif isinstance(dtype, pl.Boolean):
        text = text.str.to_uppercase()
    elif isinstance(dtype, pl.Datetime):
        text = column.dt.to_string(MOMENT if dtype.time_zone is None else f"{MOMENT}%:z")
    return text.fill_null("")
