"""What a change to the visits is as rows of rollup_recent, for frames.

sum_signed_visits.sql and append_changed_visits.sql are the same in SQL.
"""

from collections.abc import Iterable

import polars as pl

from .blocks import RECENT_LEVELS, Grain
from .dimensions import IDS

DAY_TOTAL = 5
"""A grain of its own: all visits of a day in one cell, its ids 0."""

OPEN = 6
"""A grain of its own: visits not made yet, by their deadline."""

LATE = 10
"""A grain of its own: late visits of a day, by days_late. In all other cells days_late is 0."""

VISIT_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    **dict.fromkeys(IDS, pl.Int32),
    "data_limite": pl.Date,
    "data_de_atendimento": pl.Datetime("us"),
}
"""Columns of a frame of visits; data_de_atendimento is null for a visit not made yet."""

KEYS = ["block", *IDS]
LATE_KEYS = [*KEYS, "days_late"]
SUMS = ["total", "on_time", "seconds"]
CELL_COLUMNS = ["grain", *LATE_KEYS, *SUMS]

NOBODY, NOTHING = pl.lit(0, pl.Int32), pl.lit(0, pl.Int64)
TRUNCATED = {Grain.month: "1mo", Grain.year: "1y"}


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
    limit, done = pl.col("data_limite"), pl.col("data_de_atendimento")
    day = done.dt.date()
    signed = visits.select(
        pl.coalesce(day, limit).alias("block"),
        *IDS,
        (day - limit).dt.total_days().fill_null(0).clip(0).cast(pl.Int32).alias("days_late"),
        pl.col("sign").alias("total"),
        pl.when(day <= limit).then("sign").otherwise(0).alias("on_time"),
        ((limit.cast(pl.Datetime("us")) - done).dt.total_seconds().fill_null(0) * pl.col("sign")).alias("seconds"),
        done.is_null().alias("open"),
    ).collect()
    attended = signed.filter(~pl.col("open"))
    sums = _summed(attended, KEYS)
    cells = {
        Grain.day.value: sums,
        LATE: _summed(attended.filter(pl.col("days_late") > 0).with_columns(seconds=NOTHING), LATE_KEYS),
        DAY_TOTAL: _summed(sums.with_columns(on_time=NOBODY, seconds=NOTHING, **dict.fromkeys(IDS, NOBODY)), KEYS),
        OPEN: _summed(signed.filter(pl.col("open")), KEYS),
    }
    for grain in RECENT_LEVELS[1:]:
        sums = _summed(sums.with_columns(pl.col("block").dt.truncate(TRUNCATED[grain])), KEYS)
        cells[grain.value] = sums
    return pl.concat(
        frame.sort("block").select(
            pl.lit(grain, pl.Int16).alias("grain"), *KEYS, _days_late(frame), *(pl.col(name) for name in SUMS)
        )
        for grain, frame in sorted(cells.items())
    )


def _days_late(cells: pl.DataFrame) -> pl.Expr:
    return pl.col("days_late") if "days_late" in cells.columns else pl.lit(0, pl.Int32).alias("days_late")


def _summed(cells: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    """Equal cells added up."""
    sums = cells.group_by(keys).agg(pl.col(SUMS).sum())
    return sums.filter(pl.any_horizontal(pl.col(SUMS) != 0))
