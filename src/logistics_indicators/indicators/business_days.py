"""Business days: Monday to Friday less the calendar's days, for the nation, a state or a polo."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from ..database import Connection


class CalendarKind(StrEnum):
    nacional = "nacional"
    uf = "uf"


class Place(NamedTuple):
    """Where a row's visits are: its state (None where the polo names none) and its polo."""

    uf: str | None
    polo: str | None

    @property
    def calendar(self) -> str:
        """What its calendar is called in an answer."""
        return self.polo or self.uf or CalendarKind.nacional.value


NATION = Place(None, None)

WEEKDAYS_OFF = """
SELECT kind, scope, day FROM calendar_days WHERE EXTRACT(isodow FROM day) <= 5
"""


class BusinessDays:
    """Counts business days. Holidays of a weekend change nothing, so only those of weekdays are kept."""

    def __init__(self, off: dict[tuple[str, str], set[date]]) -> None:
        self._off = off
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
        days = set(self._off.get(("nacional", ""), ()))
        if place.uf is not None:
            days |= self._off.get(("uf", place.uf), set())
        if place.polo is not None:
            days |= self._off.get(("polo", place.polo), set())
        return sorted(days)


async def load_business_days(connection: Connection) -> BusinessDays:
    off: dict[tuple[str, str], set[date]] = defaultdict(set)
    for kind, scope, day in await connection.fetch(WEEKDAYS_OFF):
        off[kind, scope].add(day)
    return BusinessDays(dict(off))


def weekdays_between(first: date, last: date) -> int:
    """Mondays to Fridays from first to last, both included."""
    weeks, rest = divmod((last - first).days + 1, 7)
    start = first.weekday()
    return weeks * 5 + sum(1 for i in range(rest) if (start + i) % 7 < 5)
