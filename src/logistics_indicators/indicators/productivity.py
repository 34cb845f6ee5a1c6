"""Productivity: visits for each business day, and the mean time between a visit and its deadline."""

from ..exports.columns import Column
from .answers import Row, Table, sort_rows
from .business_days import CalendarKind
from .figures import duration_text, half_even, ratio
from .links import attended_between
from .parameters import Ordering
from .snapshot import Snapshot
from .sums import Filters
from .totals import DateRange, Dimension, resolve_range, totals_by

PRODUCTIVITY_FIELDS = ("total", "avg_time", "produtividade")
SORT_COLUMNS = {"total": "total_de_atendimentos", "avg_time": "tempo_medio_segundos"}


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
    links = attended_between(by, filters, asked)
    columns = (
        Column(by.value, str),
        Column("total_de_atendimentos", int),
        Column("tempo_medio_atendimento", str),
        Column("tempo_medio_segundos", int),
        Column("dias_uteis", int),
        Column("produtividade", float),
        Column("visitas", str),
    )
    rows: list[Row] = []
    for key, place, total, _, seconds in await totals_by(snapshot, by, days, filters, places=local):
        mean = half_even(seconds, total)
        working = counter.between(*days, place) if local and days else national
        pace = ratio(total, working) if working else None
        rows.append((key, total, duration_text(mean), mean, working, pace, links.of(key)))
    about = {
        "start_date": days and days.first,
        "end_date": days and days.last,
        "calendario": calendar.value,
        "dias_uteis": national if days else None,
    }
    name = "produtividade" if by is Dimension.angel else f"produtividade_{by.value}"
    return Table(name, columns, sort_rows(rows, columns, ordering, SORT_COLUMNS), about)
