"""A Parquet file, written in row groups by polars' streaming engine: memory does not grow with it."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from pathlib import Path

import polars as pl
from polars.io.plugins import register_io_source

from .columns import Batch, Column

ROWS_A_GROUP = 50_000

_TYPES: dict[type, pl.DataType | type[pl.DataType]] = {
    str: pl.String,
    int: pl.Int64,
    float: pl.Float64,
    bool: pl.Boolean,
    date: pl.Date,
    datetime: pl.Datetime("ms"),
}


def write(path: Path, columns: Sequence[Column], batches: Iterable[Batch]) -> None:
    schema = pl.Schema({column.name: _TYPES[column.type] for column in columns})

    def frames(
        with_columns: list[str] | None, predicate: pl.Expr | None, n_rows: int | None, batch_size: int | None
    ) -> Iterator[pl.DataFrame]:
        yield pl.DataFrame(schema=schema)
        for batch in batches:
            yield pl.DataFrame([tuple(row) for row in batch], schema=schema, orient="row")

    register_io_source(frames, schema=schema).sink_parquet(path, row_group_size=ROWS_A_GROUP)
