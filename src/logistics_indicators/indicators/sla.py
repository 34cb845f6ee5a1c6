"""SLA: the share of visits made on or before the deadline's day."""

from ..exports.columns import Column
from .answers import Table
from .figures import SLA, half_even_each
from .links import attended_between
from .ordering import SortColumn, by_ratio, order_rows
from .parameters import Ordering
from .snapshot import Snapshot
from .sums import Filters
from .totals import DateRange, Dimension, resolve_range, totals_by

SLA_FIELDS = ("total", "total_sla", "sla")


async def sla_table(
    snapshot: Snapshot, by: Dimension, asked: DateRange, filters: Filters, ordering: Ordering, tolerance_days: int
) -> Table:
    days = await resolve_range(snapshot, asked)
    totals = await totals_by(snapshot, by, days, filters, tolerance_days=tolerance_days)
    hundredths = half_even_each(10_000 * totals.on_time, totals.total)
    sortable = {
        "total": SortColumn([totals.total]),
        "total_sla": SortColumn([totals.on_time]),
        "sla": by_ratio(totals.on_time, totals.total),
    }
    order = order_rows(ordering, sortable, totals.names)
    key, link = by.value, attended_between(by, filters, asked)
    columns = (order, totals.total[order], totals.on_time[order], hundredths[order])
    rows = [
        {
            key: totals.names[row],
            "total_de_atendimentos": total,
            "total_de_atendimentos_no_prazo": on_time,
            "sla": SLA[share][0],
            "sla_percentual": SLA[share][1],
            "visitas": link.of(totals.names[row]),
        }
        for row, total, on_time, share in zip(*(column.tolist() for column in columns), strict=True)
    ]
    about = {"start_date": days and days.first, "end_date": days and days.last, "tolerance_days": tolerance_days}
    return Table(f"sla_{key}", sla_columns(by), rows, about)


def sla_columns(by: Dimension) -> list[Column]:
    return [
        Column(by.value, str),
        Column("total_de_atendimentos", int),
        Column("total_de_atendimentos_no_prazo", int),
        Column("sla", str, computed=True),
        Column("sla_percentual", float),
        Column("visitas", str, computed=True),
    ]
