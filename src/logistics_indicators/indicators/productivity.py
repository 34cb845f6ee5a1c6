"""Productivity: visits for each business day, and the mean time between a visit and its deadline."""

from typing import Annotated

import numpy as np
from pydantic import BaseModel, Field

from ..rollup.dimensions import Dimension
from ..rollup.reading import Filters
from .answers import Table
from .calendar.business_days import CalendarKind
from .figures import Ratio, duration_text
from .indicator import Figure, Indicator, Sums, quotient, whole
from .links import attended_between
from .models import IndicatorAnswer
from .ordering import by_ratio
from .parameters import Ordering
from .snapshot import Snapshot
from .totals import DateRange, resolve_range, totals_by


def _mean(sums: Sums) -> Ratio:
    return Ratio(sums["seconds"], sums["total"])


class ProductivityFigures(BaseModel):
    total_de_atendimentos: Annotated[int, whole("total", sort="total")]
    tempo_medio_atendimento: Annotated[str, Figure(lambda sums: map(duration_text, _mean(sums).whole().tolist()))] = (
        Field(
            description="Mean of data_limite at 00:00 less data_de_atendimento: positive is early",
            examples=["2 days, 14:33:21"],
        )
    )
    tempo_medio_segundos: Annotated[
        int, Figure(lambda sums: _mean(sums).whole().tolist(), "avg_time", lambda sums: by_ratio(_mean(sums)))
    ]
    dias_uteis: Annotated[int, whole("working")] = Field(description="Business days by this row's calendar")
    produtividade: Annotated[float | None, quotient("total", "working", sort="produtividade")] = Field(
        description="Visits for each business day; null where there is none"
    )
    visitas: str | None = Field(description="Relative URL of the visits counted")


class ProductivityAnswer(IndicatorAnswer):
    calendario: str = Field(examples=["nacional"])
    dias_uteis: int | None = Field(description="Business days by the national calendar")


PRODUCTIVITY = Indicator(
    name="productivity",
    rows="produtividade",
    summary="Productivity of each {}",
    description="Visits for each business day, for each {}.",
    row="Visits for each business day of one {}",
    figures=ProductivityFigures,
    about=ProductivityAnswer,
    default_sort="total",
    unnamed=Dimension.angel,
)


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
    totals = await totals_by(snapshot, by, days, filters, seconds=True, places=local)
    working = np.full(len(totals.names), national)
    if local and days:
        working = np.array(await counter.of_each([days], totals.places), np.int64).ravel()
    about = {
        "start_date": days and days.first,
        "end_date": days and days.last,
        "calendario": calendar.value,
        "dias_uteis": national if days else None,
    }
    sums = {"total": totals.total, "seconds": totals.seconds, "working": working}
    links = {"visitas": attended_between(by, filters, asked)}
    return await PRODUCTIVITY.table(by, totals.names, sums, ordering, links, about)
