"""What a change to the visits is as rows of rollup_recent, for frames.

sum_signed_visits.sql and append_changed_visits.sql are the same in SQL.
"""

from collections.abc import Iterable, Iterator, Sequence

import polars as pl

from .blocks import Grain
from .dimensions import IDS
from .tables import APART, CELL_KEYS, CELL_SUMS, DONE, LIMIT, SUM_TABLES, SUMS, TOTAL, SumTable, names_of

VISIT_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    **dict.fromkeys(IDS, pl.Int32),
    "data_limite": pl.Date,
    "data_de_atendimento": pl.Datetime("us"),
}
"""Columns of a frame of visits; data_de_atendimento is null for a visit not made yet."""

VISIT_TYPES = (*["integer"] * len(IDS), "date", "timestamp")
"""PostgreSQL's, of the same columns."""

CELL_COLUMNS = ["grain", "block", *CELL_KEYS, *CELL_SUMS]

TRUNCATED = {Grain.day: "1d", Grain.month: "1mo", Grain.year: "1y"}


def signed_visits(
    added: pl.DataFrame | None, removed: pl.DataFrame | None, columns: Iterable[str]
) -> pl.LazyFrame | None:
    """These columns of both and a sign; None where there is no visit.

    A visit that goes and comes as it was is left out.
    """
    signed = [
        frame.lazy().select(*columns, pl.lit(sign, pl.Int32).alias("sign"))
        for frame, sign in ((added, 1), (removed, -1))
        if frame is not None and frame.height
    ]
    if not signed:
        return None
    if len(signed) == 1:
        return signed[0]
    return pl.concat(signed).group_by(*columns).agg(pl.col("sign").sum()).filter(pl.col("sign") != 0)


def cells_of(visits: pl.LazyFrame) -> pl.DataFrame:
    """Rows with CELL_COLUMNS from visits with VISIT_SCHEMA and a sign, sorted by grain and block.

    Cells that cancel out stay away.
    """
    signed = visits.select(
        pl.coalesce(DONE.dt.date(), LIMIT).alias("block"),
        DONE.is_null().alias("open"),
        *IDS,
        *(number.in_frames.fill_null(0).alias(number.name) for number in APART),
        *((number.in_frames * pl.col("sign")).fill_null(0).alias(number.name) for number in SUMS),
    ).collect()
    cells = {grain: frame for table in SUM_TABLES for grain, frame in _cells_in(table, signed)}
    return pl.concat(
        frame.sort("block").select(pl.lit(grain, pl.Int16).alias("grain"), *_columns(frame, signed.schema))
        for grain, frame in sorted(cells.items())
    )


def _cells_in(table: SumTable, signed: pl.DataFrame) -> Iterator[tuple[int, pl.DataFrame]]:
    """By grain. Each level adds up the one before."""
    for own in table.own_grains:
        yield own.number, _summed(signed.filter(pl.sql_expr(own.visits)), IDS if own.by_ids else (), [TOTAL.name])
    sums = signed.filter(pl.sql_expr(f"NOT open AND {table.visits}"))
    for level, grain in table.recent.items():
        sums = sums.with_columns(pl.col("block").dt.truncate(TRUNCATED[level]))
        sums = _summed(sums, table.keys, names_of(table.sums))
        yield grain, sums


def _summed(cells: pl.DataFrame, keys: Sequence[str], sums: Sequence[str]) -> pl.DataFrame:
    """Equal cells added up."""
    added = cells.group_by("block", *keys).agg(pl.col(sums).sum())
    return added.filter(pl.any_horizontal(pl.col(sums) != 0))


def _columns(cells: pl.DataFrame, schema: pl.Schema) -> Iterator[pl.Expr]:
    """Those of CELL_COLUMNS behind the grain; 0 where the cells have none."""
    for name in CELL_COLUMNS[1:]:
        yield pl.col(name) if name in cells.columns else pl.lit(0, schema[name]).alias(name)
