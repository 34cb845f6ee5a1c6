"""Totals of visits by angel, polo or state, with their names and places."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from .business_days import NATION, Place
from .snapshot import Snapshot
from .sums import Cells, Days, Filters, fetch_cells, sum_by


class Dimension(StrEnum):
    angel = "angel"
    polo = "polo"
    uf = "uf"


@dataclass(frozen=True)
class DateRange:
    """Bounds as they were asked; None is open."""

    first: date | None = None
    last: date | None = None


class Totals(NamedTuple):
    """seconds: sum of (data_limite at 00:00 - data_de_atendimento). name is None for polos that name no state."""

    name: str | None
    place: Place
    total: int
    on_time: int
    seconds: int


async def resolve_range(snapshot: Snapshot, asked: DateRange) -> Days | None:
    """The asked days; an open bound is the first or last day with a visit. None where there is nothing to bound it."""
    if asked.first is not None and asked.last is not None:
        return Days(asked.first, asked.last)
    found = await snapshot.first_and_last_day()
    if found is None:
        return None
    return Days(asked.first or found[0], asked.last or found[1])


def uf_of(polo: str) -> str | None:
    """The two letters in front of a polo's name: CE - JUAZEIRO DO NORTE."""
    return polo[:2] if polo[2:5] == " - " and polo[:2].isascii() and polo[:2].isalpha() and polo[:2].isupper() else None


async def totals_by(
    snapshot: Snapshot,
    by: Dimension,
    days: Days | None,
    filters: Filters,
    *,
    tolerance_days: int = 0,
    places: bool = False,
) -> list[Totals]:
    """Totals of every angel, polo or state with a visit in these days, in no order. places: fill in Totals.place."""
    cells = None if days is None else await fetch_cells(snapshot, days, filters, tolerance_days)
    if cells is None:
        return []
    if by is Dimension.angel and places:
        return await _angels_with_places(snapshot, cells)
    names = snapshot.memory.names
    sums = cells.total, cells.on_time, cells.seconds
    if by is Dimension.angel:
        rows = sum_by([cells.angel_id], *sums)
        angels = await names.of(snapshot.connection, "angels", (row[0] for row in rows))
        return [Totals(angels[key], NATION, total, on_time, seconds) for key, total, on_time, seconds in rows]
    rows = sum_by([cells.polo_id], *sums)
    polos = await names.of(snapshot.connection, "polos", (row[0] for row in rows))
    by_polo = [
        Totals(polos[key], Place(uf_of(polos[key]), polos[key]), total, on_time, seconds)
        for key, total, on_time, seconds in rows
    ]
    return by_polo if by is Dimension.polo else _by_uf(by_polo)


def _by_uf(polos: Iterable[Totals]) -> list[Totals]:
    sums: dict[str | None, list[int]] = {}
    for polo in polos:
        entry = sums.setdefault(polo.place.uf, [0, 0, 0])
        entry[0] += polo.total
        entry[1] += polo.on_time
        entry[2] += polo.seconds
    return [Totals(uf, Place(uf, None), *entry) for uf, entry in sums.items()]


async def _angels_with_places(snapshot: Snapshot, cells: Cells) -> list[Totals]:
    """An angel's state is that of most of its visits in the days, and its polo the one of most visits there."""
    rows = sum_by([cells.angel_id, cells.polo_id], cells.total, cells.on_time, cells.seconds)
    angels = await snapshot.memory.names.of(snapshot.connection, "angels", (row[0] for row in rows))
    polos = await snapshot.memory.names.of(snapshot.connection, "polos", (row[1] for row in rows))
    by_angel: dict[int, list[tuple[int, ...]]] = defaultdict(list)
    for row in rows:
        by_angel[row[0]].append(row)
    return [
        Totals(
            angels[angel],
            _main_place([(polos[row[1]], row[2]) for row in parts]),
            sum(row[2] for row in parts),
            sum(row[3] for row in parts),
            sum(row[4] for row in parts),
        )
        for angel, parts in by_angel.items()
    ]


def _main_place(visits: Sequence[tuple[str, int]]) -> Place:
    """Ties go to the first name in the alphabet."""
    if len(visits) == 1:
        return Place(uf_of(visits[0][0]), visits[0][0])
    by_uf: Counter[str | None] = Counter()
    for polo, total in visits:
        by_uf[uf_of(polo)] += total
    uf = min(by_uf, key=lambda name: (-by_uf[name], name or ""))
    polo = min((v for v in visits if uf_of(v[0]) == uf), key=lambda v: (-v[1], v[0]))[0]
    return Place(uf, polo)
