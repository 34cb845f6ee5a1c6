"""The write side: every transaction that changes services calls this module.

Each call appends the cells that it changed to rollup_recent, under a number of its own in rollup_waiting. Nothing
is updated, so writers never wait for each other, and what a reader sums is exact at every commit. The number of
calls ever committed is the data's version. Who it was is appended to visit_commits, a row a transaction.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import NamedTuple

import polars as pl

from ..database import Connection, Pool, copy_bytes, each_row_once
from ..states import state_in_name
from .blocks import RECENT_LEVELS, levels_in_sql
from .cells import CELL_COLUMNS, VISIT_SCHEMA, cells_of, signed_visits
from .commits import Commit, Tally, tally_of


@dataclass(frozen=True)
class Visit:
    """What the rollup needs of a row of services."""

    angel: str
    polo: str
    data_limite: date
    data_de_atendimento: datetime | None


async def record(
    connection: Connection, commit: Commit, *, added: Sequence[Visit] = (), removed: Sequence[Visit] = ()
) -> None:
    """Add single visits to the rollup, or take them out. Call inside the transaction that writes the rows."""
    await record_frames(connection, commit, added=_frame(added), removed=_frame(removed))


async def record_frames(
    connection: Connection,
    commit: Commit,
    *,
    added: pl.DataFrame | None = None,
    removed: pl.DataFrame | None = None,
    pool: Pool | None = None,
) -> None:
    """As `record`, for frames with VISIT_SCHEMA's columns (others are ignored).

    With a pool, new names are committed at once by another session: writers that stay in their transactions for
    long, and each of which meets names that are new to the other as well, then never wait for one another.
    """
    visits = signed_visits(added, removed)
    if visits is None:
        return
    ids: dict[str, dict[str, int]] = {}
    for table, column in (("angels", "angel"), ("polos", "polo")):
        names = await asyncio.to_thread(_distinct, visits, column)
        ids[column] = await dimension_ids(connection, table, names, pool)
    cells = await asyncio.to_thread(cells_of, visits, ids["angel"], ids["polo"])
    if cells.height:
        await _append(connection, cells)
        await commit.append(connection, await asyncio.to_thread(tally_of, visits))


def _frame(visits: Sequence[Visit]) -> pl.DataFrame:
    rows = [(v.angel, v.polo, v.data_limite, v.data_de_atendimento) for v in visits]
    return pl.DataFrame(rows, schema=VISIT_SCHEMA, orient="row")


def _distinct(visits: pl.LazyFrame, column: str) -> list[str]:
    return visits.select(pl.col(column).unique()).collect()[column].to_list()


INSERT_ANGELS = "INSERT INTO angels (name) SELECT unnest($1::text[]) ON CONFLICT (name) DO NOTHING"
INSERT_POLOS = """
INSERT INTO polos (name, uf) SELECT * FROM unnest($1::text[], $2::text[]) ON CONFLICT (name) DO NOTHING
"""


async def dimension_ids(
    connection: Connection, table: str, names: list[str], pool: Pool | None = None
) -> dict[str, int]:
    """Ids of the names, which are added where they are new (in order, so that two writers cannot deadlock)."""
    names = sorted(names, key=lambda name: name.encode())
    found = f"SELECT name, id FROM {table} WHERE name = ANY($1::text[])"
    ids: dict[str, int] = dict(await connection.fetch(found, names))
    new = [name for name in names if name not in ids]
    if new:
        if table == "polos":
            await (pool or connection).execute(INSERT_POLOS, new, [state_in_name(name) for name in new])
        else:
            await (pool or connection).execute(INSERT_ANGELS, new)
        ids.update(await connection.fetch(found, new))
    return ids


WAIT = "INSERT INTO rollup_waiting (cells) VALUES ($1) RETURNING id"


async def _append(connection: Connection, cells: pl.DataFrame) -> None:
    commit = await connection.fetchval(WAIT, cells.height)
    lines = await asyncio.to_thread(_lines, cells, commit)
    await copy_bytes(connection, "rollup_recent", ["commit_id", *CELL_COLUMNS], lines)


def _lines(cells: pl.DataFrame, commit: int) -> bytes:
    numbered = cells.select(pl.lit(commit).alias("commit_id"), *CELL_COLUMNS)
    return numbered.write_csv(separator="\t", include_header=False).encode()


FOLDER = Path(__file__).parent
DELETE_VISITS_OF_LOAD = (FOLDER / "delete_visits_of_load.sql").read_text(encoding="utf-8")
RESTORE_VISITS_OF_LOAD = (FOLDER / "restore_visits_of_load.sql").read_text(encoding="utf-8")
APPEND_CHANGED_VISITS = (
    (FOLDER / "append_changed_visits.sql")
    .read_text(encoding="utf-8")
    .format(levels=levels_in_sql(RECENT_LEVELS, "day"))
)
TAKE_BACK_SECONDS = 600


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


async def take_back_visits_of_load(connection: Connection, load_id: int, commit: Commit) -> TakenBack:
    """Delete the services that a load inserted, give those that it updated their values before; the rollup follows.

    In several statements: the first ones may wait for a writer that gives a row a new name, which only a later one
    knows.
    """
    async with connection.transaction():
        await connection.execute(CREATE_CHANGED_VISITS)
        gone = await connection.fetchrow(DELETE_VISITS_OF_LOAD, load_id, timeout=TAKE_BACK_SECONDS)
        async with each_row_once(connection):
            back = await connection.fetchrow(RESTORE_VISITS_OF_LOAD, load_id, timeout=TAKE_BACK_SECONDS)
        await connection.execute(APPEND_CHANGED_VISITS, timeout=TAKE_BACK_SECONDS)
        tally = Tally(*await connection.fetchrow(TALLY_CHANGED))
        if tally.first_day is not None:
            await commit.append(connection, tally)
        await connection.execute("DROP TABLE changed_visits")
    return TakenBack(gone["removed"], back["restored"], back["kept"], gone["changed"])


CREATE_CHANGED_VISITS = """
CREATE TEMPORARY TABLE changed_visits (
    day date, open boolean, polo text, angel text, days_late integer, total integer, seconds bigint
)
"""

TALLY_CHANGED = """
SELECT COALESCE(sum(total) FILTER (WHERE total > 0), 0), COALESCE(-sum(total) FILTER (WHERE total < 0), 0),
       COALESCE(sum(total) FILTER (WHERE total > 0 AND NOT open AND days_late = 0), 0),
       COALESCE(-sum(total) FILTER (WHERE total < 0 AND NOT open AND days_late = 0), 0),
       COALESCE(sum(total) FILTER (WHERE total > 0 AND open), 0),
       COALESCE(-sum(total) FILTER (WHERE total < 0 AND open), 0),
       min(day), max(day)
FROM changed_visits
"""
