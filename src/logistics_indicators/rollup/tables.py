"""The sums: what a visit adds to them, and which tables hold them. Declared here once.

What appends, merges, gathers, vacuums, rebuilds, verifies and reads cells follows. Only visits_of_rows.sql, with which
verifying compares, says on its own what a visit's numbers are.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import polars as pl

from .blocks import RECENT_LEVELS, Grain
from .dimensions import IDS, ids_in_sql

LIMIT, DONE = pl.col("data_limite"), pl.col("data_de_atendimento")


@dataclass(frozen=True, eq=False)
class Number:
    """A whole number of a visit, for frames and, the same, for SQL. Null, as of one not made yet, counts as 0."""

    name: str
    in_frames: pl.Expr
    in_sql: str


TOTAL = Number("total", pl.lit(1), "1")
ON_TIME = Number(
    "on_time",
    (DONE.dt.date() <= LIMIT).cast(pl.Int32),
    "(data_de_atendimento::date <= data_limite)::integer",
)
SECONDS = Number(
    "seconds",
    (LIMIT.cast(pl.Datetime("us")) - DONE).dt.total_seconds(),
    "EXTRACT(epoch FROM data_limite::timestamp - data_de_atendimento)",
)
DAYS_LATE = Number(
    "days_late",
    (DONE.dt.date() - LIMIT).dt.total_days().clip(0).cast(pl.Int32),
    "GREATEST(data_de_atendimento::date - data_limite, 0)",
)


@dataclass(frozen=True)
class OwnGrain:
    """Cells of a table that belong to no level: of its total alone, by day, and merged as they are.

    number: their grain. visits: which, as a condition on the numbers and on `open`. by_ids: else a day is one cell,
    its ids 0. title: what they are called where they are compared.
    """

    number: int
    title: str
    visits: str
    by_ids: bool = True


DAY_TOTAL = OwnGrain(5, "day (all)", "NOT open", by_ids=False)
OPEN = OwnGrain(6, "open", "open")
"""Visits not made yet, by their deadline."""


@dataclass(frozen=True, eq=False)
class SumTable:
    """A table with a cell of each block of each level, for each of the ids.

    sums: what it adds up, TOTAL among it. also: what tells its cells apart beside the ids; 0 in the cells of others.
    Each is a column of it, of rollup_recent and of rows_of_visits (indicators/visits_of_rows.sql).
    visits: which of the visits that were made, as a condition on the numbers, for SQL and for frames.
    recent: by level, from the shortest, the grain of its cells in rollup_recent. Those of the day are there, and are
    merged into each.
    title: what its levels are called where they are compared, `{}` being the level.
    """

    name: str
    recent: Mapping[Grain, int]
    sums: tuple[Number, ...]
    also: tuple[Number, ...] = ()
    visits: str = "TRUE"
    own_grains: tuple[OwnGrain, ...] = ()
    title: str = "{}"

    @property
    def keys(self) -> tuple[str, ...]:
        """What tells apart the cells of a block."""
        return (*IDS, *names_of(self.also))

    @property
    def keys_in_sql(self) -> str:
        return ", ".join(self.keys)

    def sums_in_sql(self, each: str = "{sum}", between: str = ", ") -> str:
        return between.join(each.format(sum=number.name) for number in self.sums)


def names_of(numbers: Iterable[Number]) -> tuple[str, ...]:
    return tuple(number.name for number in numbers)


ROLLUP = SumTable(
    "rollup",
    recent={grain: grain.value for grain in RECENT_LEVELS},
    sums=(TOTAL, ON_TIME, SECONDS),
    own_grains=(DAY_TOTAL, OPEN),
)
LATE = SumTable(
    "rollup_late",
    recent={Grain.day: 10},
    sums=(TOTAL,),
    also=(DAYS_LATE,),
    visits="days_late > 0",
    title="{} (late)",
)

SUM_TABLES = (ROLLUP, LATE)
SUM_TABLE_NAMES = tuple(table.name for table in SUM_TABLES)

SUMS = tuple(dict.fromkeys(number for table in SUM_TABLES for number in table.sums))
APART = tuple(dict.fromkeys(number for table in SUM_TABLES for number in table.also))

CELL_KEYS = (*IDS, *names_of(APART))
CELL_SUMS = names_of(SUMS)
"""Columns of rollup_recent, behind grain and block."""


def filled(wanted: Iterable[str], there: Collection[str], each: str = "{}") -> str:
    """These columns in SQL, and 0 in the place of those that are not there."""
    return ", ".join(each.format(name) if name in there else "0" for name in wanted)


def own_cells_in_sql(own: OwnGrain, visits: str, keys: Iterable[str], sums: Iterable[str]) -> str:
    """A SELECT of these cells with these columns, from a table of visits summed by day."""
    columns = f"{filled(keys, IDS if own.by_ids else ())}, {filled(sums, [TOTAL.name], 'sum({})')}"
    groups = f"day, {ids_in_sql()}" if own.by_ids else "day"
    return f"SELECT {own.number}, day, {columns} FROM {visits} WHERE {own.visits} GROUP BY {groups}"
