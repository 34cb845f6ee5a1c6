"""Trend: a figure for every day, week or month of a range, buckets without a visit included."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

import numpy as np

from ..errors import Unprocessable
from ..exports.columns import Column
from .answers import Row, Table
from .blocks import ONE_DAY, Block, Grain, block_of
from .business_days import NATION, CalendarKind, Place
from .figures import half_even_each
from .links import attended_between
from .ordering import SortColumn, by_ratio, order_rows
from .packing import Integers
from .parameters import Ordering
from .snapshot import Snapshot
from .sums import Days, Filters, clip_to_data, fetch_bucket_cells, sum_by
from .totals import DateRange, Dimension, Totals, key_of, resolve_range, totals_of_cells

MOST_POINTS = 100_000
MOST_BUCKETS = 5_000


class Bucket(StrEnum):
    day = "day"
    week = "week"
    month = "month"


DAYS_OF = {Bucket.day: 1, Bucket.week: 7, Bucket.month: 28}


class Metric(StrEnum):
    sla = "sla"
    total = "total"
    produtividade = "produtividade"


TREND_FIELDS = ("inicio", "total", "valor", "angel", "polo", "uf")


def buckets_of(days: Days, bucket: Bucket) -> list[Days]:
    """Days, ISO weeks (Monday first) or months of the range; the first and the last are cut at its ends."""
    buckets = []
    first = days.first
    while first <= days.last:
        last = min(_last_of_bucket(first, bucket), days.last)
        buckets.append(Days(first, last))
        if last == date.max:
            break
        first = last + ONE_DAY
    return buckets


def _last_of_bucket(day: date, bucket: Bucket) -> date:
    match bucket:
        case Bucket.day:
            return day
        case Bucket.week:
            return day + timedelta(days=6 - day.weekday())
        case Bucket.month:
            return Block(Grain.month, block_of(Grain.month, day)).last


async def trend_table(
    snapshot: Snapshot,
    by: Dimension,
    asked: DateRange,
    filters: Filters,
    ordering: Ordering,
    *,
    bucket: Bucket,
    metric: Metric,
    calendar: CalendarKind,
    tolerance_days: int,
    top: int | None,
) -> Table:
    _refuse_missing_name(by, ordering)
    days = await resolve_range(snapshot, asked)
    rows: list[Row] = []
    grid = NO_GRID
    if days is not None and await clip_to_data(snapshot, days) is not None:
        if (days.last - days.first).days > MOST_BUCKETS * DAYS_OF[bucket]:
            raise _too_many_points()
        buckets = buckets_of(days, bucket)
        if len(buckets) > MOST_BUCKETS:
            raise _too_many_points()
        grid = await _grid(snapshot, by, buckets, filters, tolerance_days, top)
        rows = _rows(grid, by, filters, ordering, await _values(snapshot, grid, metric, calendar))
    about = {
        "start_date": days and days.first,
        "end_date": days and days.last,
        "bucket": bucket.value,
        "metric": metric.value,
        "calendario": calendar.value,
        "tolerance_days": tolerance_days,
        "nomes": len(grid.names) - grid.has_rest + grid.in_rest,
        "nomes_em_demais": grid.in_rest,
    }
    return Table("tendencia", trend_columns(by), rows, about)


@dataclass(frozen=True)
class Grid:
    """A series for each name and, where some have none of their own, one for the rest, which comes last.

    total, on_time: of each series and bucket. in_rest: names summed in the rest.
    """

    names: Sequence[str | None]
    places: Sequence[Place]
    buckets: Sequence[Days]
    total: Integers
    on_time: Integers
    in_rest: int

    @property
    def has_rest(self) -> bool:
        return self.in_rest > 0


NO_GRID = Grid([], [], [], np.empty((0, 0), np.int64), np.empty((0, 0), np.int64), 0)


async def _grid(
    snapshot: Snapshot, by: Dimension, buckets: list[Days], filters: Filters, tolerance_days: int, top: int | None
) -> Grid:
    """Every name has its series, up to `top` of them and to what an answer bears: those with the most visits."""
    number, cells = await fetch_bucket_cells(snapshot, buckets, filters, tolerance_days)
    totals = await totals_of_cells(snapshot, by, cells, places=True)
    key = await key_of(snapshot, by, cells.angel_id if by is Dimension.angel else cells.polo_id)
    points, visits, on_time = sum_by(key.numbers.astype(np.int64) * len(buckets) + number, cells.total, cells.on_time)
    positions = {name: row for row, name in enumerate(totals.names)}
    rows = np.array([positions[name] for name in await key.names(points // len(buckets))], np.int64)
    shown = _shown(totals, len(buckets), top)
    in_rest = len(totals.names) - len(shown)
    series = np.full(len(totals.names), len(shown), np.int64)
    series[shown] = np.arange(len(shown))
    sums = np.zeros((2, len(shown) + (in_rest > 0), len(buckets)), np.int64)
    np.add.at(sums[0], (series[rows], points % len(buckets)), visits)
    np.add.at(sums[1], (series[rows], points % len(buckets)), on_time)
    rest = [None] if in_rest else []
    return Grid(
        [*(totals.names[row] for row in shown), *rest],
        [*(totals.places[row] for row in shown), *(NATION for _ in rest)],
        buckets,
        sums[0],
        sums[1],
        in_rest,
    )


def _shown(totals: Totals, buckets: int, top: int | None) -> list[int]:
    """Rows of the names with a series of their own, in order of name; ties in visits go by name."""
    number = len(totals.names)
    if number * buckets > MOST_POINTS:
        number = MOST_POINTS // buckets - 1
    number = min(number, top or number)
    return sorted(np.argsort(-totals.total, kind="stable")[:number].tolist())


@dataclass(frozen=True)
class Values:
    """numerator / denominator of each point, and where there is none."""

    numerators: Integers
    denominators: Integers
    null: Integers

    def shown(self) -> list[float | None]:
        hundredths = half_even_each(100 * self.numerators, self.denominators).tolist()
        return [None if no else value / 100 for value, no in zip(hundredths, self.null.tolist(), strict=True)]


async def _values(snapshot: Snapshot, grid: Grid, metric: Metric, calendar: CalendarKind) -> Values:
    total, on_time = grid.total.ravel(), grid.on_time.ravel()
    if metric is Metric.sla:
        return Values(100 * on_time, np.maximum(total, 1), total == 0)
    if metric is Metric.total:
        return Values(total, np.ones_like(total), np.zeros(len(total), bool))
    counter = await snapshot.business_days()
    places = grid.places if calendar is CalendarKind.uf else [NATION] * len(grid.names)
    working = np.array([counter.between(*days, place) for place in places for days in grid.buckets], np.int64)
    return Values(total, np.maximum(working, 1), working == 0)


def _rows(grid: Grid, by: Dimension, filters: Filters, ordering: Ordering, values: Values) -> list[Row]:
    """Sorted; rows come in order of name and time, which also settles ties; nulls go last."""
    links = [attended_between(by, filters, DateRange(*days)) for days in grid.buckets]
    total, shown = grid.total.ravel(), values.shown()
    bucket = np.tile(np.arange(len(grid.buckets)), len(grid.names))
    columns = {
        "inicio": SortColumn([bucket]),
        "total": SortColumn([total]),
        "valor": by_ratio(values.numerators, values.denominators, values.null),
    }
    named = SortColumn(
        [np.repeat(np.arange(len(grid.names)), len(grid.buckets))],
        np.repeat(np.array([name is None for name in grid.names], bool), len(grid.buckets)),
    )
    order = order_rows(ordering, columns | {by.value: named}, ())
    visits = total.tolist()
    rows = []
    for point in order.tolist():
        series, index = divmod(point, len(grid.buckets))
        days, name = grid.buckets[index], grid.names[series]
        rows.append(
            {
                by.value: name,
                "inicio": days.first,
                "fim": days.last,
                "total_de_atendimentos": visits[point],
                "valor": shown[point],
                "visitas": links[index].of(name),
                "demais": grid.in_rest if series == len(grid.names) - 1 else 0,
            }
        )
    return rows


def _refuse_missing_name(by: Dimension, ordering: Ordering) -> None:
    if ordering.field in set(Dimension) and ordering.field != by.value:
        raise Unprocessable.field("query", "sort_field", msg=f"the rows have no {ordering.field}, only {by.value}")


def _too_many_points() -> Unprocessable:
    message = f"more than {MOST_BUCKETS} buckets; narrow the range, or take a larger bucket"
    return Unprocessable.field("query", "bucket", msg=message)


def trend_columns(by: Dimension) -> list[Column]:
    return [
        Column(by.value, str),
        Column("inicio", date),
        Column("fim", date),
        Column("total_de_atendimentos", int),
        Column("valor", float),
        Column("visitas", str, computed=True),
        Column("demais", int),
    ]
