"""Productivity: visits for each business day, and the mean time between a visit and its deadline."""

import numpy as np

from ..exports.columns import Column
from .answers import Table
from .business_days import CalendarKind
from .figures import duration_text, half_even_each
from .links import attended_between
from .ordering import SortColumn, by_ratio, order_rows
from .parameters import Ordering
from .snapshot import Snapshot
from .sums import Filters
from .totals import DateRange, Dimension, resolve_range, totals_by

PRODUCTIVITY_FIELDS = ("total", "avg_time", "produtividade")


async def productivity_table(
    snapshot: Snapshot,
    by: Dimension,
    asked: DateRange,
    filters: Filters,
    ordering: Ordering,
    calendar: CalendarKind,
) -> Table:
    days = await resolve_range(snapshot, asked)
    local = calendar is CalendarKind.uf
    counter = await snapshot.business_days()
    national = counter.between(*days) if days else 0
    totals = await totals_by(snapshot, by, days, filters, places=local)
    working = np.array([counter.between(*days, place) if local and days else national for place in totals.places], int)
    idle = working == 0
    mean = half_even_each(totals.seconds, totals.total)
    divisors = np.maximum(working, 1)
    pace = half_even_each(100 * totals.total, divisors)
    sortable = {
        "total": SortColumn([totals.total]),
        "avg_time": by_ratio(totals.seconds, totals.total),
        "produtividade": by_ratio(totals.total, divisors, idle),
    }
    order = order_rows(ordering, sortable, totals.names)
    key, link = by.value, attended_between(by, filters, asked)
    columns = (order, totals.total[order], mean[order], working[order], pace[order])
    rows = [
        {
            key: totals.names[row],
            "total_de_atendimentos": total,
            "tempo_medio_atendimento": duration_text(seconds),
            "tempo_medio_segundos": seconds,
            "dias_uteis": working_days,
            "produtividade": hundredths / 100 if working_days else None,
            "visitas": link.of(totals.names[row]),
        }
        for row, total, seconds, working_days, hundredths in zip(*(column.tolist() for column in columns), strict=True)
    ]
    about = {
        "start_date": days and days.first,
        "end_date": days and days.last,
        "calendario": calendar.value,
        "dias_uteis": national if days else None,
    }
    name = "produtividade" if by is Dimension.angel else f"produtividade_{key}"
    return Table(name, productivity_columns(by), rows, about)


def productivity_columns(by: Dimension) -> list[Column]:
    return [
        Column(by.value, str),
        Column("total_de_atendimentos", int),
        Column("tempo_medio_atendimento", str, computed=True),
        Column("tempo_medio_segundos", int),
        Column("dias_uteis", int),
        Column("produtividade", float),
        Column("visitas", str, computed=True),
    ]
