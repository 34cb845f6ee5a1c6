"""Trend: a figure for every day, week or month of a range. A bucket without a visit is a zero, not a gap."""

from collections.abc import Callable
from datetime import date, timedelta
from enum import StrEnum

import numpy as np

from ..errors import Unprocessable
from ..exports.columns import Column
from .answers import Row, Table
from .blocks import ONE_DAY, Block, Grain, block_of
from .business_days import BusinessDays, CalendarKind
from .figures import ratio, sla
from .links import attended_between
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
SORT_COLUMNS = {"total": "total_de_atendimentos"}


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
) -> Table:
    days = await resolve_range(snapshot, asked)
    rows: list[Row] = []
    if days is not None and days.first <= days.last and await clip_to_data(snapshot, days) is not None:
        if (days.last - days.first).days > MOST_BUCKETS * DAYS_OF[bucket]:
            raise _too_many_points()
        value = await _value_of(snapshot, metric, calendar)
        rows = await _rows(snapshot, by, buckets_of(days, bucket), filters, tolerance_days, value)
    about = {
        "start_date": days and days.first,
        "end_date": days and days.last,
        "bucket": bucket.value,
        "metric": metric.value,
        "calendario": calendar.value,
        "tolerance_days": tolerance_days,
    }
    return Table("tendencia", trend_columns(by), _sorted(rows, by, ordering), about)


Value = Callable[[Totals, int, Days, int, int], float | None]
"""(totals, row, bucket, visits, on time) -> the point's value"""


async def _value_of(snapshot: Snapshot, metric: Metric, calendar: CalendarKind) -> Value:
    if metric is Metric.sla:
        return lambda totals, row, days, visits, on_time: sla(on_time, visits)[1] if visits else 0.0
    if metric is Metric.total:
        return lambda totals, row, days, visits, on_time: float(visits)
    counter: BusinessDays = await snapshot.business_days()
    local = calendar is CalendarKind.uf

    def pace(totals: Totals, row: int, days: Days, visits: int, on_time: int) -> float | None:
        if not visits:
            return 0.0
        working = counter.between(*days, totals.places[row]) if local else counter.between(*days)
        return ratio(visits, working) if working else None

    return pace


async def _rows(
    snapshot: Snapshot, by: Dimension, buckets: list[Days], filters: Filters, tolerance_days: int, value: Value
) -> list[Row]:
    number, cells = await fetch_bucket_cells(snapshot, buckets, filters, tolerance_days)
    totals = await totals_of_cells(snapshot, by, cells, places=True)
    if len(totals.names) * len(buckets) > MOST_POINTS:
        raise _too_many_points()
    key = await key_of(snapshot, by, cells.angel_id if by is Dimension.angel else cells.polo_id)
    points, visits, on_time = sum_by(key.numbers.astype(np.int64) * len(buckets) + number, cells.total, cells.on_time)
    names = await key.names(points // len(buckets))
    found = {
        (name, bucket): (total, on)
        for name, bucket, total, on in zip(
            names, (points % len(buckets)).tolist(), visits.tolist(), on_time.tolist(), strict=True
        )
    }
    links = [attended_between(by, filters, DateRange(*days)) for days in buckets]
    rows = []
    for row, name in enumerate(totals.names):
        for index, days in enumerate(buckets):
            total, on = found.get((name, index), (0, 0))
            rows.append(
                {
                    by.value: name,
                    "inicio": days.first,
                    "fim": days.last,
                    "total_de_atendimentos": total,
                    "valor": value(totals, row, days, total, on),
                    "visitas": links[index].of(name),
                }
            )
    return rows


def _too_many_points() -> Unprocessable:
    message = f"more than {MOST_POINTS} points; narrow the range or the filters, or take a larger bucket"
    return Unprocessable.field("query", "bucket", msg=message)


def _sorted(rows: list[Row], by: Dimension, ordering: Ordering) -> list[Row]:
    """Rows come in order of name and time, which also settles ties; nulls go last."""
    if ordering.field in set(Dimension) and ordering.field != by.value:
        raise Unprocessable.field("query", "sort_field", msg=f"the rows have no {ordering.field}, only {by.value}")
    column = SORT_COLUMNS.get(ordering.field, ordering.field)
    valued = [row for row in rows if row[column] is not None]
    valued.sort(key=lambda row: row[column], reverse=ordering.descending)
    return valued + [row for row in rows if row[column] is None]


def trend_columns(by: Dimension) -> list[Column]:
    return [
        Column(by.value, str),
        Column("inicio", date),
        Column("fim", date),
        Column("total_de_atendimentos", int),
        Column("valor", float),
        Column("visitas", str),
    ]
