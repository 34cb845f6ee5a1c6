"""Frames into tables, by COPY."""

from datetime import date, datetime

import asyncpg
import polars as pl

from logistics_indicators.copying import BINARY, ROWS_AT_A_TIME, copy_binary, copy_frame

VALUES: dict[str, tuple[pl.DataType | type[pl.DataType], list[object]]] = {
    "smallint": (pl.Int16, [0, 1, -1, 32767, -32768]),
    "integer": (pl.Int32, [0, 1, -1, 2**31 - 1, -(2**31)]),
    "bigint": (pl.Int64, [0, 1, -1, 2**63 - 1, -(2**63)]),
    "date": (pl.Date, [date(2000, 1, 1), date(1999, 12, 31), date(1900, 1, 1), date(2199, 12, 31), date(1, 1, 1)]),
    "timestamp": (
        pl.Datetime("us"),
        [
            datetime(2000, 1, 1),
            datetime(1999, 12, 31, 23, 59, 59),
            datetime(1900, 1, 1, 0, 0, 1),
            datetime(2199, 12, 31, 23, 59, 59),
            datetime(2024, 2, 29, 12, 30, 15),
        ],
    ),
}


def every_pattern_of_nulls(height: int) -> pl.DataFrame:
    """Columns with PostgreSQL's types as names; which values of a row are null goes by the bits of its number."""
    return pl.DataFrame(
        {
            name: pl.Series(
                [None if row >> place & 1 else values[row % len(values)] for row in range(height)], dtype=dtype
            )
            for place, (name, (dtype, values)) in enumerate(VALUES.items())
        }
    )


async def stored(connection: asyncpg.Connection, frame: pl.DataFrame) -> list[tuple[object, ...]]:
    columns = ", ".join(f'"{name}" {name}' for name in frame.columns)
    await connection.execute(f"CREATE TEMPORARY TABLE copied ({columns})")
    await copy_frame(connection, "copied", frame)
    return [tuple(record) for record in await connection.fetch("SELECT * FROM copied ORDER BY ctid")]


async def test_numbers_and_days_come_out_as_they_went_in(connection: asyncpg.Connection) -> None:
    frame = every_pattern_of_nulls(2 * ROWS_AT_A_TIME + 7)
    assert {dtype.base_type() for dtype in frame.dtypes} == set(BINARY)
    assert await stored(connection, frame) == frame.rows()


async def test_a_column_without_a_value(connection: asyncpg.Connection) -> None:
    frame = every_pattern_of_nulls(40).with_columns(pl.lit(None, pl.Date).alias("date"))
    assert await stored(connection, frame) == frame.rows()


async def test_no_row(connection: asyncpg.Connection) -> None:
    assert await stored(connection, every_pattern_of_nulls(0)) == []


async def test_texts_come_out_as_they_went_in(connection: asyncpg.Connection) -> None:
    texts = ["", "São João", "a\tb", "a\nb", "a\rb", "\\N", "\\", '"', "a\\tb", None]
    frame = pl.DataFrame({"integer": range(len(texts)), "text": texts}, schema_overrides={"integer": pl.Int32})
    assert await stored(connection, frame) == frame.rows()


def test_rows_are_sent_some_at_a_time() -> None:
    header, *rows, end = copy_binary(every_pattern_of_nulls(ROWS_AT_A_TIME + 1))
    assert len(rows) == 2
    assert header.startswith(b"PGCOPY")
    assert end == b"\xff\xff"
