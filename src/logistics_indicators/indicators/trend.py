"""Trend: a figure for every day, week or month of a range, buckets without a visit included."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import numpy as np
from pydantic import Field

from ..errors import Unprocessable
from ..exports.columns import Column
from ..rollup.dimensions import Dimension
from ..rollup.reading import Days, Filters, fetch_series
from .answers import Row, SlicedRows, Table
from .calendar.business_days import NATION, CalendarKind, Place
from .figures import Integers, Ratio
from .indicator import figure_columns
from .links import attended_between
from .long_work import off_the_loop
from .models import IndicatorAnswer, OfOneName
from .ordering import SortColumn, by_ratio, order_rows
from .parameters import Ordering
from .periods import Bucket, Period, buckets_beside, period_of
from .snapshot import Snapshot
from .totals import DateRange, Totals, days_to_sum, resolve_range, totals_by

MOST_POINTS = 100_000
MOST_BUCKETS = 5_000


DAYS_OF = {Bucket.day: 1, Bucket.week: 7, Bucket.month: 28}


class Metric(StrEnum):
    sla = "sla"
    total = "total"
    produtividade = "produtividade"


TREND_FIELDS = ("inicio", "total", "valor", *(by.value for by in Dimension))


class TrendPoint(OfOneName):
    inicio: date
    fim: date
    total_de_atendimentos: int
    valor: float | None = Field(description="The metric; an SLA is null without visits, a pace without a business day")
    visitas: str | None
    demais: int = Field(description="Names summed in it, the name being null; 0 in a name's own points")


class TrendAnswer(IndicatorAnswer):
    bucket: str
    metric: str
    calendario: str
    tolerance_days: int
    nomes: int = Field(description="Names with a visit in the range")
    nomes_em_demais: int = Field(description="Those without points of their own: the fewest visits, summed in demais")
    tendencia: list[TrendPoint]


async def trend_table(
    snapshot: Snapshot,
    by: Dimension,
    asked: DateRange,
    filters: Filters,
    ordering: Ordering,
    *,
    period: Period,
    bucket: Bucket,
    metric: Metric,
    calendar: CalendarKind,
    tolerance_days: int,
    top: int | None,
) -> Table:
    _refuse_missing_name(by, ordering)
    resolved = await resolve_range(snapshot, asked)
    days = resolved and period_of(resolved, period)
    rows: Sequence[Row] = []
    grid = NO_GRID
    if resolved is not None and days is not None and await days_to_sum(snapshot, days) is not None:
        if (days.last - days.first).days > MOST_BUCKETS * DAYS_OF[bucket]:
            raise _too_many_points()
        buckets = buckets_beside(resolved, period, bucket)
        if len(buckets) > MOST_BUCKETS:
            raise _too_many_points()
        local = metric is Metric.produtividade and calendar is CalendarKind.uf
        grid = await _grid(snapshot, by, buckets, filters, tolerance_days, top, places=local)
        values = await _values(snapshot, grid, metric, calendar)
        rows = await off_the_loop(grid.total.size, _rows, grid, by, filters, ordering, values)
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
    return Table("tendencia", trend_columns(by), rows, about, file=f"tendencia_{metric}")


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
    snapshot: Snapshot,
    by: Dimension,
    buckets: list[Days],
    filters: Filters,
    tolerance_days: int,
    top: int | None,
    *,
    places: bool,
) -> Grid:
    """Every name has its series, up to `top` of them and to what an answer bears: those with the most visits."""
    totals = await totals_by(snapshot, by, Days(buckets[0].first, buckets[-1].last), filters, places=places)
    shown = _shown(totals, len(buckets), top)
    in_rest = len(totals.names) - len(shown)
    names = [totals.names[row] for row in shown]
    points = await fetch_series(
        snapshot.connection, by, buckets, names, filters, tolerance_days, has_recent=snapshot.has_recent
    )
    sums = np.zeros((2, len(shown) + (in_rest > 0), len(buckets)), np.int64)
    if points:
        series, bucket, total, on_time = (np.array(column, np.int64) for column in zip(*points, strict=True))
        sums[0, series, bucket], sums[1, series, bucket] = total, on_time
    return Grid(
        [*names, *([None] if in_rest else [])],
        [*(totals.places[row] for row in shown), *([NATION] if in_rest else [])],
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
    number = number if top is None else min(number, top)
    return sorted(np.argsort(-totals.total, kind="stable")[:number].tolist())


async def _values(snapshot: Snapshot, grid: Grid, metric: Metric, calendar: CalendarKind) -> Ratio:
    """Of each point."""
    total, on_time = grid.total.ravel(), grid.on_time.ravel()
    if metric is Metric.sla:
        return Ratio(100 * on_time, total)
    if metric is Metric.total:
        return Ratio(total, np.ones_like(total))
    counter = await snapshot.business_days()
    places = grid.places if calendar is CalendarKind.uf else [NATION] * len(grid.names)
    working = np.array(await counter.of_each(grid.buckets, places), np.int64).ravel()
    return Ratio(total, working)


def _rows(grid: Grid, by: Dimension, filters: Filters, ordering: Ordering, values: Ratio) -> SlicedRows:
    """Sorted; rows come in order of name and time, which also settles ties; nulls go last."""
    links = [attended_between(by, filters, DateRange(*days)) for days in grid.buckets]
    total = grid.total.ravel()
    bucket = np.tile(np.arange(len(grid.buckets)), len(grid.names))
    columns = {
        "inicio": SortColumn([bucket]),
        "total": SortColumn([total]),
        "valor": by_ratio(values),
    }
    named = SortColumn(
        [np.repeat(np.arange(len(grid.names)), len(grid.buckets))],
        np.repeat(np.array([name is None for name in grid.names], bool), len(grid.buckets)),
    )
    in_rest = [0] * len(grid.names)
    if grid.names:
        in_rest[-1] = grid.in_rest

    def make(points: Integers) -> list[Row]:
        places, indexes = (part.tolist() for part in np.divmod(points, len(grid.buckets)))
        shown = Ratio(values.numerators[points], values.denominators[points]).decimals()
        return [
            {
                by.value: grid.names[series],
                "inicio": grid.buckets[index].first,
                "fim": grid.buckets[index].last,
                "total_de_atendimentos": visits,
                "valor": value,
                "visitas": links[index].of(grid.names[series]),
                "demais": in_rest[series],
            }
            for value, series, index, visits in zip(shown, places, indexes, total[points].tolist(), strict=True)
        ]

    return SlicedRows(order_rows(ordering, columns.get(ordering.field, named)), make)


def _refuse_missing_name(by: Dimension, ordering: Ordering) -> None:
    if ordering.field in set(Dimension) and ordering.field != by.value:
        raise Unprocessable.field("query", "sort_field", msg=f"the rows have no {ordering.field}, only {by.value}")


def _too_many_points() -> Unprocessable:
    message = f"more than {MOST_BUCKETS} buckets; narrow the range, or take a larger bucket"
    return Unprocessable.field("query", "bucket", msg=message)


def trend_columns(by: Dimension) -> list[Column]:
    points = (column for column in figure_columns(TrendPoint) if column.name not in set(Dimension))
    return [Column(by.value, str), *points]
