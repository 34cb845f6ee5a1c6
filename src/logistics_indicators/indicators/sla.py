"""SLA: the share of visits made on or before the deadline's day."""

from typing import Annotated

from pydantic import BaseModel, Field

from ..rollup.dimensions import Dimension
from ..rollup.reading import Filters
from .answers import Table
from .figures import PERCENT_TEXTS, Floats, Ratio, two_decimals_each, wilson_bounds
from .indicator import Figure, Indicator, Sums, percent, whole
from .links import attended_between
from .models import IndicatorAnswer
from .ordering import SortColumn
from .parameters import Ordering
from .snapshot import Snapshot
from .totals import DateRange, resolve_range, totals_by


def _texts(sums: Sums) -> list[str]:
    return [PERCENT_TEXTS[share] for share in Ratio(10_000 * sums["on_time"], sums["total"]).whole().tolist()]


def _end_of_interval(place: int, sort: str) -> Figure:
    """place: 0 is the lower end, 1 the upper one."""

    def ends(sums: Sums) -> Floats:
        return wilson_bounds(sums["on_time"], sums["total"])[place]

    return Figure(lambda sums: two_decimals_each(ends(sums)), sort, lambda sums: SortColumn([ends(sums)]))


class SlaFigures(BaseModel):
    total_de_atendimentos: Annotated[int, whole("total", sort="total")] = Field(examples=[1000])
    total_de_atendimentos_no_prazo: Annotated[int, whole("on_time", sort="total_sla")] = Field(examples=[980])
    sla: Annotated[str, Figure(_texts)] = Field(examples=["98.00%"])
    sla_percentual: Annotated[float, percent("on_time", "total", sort="sla")] = Field(examples=[98.0])
    sla_minimo: Annotated[float, _end_of_interval(0, "sla_minimo")] = Field(
        description="Lower end of the 95% Wilson interval: sorted by it, few visits do not outrank many"
    )
    sla_maximo: Annotated[float, _end_of_interval(1, "sla_maximo")] = Field(description="Upper end of it")
    visitas: str | None = Field(description="Relative URL of the visits counted", examples=["/v1/services?angel=Ana"])


class SlaAnswer(IndicatorAnswer):
    tolerance_days: int


SLA = Indicator(
    name="sla",
    rows="sla",
    summary="SLA of each {}",
    description="Share of the visits that were made on or before the deadline's day, for each {}.",
    row="Visits on time of one {}",
    figures=SlaFigures,
    about=SlaAnswer,
    default_sort="total",
    no_name="null: {}",
)


async def sla_table(
    snapshot: Snapshot, by: Dimension, asked: DateRange, filters: Filters, ordering: Ordering, tolerance_days: int
) -> Table:
    days = await resolve_range(snapshot, asked)
    totals = await totals_by(snapshot, by, days, filters, tolerance_days=tolerance_days)
    sums = {"total": totals.total, "on_time": totals.on_time}
    about = {"start_date": days and days.first, "end_date": days and days.last, "tolerance_days": tolerance_days}
    links = {"visitas": attended_between(by, filters, asked)}
    return await SLA.table(by, totals.names, sums, ordering, links, about)
