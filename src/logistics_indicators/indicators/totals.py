"""Sums of the visits in a range of days, by angel, polo or state: folded blocks and the deltas not folded yet."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from .blocks import cover
from .business_days import NATION, Place
from .snapshot import Snapshot


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
class Filters:
    """Exact values; None takes everything."""

    angel: str | None = None
    polo: str | None = None
    uf: str | None = None


class Totals(NamedTuple):
    """seconds: sum of (data_limite at 00:00 - data_de_atendimento). name is None for polos that name no state."""

    name: str | None
    place: Place
    total: int
    on_time: int
    seconds: int


class Days(NamedTuple):
    first: date
    last: date


async def resolve_range(snapshot: Snapshot, asked: DateRange) -> Days | None:
    """The asked days; an open bound is the first or last day with a visit. None where there is nothing to bound it."""
    if asked.first is not None and asked.last is not None:
        return Days(asked.first, asked.last)
    found = await snapshot.first_and_last_day()
    if found is None:
        return None
    return Days(asked.first or found[0], asked.last or found[1])


class Statement:
    """SQL that grows with what was asked: `add` keeps a value and gives its placeholder."""

    def __init__(self) -> None:
        self.values: list[object] = []

    def add(self, value: object, cast: str) -> str:
        self.values.append(value)
        return f"${len(self.values)}::{cast}"

    def where(self, filters: Filters) -> str:
        """AND conditions on r.polo_id and r.angel_id."""
        sql = ""
        if filters.angel is not None:
            sql += f" AND r.angel_id = (SELECT id FROM angels WHERE name = {self.add(filters.angel, 'text')})"
        if filters.polo is not None:
            sql += f" AND r.polo_id = (SELECT id FROM polos WHERE name = {self.add(filters.polo, 'text')})"
        if filters.uf is not None:
            prefix = self.add(f"{filters.uf} - ", "text")
            sql += f" AND r.polo_id = ANY (ARRAY(SELECT id FROM polos WHERE starts_with(name, {prefix})))"
        return sql

    def blocks(self, days: Days) -> str:
        """A table b (grain, block, sign) whose signed sum is exactly these days."""
        blocks = cover(days.first, days.last)
        grains = self.add([b.grain.value for b in blocks], "smallint[]")
        firsts = self.add([b.first for b in blocks], "date[]")
        signs = self.add([b.sign for b in blocks], "integer[]")
        return f"unnest({grains}, {firsts}, {signs}) AS b (grain, block, sign)"


DELTAS = """rollup_deltas d, unnest(d.day, d.open, d.polo_id, d.angel_id, d.days_late, d.visits, d.seconds)
            AS r (day, open, polo_id, angel_id, days_late, visits, seconds)"""


def cells_sql(statement: Statement, snapshot: Snapshot, days: Days, filters: Filters, tolerance_days: int) -> str:
    """polo_id, angel_id, total, on_time, seconds of the days: not yet summed, and signed."""
    where, blocks = statement.where(filters), statement.blocks(days)
    sql = f"""
        SELECT r.polo_id, r.angel_id, b.sign * r.total AS total, b.sign * r.on_time AS on_time,
               b.sign * r.seconds AS seconds
        FROM {blocks} JOIN rollup r ON r.grain = b.grain AND r.block = b.block{where}"""
    tolerance = statement.add(tolerance_days, "integer") if tolerance_days or snapshot.has_deltas else ""
    if tolerance_days:
        sql += f"""
        UNION ALL
        SELECT r.polo_id, r.angel_id, 0, b.sign * r.total, 0
        FROM {blocks}
        JOIN rollup_lateness r ON r.grain = b.grain AND r.block = b.block AND r.days_late <= {tolerance}{where}"""
    if snapshot.has_deltas:
        first, last = statement.add(days.first, "date"), statement.add(days.last, "date")
        sql += f"""
        UNION ALL
        SELECT r.polo_id, r.angel_id, r.visits, CASE WHEN r.days_late <= {tolerance} THEN r.visits ELSE 0 END, r.seconds
        FROM {DELTAS}
        WHERE NOT r.open AND r.day BETWEEN {first} AND {last}{where}"""
    return sql


async def fetch_sums(
    snapshot: Snapshot, key: str, days: Days, filters: Filters, tolerance_days: int = 0
) -> list[tuple[int, ...]]:
    """(key columns…, total, on_time, seconds) of every angel_id, polo_id or both that has a visit in these days."""
    bounds = await snapshot.first_and_last_day()
    if bounds is None:
        return []
    days = Days(max(days.first, bounds[0]), min(days.last, bounds[1]))
    if days.first > days.last:
        return []
    statement = Statement()
    cells = cells_sql(statement, snapshot, days, filters, tolerance_days)
    sql = f"""SELECT {key}, sum(total)::bigint, sum(on_time)::bigint, sum(seconds)::bigint
    FROM ({cells}) AS cells GROUP BY {key} HAVING sum(total) <> 0"""
    rows: list[tuple[int, ...]] = await snapshot.connection.fetch(sql, *statement.values)
    return rows


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
    if days is None:
        return []
    if by is Dimension.angel:
        if places:
            return await _angels_with_places(snapshot, days, filters, tolerance_days)
        rows = await fetch_sums(snapshot, "angel_id", days, filters, tolerance_days)
        names = await snapshot.memory.names.of(snapshot.connection, "angels", (row[0] for row in rows))
        return [Totals(names[key], NATION, total, on_time, seconds) for key, total, on_time, seconds in rows]
    rows = await fetch_sums(snapshot, "polo_id", days, filters, tolerance_days)
    names = await snapshot.memory.names.of(snapshot.connection, "polos", (row[0] for row in rows))
    polos = [
        Totals(names[key], Place(uf_of(names[key]), names[key]), total, on_time, seconds)
        for key, total, on_time, seconds in rows
    ]
    return polos if by is Dimension.polo else _by_uf(polos)


def _by_uf(polos: Iterable[Totals]) -> list[Totals]:
    sums: dict[str | None, list[int]] = {}
    for polo in polos:
        entry = sums.setdefault(polo.place.uf, [0, 0, 0])
        entry[0] += polo.total
        entry[1] += polo.on_time
        entry[2] += polo.seconds
    return [Totals(uf, Place(uf, None), *entry) for uf, entry in sums.items()]


async def _angels_with_places(snapshot: Snapshot, days: Days, filters: Filters, tolerance_days: int) -> list[Totals]:
    """An angel's state is that of most of its visits in the days, and its polo the one of most visits there."""
    rows = await fetch_sums(snapshot, "angel_id, polo_id", days, filters, tolerance_days)
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
