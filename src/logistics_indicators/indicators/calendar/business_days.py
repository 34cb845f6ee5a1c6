"""Business days: Monday to Friday less the calendar's days, for the nation, a state, a city or a polo."""

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from ...database import Connection
from ...states import without_state
from ..long_work import off_the_loop


class CalendarKind(StrEnum):
    nacional = "nacional"
    uf = "uf"


class Place(NamedTuple):
    """Where a row's visits are: its state (None where the polo names none) and its polo."""

    uf: str | None
    polo: str | None

    @property
    def levels(self) -> "list[Level]":
        """(kind, scope) of the calendars that count here, the widest first."""
        levels = [("nacional", "")]
        if self.uf is not None:
            levels.append(("uf", self.uf))
            if self.polo is not None:
                levels.append(("cidade", city_scope(self.uf, city_of(self.polo))))
        if self.polo is not None:
            levels.append(("polo", self.polo))
        return levels

    @property
    def calendar(self) -> str:
        """What its calendar is called in an answer."""
        return self.polo or self.uf or CalendarKind.nacional.value


NATION = Place(None, None)


def city_scope(uf: str, city: str) -> str:
    """A city as the calendar knows it: without regard to case, accents and blanks. CE - JUAZEIRO DO NORTE."""
    letters = unicodedata.normalize("NFD", city.upper())
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return f"{uf} - {' '.join(plain.split())}"


def city_of(polo: str) -> str:
    """What a polo's name says after the state and before a number: CE - SOBRAL 010 is in SOBRAL."""
    return re.sub(r"\s+\d+\s*$", "", without_state(polo))


Level = tuple[str, str]
"""(kind, scope) of a calendar."""

DaysOfLevel = dict[Level, set[date]]

Calendar: TypeAlias = tuple[Level, ...]
"""The levels that say anything at a place. Most places have no days of their own, and so share their state's."""

CHANGED_WEEKDAYS = """
SELECT kind, scope, works, day FROM calendar_days WHERE EXTRACT(isodow FROM day) <= 5
"""


class BusinessDays:
    """Counts business days. Holidays of a weekend change nothing, so only those of weekdays are kept.

    A narrower calendar adds its days to those of the wider ones, and takes away those that it says are worked.
    """

    def __init__(self, off: DaysOfLevel, works: DaysOfLevel) -> None:
        self._off = off
        self._works = works
        self._known = frozenset(off) | frozenset(works)
        self._states_with_cities = {scope[:2] for kind, scope in self._known if kind == "cidade"}
        self._off_at = lru_cache(maxsize=4096)(self._collect)
        self._between = lru_cache(maxsize=16_384)(self._count)

    def between(self, first: date, last: date, place: Place = NATION) -> int:
        """Business days from first to last, both included; 0 where the range is empty."""
        return self._between(first, last, self.calendar_of(place))

    async def of_each(self, ranges: Sequence[tuple[date, date]], places: Sequence[Place]) -> list[list[int]]:
        """For each place, the business days of each range."""
        return await off_the_loop(len(places) + len(ranges), self._of_each, ranges, places)

    def _of_each(self, ranges: Sequence[tuple[date, date]], places: Sequence[Place]) -> list[list[int]]:
        calendars = {place: self.calendar_of(place) for place in set(places)}
        counts = {
            calendar: [self._count(first, last, calendar) for first, last in ranges]
            for calendar in set(calendars.values())
        }
        return [counts[calendars[place]] for place in places]

    def calendar_of(self, place: Place) -> Calendar:
        if place.polo is None or place.uf in self._states_with_cities:
            return tuple(level for level in place.levels if level in self._known)
        levels = (("nacional", ""), ("uf", place.uf or ""), ("polo", place.polo))
        return tuple(level for level in levels if level in self._known)

    def _count(self, first: date, last: date, calendar: Calendar) -> int:
        if first > last:
            return 0
        off = self._off_at(calendar)
        return weekdays_between(first, last) - (bisect_right(off, last) - bisect_left(off, first))

    def _collect(self, calendar: Calendar) -> list[date]:
        days: set[date] = set()
        for level in calendar:
            days |= self._off.get(level, set())
            days -= self._works.get(level, set())
        return sorted(days)


async def load_business_days(connection: Connection) -> BusinessDays:
    off: DaysOfLevel = defaultdict(set)
    worked: DaysOfLevel = defaultdict(set)
    for kind, scope, works, day in await connection.fetch(CHANGED_WEEKDAYS):
        (worked if works else off)[kind, scope].add(day)
    return BusinessDays(dict(off), dict(worked))


def weekdays_between(first: date, last: date) -> int:
    """Mondays to Fridays from first to last, both included."""
    weeks, rest = divmod((last - first).days + 1, 7)
    start = first.weekday()
    return weeks * 5 + sum(1 for i in range(rest) if (start + i) % 7 < 5)
