"""The tables of merged sums, declared here once: merging, vacuuming, rebuilding and verifying follow."""

from collections.abc import Mapping
from dataclasses import dataclass

from .blocks import RECENT_LEVELS, Grain
from .cells import DAY_TOTAL, LATE, OPEN
from .dimensions import ids_in_sql


@dataclass(frozen=True)
class SumTable:
    """A table with a cell of each block of each level, for each of the ids.

    sums: what it adds up, `total` among it. also: what tells its cells apart beside the ids. Both are columns of it, of
    rollup_recent and of rows_of_visits (indicators/visits_of_rows.sql).
    visits: which of the visits that were made, as a condition on rows_of_visits.
    recent: by level, the grain of its cells in rollup_recent. Those of the day are there, and are merged into each.
    own_grains: grains of which it has cells that belong to no level, and are merged as they are.
    title: what its levels are called where they are compared, `{}` being the level.
    """

    name: str
    recent: Mapping[Grain, int]
    sums: tuple[str, ...]
    also: tuple[str, ...] = ()
    visits: str = "TRUE"
    own_grains: tuple[int, ...] = ()
    title: str = "{}"

    @property
    def keys_in_sql(self) -> str:
        """What tells apart the cells of a block."""
        return ", ".join((ids_in_sql(), *self.also))

    def sums_in_sql(self, each: str = "{sum}", between: str = ", ") -> str:
        return between.join(each.format(sum=name) for name in self.sums)


SUM_TABLES = (
    SumTable(
        "rollup",
        recent={grain: grain.value for grain in RECENT_LEVELS},
        sums=("total", "on_time", "seconds"),
        own_grains=(DAY_TOTAL, OPEN),
    ),
    SumTable(
        "rollup_late",
        recent={Grain.day: LATE},
        sums=("total",),
        also=("days_late",),
        visits="days_late > 0",
        title="{} (late)",
    ),
)

SUM_TABLE_NAMES = tuple(table.name for table in SUM_TABLES)
