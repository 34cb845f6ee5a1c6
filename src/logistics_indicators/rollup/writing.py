"""The write side: every transaction that changes services calls this module.

Each call appends the cells that it changed to rollup_recent, under a number of its own in rollup_waiting. Nothing
is updated, so writers never wait for each other, and what a reader sums is exact at every commit. The number of
calls ever committed is the data's version. Who it was is appended to visit_commits, a row a transaction.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import polars as pl

from ..copying import copy_frame
from ..database import Connection, each_row_once
from .blocks import levels_in_sql
from .cells import VISIT_SCHEMA, VISIT_TYPES, cells_of, signed_visits
from .commits import Commit, Tally, tally_of
from .dimensions import ids_in_sql
from .tables import (
    APART,
    CELL_KEYS,
    CELL_SUMS,
    SUM_TABLES,
    SUMS,
    SumTable,
    filled,
    names_of,
    own_cells_in_sql,
)


class Sums(NamedTuple):
    """Of changed visits: what append_sums appends."""

    cells: pl.DataFrame
    tally: Tally


def sums_of(added: pl.DataFrame | None, removed: pl.DataFrame | None) -> Sums | None:
    """Of frames with VISIT_SCHEMA's columns (others are ignored); None where nothing changed. Long: for a thread."""
    visits = signed_visits(added, removed, VISIT_SCHEMA)
    if visits is None:
        return None
    cells = cells_of(visits)
    return Sums(cells, tally_of(visits)) if cells.height else None


async def append_sums(connection: Connection, commit: Commit, sums: Sums | None) -> None:
    """Add visits to the rollup, or take them out. Call inside the transaction that writes the rows."""
    if sums is None:
        return
    waiting = await connection.fetchval(WAIT, sums.cells.height)
    await copy_frame(
        connection, "rollup_recent", sums.cells.select(pl.lit(waiting, pl.Int64).alias("commit_id"), pl.all())
    )
    await commit.append(connection, sums.tally)


WAIT = "INSERT INTO rollup_waiting (cells) VALUES ($1) RETURNING id"


def _cells_in(table: SumTable) -> Iterator[str]:
    """As cells.py has them, from changed_visits."""
    for own in table.own_grains:
        yield own_cells_in_sql(own, "changed_visits", CELL_KEYS, CELL_SUMS)
    keys, sums = filled(CELL_KEYS, table.keys), filled(CELL_SUMS, names_of(table.sums), "sum({})")
    yield f"""SELECT level.grain, level.block, {keys}, {sums}
    FROM changed_visits, LATERAL (VALUES {levels_in_sql(table.recent, "day")}) AS level (grain, block)
    WHERE NOT open AND {table.visits} GROUP BY level.grain, level.block, {table.keys_in_sql}"""


FOLDER = Path(__file__).parent
KEYS_AND_SUMS = {"keys": ", ".join(CELL_KEYS), "sums": ", ".join(CELL_SUMS)}


def _sql(name: str, **parts: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8").format(ids=ids_in_sql(), **parts)


SUM_SIGNED_VISITS = _sql(
    "sum_signed_visits.sql",
    **KEYS_AND_SUMS,
    apart=", ".join(f"COALESCE({number.in_sql}, 0) AS {number.name}" for number in APART),
    added=", ".join(f"COALESCE(sum(sign * {number.in_sql}), 0)" for number in SUMS),
).rstrip()
DELETE_VISITS_OF_LOAD = _sql("delete_visits_of_load.sql", **KEYS_AND_SUMS, sum_signed_visits=SUM_SIGNED_VISITS)
RESTORE_VISITS_OF_LOAD = _sql(
    "restore_visits_of_load.sql",
    values_before="{values_before}",
    **KEYS_AND_SUMS,
    sum_signed_visits=SUM_SIGNED_VISITS,
    ids_before=ids_in_sql("before.{id}"),
    named_ids_now=ids_in_sql("now.{id} AS {id}_now"),
    ids_now=ids_in_sql("{id}_now"),
)
APPENDED_VISITS = _sql(
    "append_changed_visits.sql",
    **KEYS_AND_SUMS,
    cells="\n    UNION ALL\n    ".join(select for table in SUM_TABLES for select in _cells_in(table)),
    changed=" OR ".join(f"{name} <> 0" for name in CELL_SUMS),
).rstrip()
TALLY_CHANGED = """
SELECT COALESCE(sum(total) FILTER (WHERE total > 0), 0), COALESCE(-sum(total) FILTER (WHERE total < 0), 0),
       COALESCE(sum(total) FILTER (WHERE total > 0 AND NOT open AND days_late = 0), 0),
       COALESCE(-sum(total) FILTER (WHERE total < 0 AND NOT open AND days_late = 0), 0),
       COALESCE(sum(total) FILTER (WHERE total > 0 AND open), 0),
       COALESCE(-sum(total) FILTER (WHERE total < 0 AND open), 0),
       min(day), max(day)
FROM changed_visits WHERE EXISTS (SELECT FROM waiting)
"""
APPEND_CHANGED_VISITS = f"WITH {APPENDED_VISITS}{TALLY_CHANGED}"
RECORD_VISITS = _sql(
    "record_visits.sql",
    **KEYS_AND_SUMS,
    visits=", ".join(f"${place}::{kind}[]" for place, kind in enumerate(("integer", *VISIT_TYPES), start=1)),
    sum_signed_visits=SUM_SIGNED_VISITS,
    append_changed_visits=APPENDED_VISITS,
    tally_changed=TALLY_CHANGED.strip(),
)
TAKE_BACK_SECONDS = 600


async def record_visits(
    connection: Connection,
    commit: Commit,
    *,
    added: Sequence[Mapping[str, object]] = (),
    removed: Sequence[Mapping[str, object]] = (),
) -> None:
    """As append_sums, of a handful of visits: one statement, where frames take a thread and longer."""
    signs = [1] * len(added) + [-1] * len(removed)
    columns = ([visit[name] for visit in (*added, *removed)] for name in VISIT_SCHEMA)
    await commit.append(connection, Tally(*await connection.fetchrow(RECORD_VISITS, signs, *columns)))


class TakenBack(NamedTuple):
    """What became of a load's rows."""

    removed: int
    """It had inserted them."""
    restored: int
    """It had updated them, and they have their values before it again."""
    kept: int
    """It had updated them too, but they were changed or deleted since, and stay as they are."""
    changed: int
    """Of those that were removed: they had been changed since."""


async def take_back_visits_of_load(
    connection: Connection, load_id: int, commit: Commit, values_before: str
) -> TakenBack:
    """Delete the services that a load inserted, give those that it updated their values before; the rollup follows.

    values_before: what the UPDATE sets, which loads/kinds.py declares.
    In several statements: the first ones may wait for a writer that changes a row, and take out what that has left.
    """
    restore = RESTORE_VISITS_OF_LOAD.format(values_before=values_before)
    async with connection.transaction():
        await connection.execute(CREATE_CHANGED_VISITS)
        gone = await connection.fetchrow(DELETE_VISITS_OF_LOAD, load_id, timeout=TAKE_BACK_SECONDS)
        async with each_row_once(connection):
            back = await connection.fetchrow(restore, load_id, timeout=TAKE_BACK_SECONDS)
        tally = await connection.fetchrow(APPEND_CHANGED_VISITS, timeout=TAKE_BACK_SECONDS)
        await commit.append(connection, Tally(*tally))
        await connection.execute("DROP TABLE changed_visits")
    return TakenBack(gone["removed"], back["restored"], back["kept"], gone["changed"])


CREATE_CHANGED_VISITS = f"""
CREATE TEMPORARY TABLE changed_visits AS
SELECT block AS day, false AS open, {KEYS_AND_SUMS["keys"]}, {KEYS_AND_SUMS["sums"]} FROM rollup_recent WITH NO DATA
"""
