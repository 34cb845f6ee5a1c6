"""Business days: Monday to Friday less the calendar's days, for the nation, a state, a city or a polo."""

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections import defaultdict
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from ..database import Connection
from ..states import without_state


class CalendarKind(StrEnum):
    nacional = "nacional"
    uf = "uf"


class Place(NamedTuple):
    """Where a row's visits are: its state (None where the polo names none) and its polo."""

    uf: str | None
    polo: str | None

    @property
    def levels(self) -> list[tuple[str, str]]:
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


Level = dict[tuple[str, str], set[date]]
"""Days by (kind, scope)."""

CHANGED_WEEKDAYS = """
SELECT kind, scope, works, day FROM calendar_days WHERE EXTRACT(isodow FROM day) <= 5
"""


class BusinessDays:
    """Counts business days. Holidays of a weekend change nothing, so only those of weekdays are kept.

    A narrower calendar adds its days to those of the wider ones, and takes away those that it says are worked.
    """

    def __init__(self, off: Level, works: Level) -> None:
        self._off = off
        self._works = works
        self._off_at = lru_cache(maxsize=4096)(self._collect)
        self._between = lru_cache(maxsize=4096)(self._count)

    def between(self, first: date, last: date, place: Place = NATION) -> int:
        """Business days from first to last, both included; 0 where the range is empty."""
        return self._between(first, last, place)

    def _count(self, first: date, last: date, place: Place) -> int:
        if first > last:
            return 0
        off = self._off_at(place)
        return weekdays_between(first, last) - (bisect_right(off, last) - bisect_left(off, first))

    def _collect(self, place: Place) -> list[date]:
        days: set[date] = set()
        for level in place.levels:
            days |= self._off.get(level, set())
            days -= self._works.get(level, set())
        return sorted(days)


async def load_business_days(connection: Connection) -> BusinessDays:
    off: Level = defaultdict(set)
    worked: Level = defaultdict(set)
    for kind, scope, works, day in await connection.fetch(CHANGED_WEEKDAYS):
        (worked if works else off)[kind, scope].add(day)
    return BusinessDays(dict(off), dict(worked))


def weekdays_between(first: date, last: date) -> int:
    """Mondays to Fridays from first to last, both included."""
    weeks, rest = divmod((last - first).days + 1, 7)
    start = first.weekday()
    return weeks * 5 + sum(1 for i in range(rest) if (start + i) % 7 < 5)
