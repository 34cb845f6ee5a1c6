"""The rows of a frame into a table, by COPY."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import date, timedelta
from io import BytesIO

import numpy as np
import polars as pl

from .database import COPY_SECONDS, Connection

ROWS_AT_A_TIME = 4096
"""Enough to be cheap; as text a whole chunk would take as much room again, and hold the event loop while it is sent."""

ESCAPES = (("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n"), ("\r", "\\r"))


def copy_text(frame: pl.DataFrame) -> Iterator[bytes]:
    """The frame in PostgreSQL's text format for COPY."""
    for name, dtype in frame.schema.items():
        if dtype == pl.String and frame[name].str.contains(r"[\\\t\n\r]").any():
            column = pl.col(name)
            for plain, escaped in ESCAPES:
                column = column.str.replace_all(plain, escaped, literal=True)
            frame = frame.with_columns(column)
    for rows in frame.iter_slices(ROWS_AT_A_TIME):
        lines = BytesIO()
        rows.write_csv(
            lines,
            include_header=False,
            separator="\t",
            quote_style="never",
            null_value="\\N",
            datetime_format="%Y-%m-%d %H:%M:%S",
            date_format="%Y-%m-%d",
        )
        yield lines.getvalue()


BINARY_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
EPOCH = date(2000, 1, 1) - date(1970, 1, 1)
"""PostgreSQL's days and moments begin that much later than those of polars."""

BINARY: dict[type[pl.DataType], tuple[str, int]] = {
    pl.Int16: (">i2", 0),
    pl.Int32: (">i4", 0),
    pl.Int64: (">i8", 0),
    pl.Date: (">i4", EPOCH.days),
    pl.Datetime: (">i8", EPOCH // timedelta(microseconds=1)),
}
"""Of smallint, integer, bigint, date, timestamp in microseconds: bytes of a value, and PostgreSQL's zero in polars."""


def copy_binary(frame: pl.DataFrame) -> Iterator[bytes]:
    """The frame in PostgreSQL's binary format for COPY; its columns have types of BINARY.

    Of each row: the number of its columns, and of each column its size in bytes (-1: null, and no value) and its value.
    """
    kinds = [BINARY[dtype.base_type()] for dtype in frame.dtypes]
    parts = [part for at, (kind, _) in enumerate(kinds) for part in ((f"size{at}", ">i4"), (f"value{at}", kind))]
    layout = np.dtype([("columns", ">i2"), *parts])
    values = frame.select(pl.all().to_physical().fill_null(0))
    nulls = {at: column.is_null() for at, column in enumerate(frame) if column.null_count()}
    yield BINARY_HEADER
    for start in range(0, frame.height, ROWS_AT_A_TIME):
        some = values.slice(start, ROWS_AT_A_TIME)
        rows = np.empty(some.height, layout)
        rows["columns"] = frame.width
        for at, ((_, zero), column) in enumerate(zip(kinds, some, strict=True)):
            rows[f"size{at}"] = layout[f"value{at}"].itemsize
            rows[f"value{at}"] = column.to_numpy() - zero if zero else column.to_numpy()
        missing = {at: column.slice(start, ROWS_AT_A_TIME).to_numpy() for at, column in nulls.items()}
        yield _without(rows, missing) if missing else rows.tobytes()
    yield b"\xff\xff"


def _without(rows: np.ndarray, missing: Mapping[int, np.ndarray]) -> bytes:
    """The rows of copy_binary without the values that are null."""
    words = rows.view(np.uint16).reshape(len(rows), -1)  # every part is some of them
    stays = np.ones(words.shape, np.bool_)
    for at, is_null in missing.items():
        value, start = rows.dtype.fields[f"value{at}"][:2]  # type: ignore[index]
        rows[f"size{at}"][is_null] = -1
        stays[is_null, start // 2 : (start + value.itemsize) // 2] = False
    return words[stays].tobytes()


async def copy_frame(connection: Connection, table: str, frame: pl.DataFrame) -> None:
    """Into the columns that have the frame's names, and types that go with the frame's.

    Numbers and days go as binary, which costs the server half of what text does.
    """
    is_binary = all(dtype.base_type() in BINARY for dtype in frame.dtypes)
    pieces = copy_binary(frame) if is_binary else copy_text(frame)

    async def source() -> AsyncIterator[bytes]:
        while piece := await asyncio.to_thread(next, pieces, b""):
            yield piece

    form = "binary" if is_binary else "text"
    await connection.copy_to_table(table, source=source(), columns=frame.columns, format=form, timeout=COPY_SECONDS)
