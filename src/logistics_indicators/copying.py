"""The rows of a frame into a table, by COPY."""

import asyncio
from collections.abc import AsyncIterator
from io import BytesIO

import polars as pl

from .database import COPY_SECONDS, Connection

ROWS_AT_A_TIME = 4096
"""Enough to be cheap; as text a whole chunk would take as much room again, and hold the event loop while it is sent."""

ESCAPES = (("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n"), ("\r", "\\r"))


def copy_lines(frame: pl.DataFrame) -> bytes:
    """The frame in PostgreSQL's text format for COPY."""
    for name, dtype in frame.schema.items():
        if dtype == pl.String and frame[name].str.contains(r"[\\\t\n\r]").any():
            column = pl.col(name)
            for plain, escaped in ESCAPES:
                column = column.str.replace_all(plain, escaped, literal=True)
            frame = frame.with_columns(column)
    lines = BytesIO()
    frame.write_csv(
        lines,
        include_header=False,
        separator="\t",
        quote_style="never",
        null_value="\\N",
        datetime_format="%Y-%m-%d %H:%M:%S",
        date_format="%Y-%m-%d",
    )
    return lines.getvalue()


async def copy_frame(connection: Connection, table: str, frame: pl.DataFrame) -> None:
    """Into the columns that have the frame's names."""

    async def pieces() -> AsyncIterator[bytes]:
        for rows in frame.iter_slices(ROWS_AT_A_TIME):
            yield await asyncio.to_thread(copy_lines, rows)

    await connection.copy_to_table(table, source=pieces(), columns=frame.columns, timeout=COPY_SECONDS)
