"""Totals of visits by angel, polo or state, with their names and places: a column each, rows in order of name."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from ..rollup.dimensions import Dimension
from ..rollup.reading import Days, Filters, fetch_sums
from .calendar.business_days import NATION, Place
from .figures import Integers
from .snapshot import Snapshot


@dataclass(frozen=True)
class DateRange:
    """Bounds as they were asked; None is open."""

    first: date | None = None
    last: date | None = None


@dataclass(frozen=True)
class Totals:
    """seconds: sums of (data_limite at 00:00 - data_de_atendimento). A name is None for polos that name no state.

    Seconds are 0, and places the nation, unless they were asked for. places: where each row is, for its calendar.
    """

    names: Sequence[str | None]
    places: Sequence[Place]
    total: Integers
    on_time: Integers
    seconds: Integers


PLACES = (Dimension.polo, Dimension.uf, None)
"""What is a place itself; all together are nowhere."""

NOTHING = Totals([], [], *(np.empty(0, np.int64) for _ in range(3)))


async def resolve_range(snapshot: Snapshot, asked: DateRange) -> Days | None:
    """The asked days; an open bound is the first or last day with a visit.

    None where there is no day: nothing bounds the range, or it would end before it begins.
    """
    if asked.first is not None and asked.last is not None:
        return Days(asked.first, asked.last)
    found = await snapshot.first_and_last_day()
    if found is None:
        return None
    days = Days(asked.first or found[0], asked.last or found[1])
    return days if days.first <= days.last else None


async def days_to_sum(snapshot: Snapshot, days: Days) -> Days | None:
    """Days with the same visits; None where they are outside of the first and the last visit.

    A range that holds the first visit begins with that year, and one that holds the last ends with that year: there is
    nothing more to be summed, and fewer blocks of the rollup add up to it.
    """
    bounds = await snapshot.first_and_last_day()
    if bounds is None or days.last < bounds.first or days.first > bounds.last:
        return None
    first = days.first if days.first > bounds.first else bounds.first.replace(month=1, day=1)
    last = days.last if days.last < bounds.last else bounds.last.replace(month=12, day=31)
    return Days(first, last)


async def totals_by(
    snapshot: Snapshot,
    by: Dimension | None,
    days: Days | None,
    filters: Filters,
    *,
    tolerance_days: int = 0,
    seconds: bool = False,
    places: bool = False,
) -> Totals:
    """Totals of every angel, polo or state with a visit in these days; of all visits together where `by` is None."""
    summed = None if days is None else await days_to_sum(snapshot, days)
    if summed is None:
        return NOTHING
    at_polos = places and by not in PLACES
    which = {"seconds": seconds, "at_polos": at_polos, "has_recent": snapshot.has_recent}
    rows = await fetch_sums(snapshot.connection, by, summed, filters, tolerance_days, **which)
    if not rows:
        return NOTHING
    if at_polos:
        return _of_polos_together(rows)
    names, *sums = zip(*rows, strict=True)
    where = await _places(snapshot, by, names) if places else [NATION] * len(names)
    return Totals(names, where, *(np.array(column, np.int64) for column in sums))


async def place_of(snapshot: Snapshot, days: Days | None, filters: Filters) -> Place:
    """Whose calendar counts for these filters: a polo's, that of an angel's main place, a state's, or the nation's.

    Of several values, the calendar of the state that all of them are in, or else the nation's.
    """
    if (polos := filters.get(Dimension.polo)) is not None:
        state_of = await snapshot.states_of(polos)
        return _shared([Place(state_of(polo), polo) for polo in polos])
    if Dimension.angel in filters:
        totals = await totals_by(snapshot, Dimension.angel, days, filters, places=True)
        if totals.names:
            return _shared(totals.places)
    states = filters.get(Dimension.uf)
    return NATION if states is None else _shared([Place(uf, None) for uf in states])


def _shared(places: Sequence[Place]) -> Place:
    first, *others = places
    if all(place == first for place in others):
        return first
    return Place(first.uf, None) if all(place.uf == first.uf for place in others) else NATION


async def _places(snapshot: Snapshot, by: Dimension | None, names: Sequence[str | None]) -> Sequence[Place]:
    """Where each is."""
    if by is not Dimension.polo:
        return [Place(name, None) for name in names]
    uf_of = await snapshot.states_of(name for name in names if name is not None)
    return [Place(uf_of(name or ""), name) for name in names]


def _of_polos_together(rows: Sequence[Sequence[Any]]) -> Totals:
    """Of what is no place itself, by its polos: it is where most of its visits are."""
    names, polos, states, *sums = zip(*rows, strict=True)
    starts = [row for row, name in enumerate(names) if row == 0 or name != names[row - 1]]
    at = list(map(PoloVisits, polos, states, sums[0]))
    places = [_main_place(at[start:end]) for start, end in pairwise([*starts, len(rows)])]
    together = (np.add.reduceat(np.array(column, np.int64), starts) for column in sums)
    return Totals([names[row] for row in starts], places, *together)


class PoloVisits(NamedTuple):
    polo: str
    uf: str | None
    visits: int


def _main_place(polos: Sequence[PoloVisits]) -> Place:
    """An angel's state is the one of most of its visits in the days, and its polo the one of most visits there.

    A state beats none, however many visits each has; ties go to the first name in the alphabet.
    """
    if len(polos) == 1:  # as nearly always
        return Place(polos[0].uf, polos[0].polo)
    by_uf: dict[str | None, int] = defaultdict(int)
    for polo in polos:
        by_uf[polo.uf] += polo.visits
    uf = min(by_uf, key=lambda name: (name is None, -by_uf[name], name or ""))
    main = min((polo for polo in polos if polo.uf == uf), key=lambda polo: (-polo.visits, polo.polo))
    return Place(uf, main.polo)
