"""Totals of visits by angel, polo or state, with their names and places: a column each, rows in order of name."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import numpy as np

from .business_days import NATION, Place
from .packing import Integers
from .snapshot import Snapshot, StateOf
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


@dataclass(frozen=True)
class Totals:
    """seconds: sums of (data_limite at 00:00 - data_de_atendimento). A name is None for polos that name no state.

    places: where each row is, for its calendar; all of them the nation unless they were asked for.
    """

    names: Sequence[str | None]
    places: Sequence[Place]
    total: Integers
    on_time: Integers
    seconds: Integers


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


def name_key(name: str | None) -> tuple[bool, str]:
    """Names in their order; None, of polos that name no state, last."""
    return name is None, name or ""


async def totals_by(
    snapshot: Snapshot,
    by: Dimension,
    days: Days | None,
    filters: Filters,
    *,
    tolerance_days: int = 0,
    places: bool = False,
) -> Totals:
    """Totals of every angel, polo or state with a visit in these days."""
    cells = None if days is None else await fetch_cells(snapshot, days, filters, tolerance_days)
    return NOTHING if cells is None else await totals_of_cells(snapshot, by, cells, places=places)


async def totals_of_cells(snapshot: Snapshot, by: Dimension, cells: Cells, *, places: bool = False) -> Totals:
    angel = by is Dimension.angel
    key = await key_of(snapshot, by, cells.angel_id if angel else cells.polo_id)
    ids, *sums = sum_by(key.numbers, cells.total, cells.on_time, cells.seconds)
    names = await key.names(ids)
    order = sorted(range(len(names)), key=lambda row: name_key(names[row]))
    names = [names[row] for row in order]
    where: Sequence[Place] = [NATION] * len(names)
    if places and angel:
        main = await _main_places(snapshot, cells)
        where = [main[key] for key in ids[order].tolist()]
    elif places:
        uf_of = await snapshot.states_of(name for name in names if name is not None and by is Dimension.polo)
        where = [Place(name, None) if by is Dimension.uf else Place(uf_of(name or ""), name) for name in names]
    return Totals(names, where, *(column[order] for column in sums))


async def place_of(snapshot: Snapshot, days: Days | None, filters: Filters) -> Place:
    """Whose calendar counts for these filters: a polo's, that of an angel's main place, a state's, or the nation's."""
    if filters.polo is not None:
        return Place((await snapshot.states_of([filters.polo]))(filters.polo), filters.polo)
    if filters.angel is not None:
        totals = await totals_by(snapshot, Dimension.angel, days, filters, places=True)
        if totals.names:
            return totals.places[0]
    return NATION if filters.uf is None else Place(filters.uf, None)


@dataclass(frozen=True)
class Key:
    """numbers: what each cell is summed under. ufs: the state behind each number, where it is no id."""

    snapshot: Snapshot
    table: str
    numbers: Integers
    ufs: Sequence[str | None] | None = None

    async def names(self, numbers: Integers) -> list[str | None]:
        keys = numbers.tolist()
        if self.ufs is not None:
            return [self.ufs[key] for key in keys]
        known = await self.snapshot.memory.names.of(self.snapshot.connection, self.table, keys)
        return [known[key] for key in keys]


async def key_of(snapshot: Snapshot, by: Dimension, ids: Integers) -> Key:
    """The key of cells by their angel_id, or by their polo_id for polo and uf."""
    if by is not Dimension.uf:
        return Key(snapshot, "angels" if by is Dimension.angel else "polos", ids)
    present = np.flatnonzero(np.bincount(ids)).tolist()
    polos = await snapshot.memory.names.of(snapshot.connection, "polos", present)
    uf_of = await snapshot.states_of(polos[polo] for polo in present)
    ufs = list(dict.fromkeys(uf_of(polos[polo]) for polo in present))
    numbering = np.zeros(max(present, default=0) + 1, np.int64)
    numbering[present] = [ufs.index(uf_of(polos[polo])) for polo in present]
    return Key(snapshot, "polos", numbering[ids], ufs)


async def _main_places(snapshot: Snapshot, cells: Cells) -> dict[int, Place]:
    """An angel's state is the one of most of its visits in the days, and its polo the one of most visits there."""
    width = int(cells.polo_id.max(initial=0)) + 1
    pairs, totals = sum_by(cells.angel_id.astype(np.int64) * width + cells.polo_id, cells.total)
    polos = await snapshot.memory.names.of(snapshot.connection, "polos", (pairs % width).tolist())
    visits: dict[int, list[tuple[str, int]]] = {}
    for pair, total in zip(pairs.tolist(), totals.tolist(), strict=True):
        visits.setdefault(pair // width, []).append((polos[pair % width], total))
    uf_of = await snapshot.states_of({polo for parts in visits.values() for polo, _ in parts})
    return {angel: _main_place(parts, uf_of) for angel, parts in visits.items()}


def _main_place(visits: Iterable[tuple[str, int]], uf_of: StateOf) -> Place:
    """A state beats none, however many visits each has; ties go to the first name in the alphabet."""
    visits = list(visits)
    if len(visits) == 1:
        return Place(uf_of(visits[0][0]), visits[0][0])
    by_uf: dict[str | None, int] = {}
    for polo, total in visits:
        by_uf[uf_of(polo)] = by_uf.get(uf_of(polo), 0) + total
    uf = min(by_uf, key=lambda name: (name is None, -by_uf[name], name or ""))
    return Place(uf, min((v for v in visits if uf_of(v[0]) == uf), key=lambda v: (-v[1], v[0]))[0])
