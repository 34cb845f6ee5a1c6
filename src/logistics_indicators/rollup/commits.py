"""Who changed the visits, and by how much: a row of visit_commits for each writing transaction.

A writer only appends its row, so it waits for nobody, and cannot know the version that its commit will make: that
depends on who commits first. The version is given afterwards, to all commits that can be seen, from one snapshot:
how many changes that snapshot holds. So whoever saw the data at some version misses no commit of a greater one,
whatever the order in which their rows were written: a commit that came later is in a later snapshot, of a greater
version.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple

import polars as pl

from ..database import Connection, Lock, allow_long_statements, lock

VERSION = "merged + waiting + calendar + settings.version"
"""Changes of the visits ever committed, and changes to the calendar and to the settings."""

STATE_TABLES = """
rollup_state, indicator_settings AS settings, (SELECT version AS calendar FROM calendar_state) AS calendar_state,
    (SELECT count(*) AS waiting FROM rollup_waiting) AS recent
"""


class Act(StrEnum):
    load = "load"
    undo = "undo"
    failure = "failure"
    """Of a load, whose rows go."""
    hand = "hand"


class Tally(NamedTuple):
    """How many visits came and went, how many of them on time, how many not made yet; their first and last day."""

    added: int
    removed: int
    on_time_added: int
    on_time_removed: int
    open_added: int
    open_removed: int
    first_day: date | None
    last_day: date | None


@dataclass
class Commit:
    """A transaction that changes visits: an object for each. A load's user is its own; otherwise say who does it."""

    act: Act
    load_id: int | None = None
    user_id: int | None = None
    username: str | None = None
    _id: int | None = None

    async def append(self, connection: Connection, tally: Tally) -> None:
        """The transaction's row, or more of what it counts; no row where nothing changed."""
        if tally.first_day is None:
            return
        if self._id is None:
            who = self.act, self.load_id, self.user_id, self.username
            self._id = await connection.fetchval(APPEND, *tally, *who)
        else:
            await connection.execute(ADD, *tally, self._id)


APPEND = """
INSERT INTO visit_commits (
    added, removed, on_time_added, on_time_removed, open_added, open_removed, first_day, last_day,
    act, load_id, user_id, username
)
SELECT $1::integer, $2::integer, $3::integer, $4::integer, $5::integer, $6::integer, $7::date, $8::date,
       $9::text, $10::integer,
       CASE WHEN $9 IN ('load', 'failure') THEN loads.user_id ELSE $11::integer END,
       CASE WHEN $9 IN ('load', 'failure') THEN loads.username ELSE $12::text END
FROM (SELECT) AS here LEFT JOIN loads ON loads.id = $10
RETURNING id
"""

ADD = """
UPDATE visit_commits
SET added = added + $1, removed = removed + $2, on_time_added = on_time_added + $3,
    on_time_removed = on_time_removed + $4, open_added = open_added + $5, open_removed = open_removed + $6,
    first_day = LEAST(first_day, $7), last_day = GREATEST(last_day, $8)
WHERE id = $9
"""


def tally_of(visits: pl.LazyFrame) -> Tally:
    """Of visits with VISIT_SCHEMA and a sign."""
    done, limit, sign = pl.col("data_de_atendimento"), pl.col("data_limite"), pl.col("sign")
    kinds = {"": pl.lit(True), "on_time_": (done.dt.date() <= limit).fill_null(False), "open_": done.is_null()}
    counts = [
        pl.when(kind & (sign * direction > 0)).then(sign.abs()).otherwise(0).sum().alias(f"{name}{word}")
        for name, kind in kinds.items()
        for word, direction in (("added", 1), ("removed", -1))
    ]
    day = pl.coalesce(done.dt.date(), limit)
    found = visits.select(*counts, day.min().alias("first_day"), day.max().alias("last_day")).collect()
    return Tally(*found.row(0))


UNSEEN = "SELECT EXISTS (SELECT FROM visit_commits WHERE version IS NULL)"

# The time is read after the snapshot was taken: whoever saw the data then or before cannot have seen these commits.
SEE = f"""
WITH state AS MATERIALIZED (SELECT {VERSION} AS version, clock_timestamp()::timestamp AS seen_at FROM {STATE_TABLES}),
given AS (
    UPDATE visit_commits SET version = state.version, seen_at = state.seen_at FROM state
    WHERE visit_commits.version IS NULL
)
SELECT version FROM state
"""


async def see_commits(connection: Connection) -> int:
    """Give every commit that can be seen its version; the data's version at that moment."""
    async with connection.transaction():
        await lock(connection, Lock.versions)
        return int(await connection.fetchval(SEE))


async def see_new_commits(connection: Connection) -> None:
    """As see_commits, at no price where there are none."""
    if await connection.fetchval(UNSEEN):
        await see_commits(connection)


FORGET = """
WITH old AS (
    DELETE FROM visit_commits WHERE seen_at < clock_timestamp()::timestamp - make_interval(days => $1)
    RETURNING version, seen_at
)
UPDATE visit_commits_kept
SET version = GREATEST(kept.version, last.version), seen_at = GREATEST(kept.seen_at, last.seen_at)
FROM visit_commits_kept AS kept, (SELECT max(version) AS version, max(seen_at) AS seen_at FROM old) AS last
WHERE last.version IS NOT NULL
"""


FORGET_SECONDS = 600


async def forget_commits(connection: Connection, keep_days: int) -> None:
    """Those of one version go together. `visit_commits_kept` says from where on they are all there."""
    async with connection.transaction():
        await allow_long_statements(connection, FORGET_SECONDS)
        await connection.execute(FORGET, keep_days)
