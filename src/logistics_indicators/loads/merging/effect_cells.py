"""What a load changes, chunk by chunk, in load_cells: kept until it ends, and its effect is told from them.

A check keeps them too. It knows names that are in no table yet, so they are kept as they are.
"""

import polars as pl

from ...copying import copy_frame
from ...database import Connection
from ...rollup.cells import signed_visits
from ...rollup.names import NAMED_SCHEMA
from ..effect_models import MOVED_BY

SUMS = ("total", "on_time", "open")
COLUMNS = ("day", *MOVED_BY, *SUMS)

DONE, LIMIT = pl.col("data_de_atendimento"), pl.col("data_limite")
DAY = pl.coalesce(DONE.dt.date(), LIMIT).alias("day")


def effect_cells(load_id: int, added: pl.DataFrame, removed: pl.DataFrame | None) -> pl.DataFrame | None:
    """What keep_effect_cells keeps; None where no visit changed. Long: for a thread."""
    visits = signed_visits(added, removed, NAMED_SCHEMA)
    return None if visits is None else _cells(visits, load_id)


async def keep_effect_cells(connection: Connection, cells: pl.DataFrame | None) -> None:
    if cells is not None:
        await copy_frame(connection, "load_cells", cells)


def _cells(visits: pl.LazyFrame, load_id: int) -> pl.DataFrame:
    """Days of which the sums come to nothing are among them: they were touched."""
    sums = (
        pl.when(DONE.is_not_null()).then("sign").otherwise(0).sum().alias("total"),
        pl.when(DONE.dt.date() <= LIMIT).then("sign").otherwise(0).sum().alias("on_time"),
        pl.when(DONE.is_null()).then("sign").otherwise(0).sum().alias("open"),
    )
    days, pairs = pl.collect_all([visits.group_by(DAY).agg(sums), visits.group_by(*MOVED_BY).agg(sums)])
    pairs = pairs.filter(pl.any_horizontal(pl.col(SUMS) != 0))
    return pl.concat([days, pairs], how="diagonal").select(pl.lit(load_id).alias("load_id"), *COLUMNS)


FORGET = "DELETE FROM load_cells WHERE load_id = $1"


async def forget_effect_cells(connection: Connection, load_id: int) -> None:
    await connection.execute(FORGET, load_id)
