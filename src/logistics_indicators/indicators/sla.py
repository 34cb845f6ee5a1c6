"""SLA: the share of visits made on or before the deadline's day."""

from ..exports.columns import Column
from .answers import Row, Table, sort_rows
from .figures import sla
from .links import attended_between
from .parameters import Ordering
from .snapshot import Snapshot
from .sums import Filters
from .totals import DateRange, Dimension, resolve_range, totals_by

SLA_FIELDS = ("total", "total_sla", "sla")
SORT_COLUMNS = {
    "total": "total_de_atendimentos",
    "total_sla": "total_de_atendimentos_no_prazo",
    "sla": "sla_percentual",
}


async def sla_table(
    snapshot: Snapshot, by: Dimension, asked: DateRange, filters: Filters, ordering: Ordering, tolerance_days: int
) -> Table:
    days = await resolve_range(snapshot, asked)
    links = attended_between(by, filters, asked)
    columns = (
        Column(by.value, str),
        Column("total_de_atendimentos", int),
        Column("total_de_atendimentos_no_prazo", int),
        Column("sla", str),
        Column("sla_percentual", float),
        Column("visitas", str),
    )
    rows: list[Row] = [
        (name, total, on_time, *sla(on_time, total), links.of(name))
        for name, _, total, on_time, _ in await totals_by(snapshot, by, days, filters, tolerance_days=tolerance_days)
    ]
    about = {"start_date": days and days.first, "end_date": days and days.last, "tolerance_days": tolerance_days}
    return Table(f"sla_{by.value}", columns, sort_rows(rows, columns, ordering, SORT_COLUMNS), about)
