"""The calendar's days in the database: the official ones, and what an admin added to them or took away."""

import asyncio
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from typing import Any

import asyncpg

from ...database import Connection, Lock, lock
from ...errors import Conflict, NotFound
from ..snapshot import fetch_states
from .business_days import Place
from .official_days import CORRECTIONS_REVISION, YEARS, DayKey, Days, national_days, official_days


@dataclass(frozen=True)
class CalendarDay:
    """works: a business day there, whatever the wider calendars say."""

    id: int
    kind: str
    scope: str
    day: date
    name: str
    source: str
    works: bool


COLUMNS = ["kind", "scope", "day", "name", "source"]
SOURCE = "SELECT source FROM calendar_state"
OPTIONAL = "SELECT optional_days FROM indicator_settings"
IN_YEARS = "day BETWEEN make_date($1, 1, 1) AND make_date($2, 12, 31)"
KNOWN_DAYS = f"SELECT id, kind, scope, day, name, source FROM calendar_days WHERE source <> 'local' AND {IN_YEARS}"
KNOWN_NATIONAL_DAYS = f"{KNOWN_DAYS} AND kind = 'nacional'"
ADDED_DAYS = f"SELECT kind, scope, day FROM calendar_days WHERE source = 'local' AND NOT works AND {IN_YEARS}"
CHANGED = "UPDATE calendar_state SET version = version + 1"


async def sync_calendar(connection: Connection) -> bool:
    """Bring the official days up to those that this version knows; True where that changed any.

    A process of an older version changes nothing, so that two versions side by side do not undo each other's work.
    """
    ours = f"holidays {version('holidays')}; corrections {CORRECTIONS_REVISION}"
    if _age(await connection.fetchval(SOURCE)) >= _age(ours):
        return False
    async with connection.transaction():
        await lock(connection, Lock.calendar)
        if _age(await connection.fetchval(SOURCE)) >= _age(ours):
            return False
        changed = await replace_official_days(connection)
        await connection.execute("UPDATE calendar_state SET source = $1", ours)
    return changed


def _age(source: str) -> tuple[tuple[int, ...], int]:
    """Of what the official days were made: (version of the package, revision of the corrections)."""
    package = re.search(r"holidays (\d+(?:\.\d+)*)", source)
    revision = re.search(r"corrections (\d+)", source)
    numbers = tuple(int(part) for part in package[1].split(".")) if package else ()
    return numbers, int(revision[1]) if revision else 0


async def replace_official_days(connection: Connection, years: range = YEARS) -> bool:
    """In the caller's transaction, by the settings in the database. Days that stay keep their id."""
    return await _replace(connection, years, KNOWN_DAYS, official_days)


async def replace_national_days(connection: Connection) -> bool:
    """The same where only the setting optional_days has changed: no state's days depend on it."""
    return await _replace(connection, YEARS, KNOWN_NATIONAL_DAYS, national_days)


async def _replace(
    connection: Connection, years: range, find_known: str, make_days: Callable[[frozenset[str], range], Days]
) -> bool:
    optional = frozenset(await connection.fetchval(OPTIONAL))
    first, last = years[0], years[-1]
    added = await connection.fetch(ADDED_DAYS, first, last)
    known = await connection.fetch(find_known, first, last)
    gone, come = _changes(await asyncio.to_thread(make_days, optional, years), added, known)
    if not gone and not come:
        return False
    await connection.execute("DELETE FROM calendar_days WHERE id = ANY($1::integer[])", gone)
    await connection.copy_records_to_table("calendar_days", records=come, columns=COLUMNS)
    await connection.execute(CHANGED)
    return True


def _changes(
    days: Days, added: Iterable[Sequence[Any]], known: Iterable[Sequence[Any]]
) -> tuple[list[int], list[tuple[object, ...]]]:
    """Ids of the days that go, and the days that come."""
    wanted = dict(days)
    for row in added:
        wanted.pop(DayKey(*row), None)
    gone = []
    for day_id, kind, scope, day, name, source in known:
        key = DayKey(kind, scope, day)
        if wanted.get(key) == (name, source):
            del wanted[key]
        else:
            gone.append(day_id)
    return gone, [(*key, *value) for key, value in wanted.items()]


# A place may have a day twice: as a holiday, and as taken away from it. Then only the latter is shown.
LIST_DAYS = """
SELECT id, kind, scope, day, name, source, works FROM calendar_days d
WHERE day BETWEEN make_date($1, 1, 1) AND make_date($1, 12, 31)
  AND (works OR NOT EXISTS (
      SELECT FROM calendar_days w WHERE (w.kind, w.scope, w.day) = (d.kind, d.scope, d.day) AND w.works
  ))
ORDER BY day, kind, scope
"""

ADD_DAY = """
INSERT INTO calendar_days (kind, scope, day, name, source, works) VALUES ($1, $2, $3, $4, 'local', $5)
RETURNING id, kind, scope, day, name, source, works
"""

# The day's entry in the narrowest calendar that has one.
FOUND_AT = """
SELECT name, works FROM calendar_days
JOIN unnest($1::text[], $2::text[]) WITH ORDINALITY AS level (kind, scope, width) USING (kind, scope)
WHERE day = $3 ORDER BY width DESC, works DESC LIMIT 1
"""

TAKEN_AWAY = "SELECT EXISTS (SELECT FROM calendar_days WHERE (kind, scope, day) = ($1, $2, $3) AND works)"
FIND_DAY = "SELECT id, kind, scope, day, name, source, works FROM calendar_days WHERE id = $1"


async def list_days(connection: Connection, year: int, uf: str | None) -> list[CalendarDay]:
    """The year's days: all of them, or those that count for a state (its cities' and polos' included)."""
    days = [CalendarDay(*row) for row in await connection.fetch(LIST_DAYS, year)]
    states = await fetch_states(connection, [day.scope for day in days if day.kind == "polo"])
    return [
        day
        for day in days
        if uf is None or day.kind == "nacional" or (states[day.scope] if day.kind == "polo" else day.scope[:2]) == uf
    ]


async def _uf_of_scope(connection: Connection, kind: str, scope: str) -> str | None:
    if kind == "nacional":
        return None
    return (await fetch_states(connection, [scope]))[scope] if kind == "polo" else scope[:2]


async def add_day(connection: Connection, kind: str, scope: str, day: date, name: str) -> CalendarDay:
    """A day without work. Raises Conflict where that day is known there."""
    try:
        async with connection.transaction():
            await lock(connection, Lock.calendar)
            if await connection.fetchval(TAKEN_AWAY, kind, scope, day):
                raise Conflict(f"{day.isoformat()} was taken away there: undo that instead.")
            row = await connection.fetchrow(ADD_DAY, kind, scope, day, name, False)
            await connection.execute(CHANGED)
    except asyncpg.UniqueViolationError:
        raise Conflict(f"{day.isoformat()} is already a day without work there.") from None
    return CalendarDay(*row)


async def take_day_away(connection: Connection, kind: str, scope: str, day: date, name: str | None) -> CalendarDay:
    """Make a day without work a business day there. Raises Conflict where it is one already."""
    async with connection.transaction():
        await lock(connection, Lock.calendar)
        kinds, scopes = zip(*await _levels(connection, kind, scope), strict=True)
        found = await connection.fetchrow(FOUND_AT, kinds, scopes, day)
        if found is None or found["works"]:
            raise Conflict(f"{day.isoformat()} is no day without work there.")
        row = await connection.fetchrow(ADD_DAY, kind, scope, day, name or found["name"], True)
        await connection.execute(CHANGED)
    return CalendarDay(*row)


async def _levels(connection: Connection, kind: str, scope: str) -> list[tuple[str, str]]:
    """The calendars that count at a scope, its own last."""
    uf = await _uf_of_scope(connection, kind, scope)
    if kind == "cidade":
        return [*Place(uf, None).levels, (kind, scope)]
    return Place(uf, scope if kind == "polo" else None).levels


async def remove_day(connection: Connection, day_id: int) -> CalendarDay:
    """Undo a change; an official day is taken away where it counts. Raises NotFound, and Conflict as above."""
    async with connection.transaction():
        await lock(connection, Lock.calendar)
        row = await connection.fetchrow(FIND_DAY, day_id)
        if row is None:
            raise NotFound("There is no calendar day with this id.")
        day = CalendarDay(*row)
        if day.source != "local":
            await take_day_away(connection, day.kind, day.scope, day.day, day.name)
            return day
        await connection.execute("DELETE FROM calendar_days WHERE id = $1", day_id)
        await connection.execute(CHANGED)
        if not day.works:
            year = range(day.day.year, day.day.year + 1)
            await replace_official_days(connection, year)  # the day may have stood in an official one's place
    return day
