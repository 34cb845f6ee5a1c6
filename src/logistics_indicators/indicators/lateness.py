"""Lateness: by how many days the late visits were late."""

from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np
from pydantic import BaseModel, Field

from ..rollup.dimensions import Dimension
from ..rollup.reading import Days, Filters, fetch_lateness
from .answers import Table
from .indicator import Indicator, Sums, percent, quotient, whole
from .links import attended_between
from .long_work import off_the_loop
from .models import IndicatorAnswer
from .parameters import Ordering
from .snapshot import Snapshot
from .totals import DateRange, Totals, days_to_sum, resolve_range, totals_by


class LatenessFigures(BaseModel):
    total_de_atendimentos: Annotated[int, whole("total", sort="total")]
    total_de_atrasados: Annotated[int, whole("late", sort="atrasados")]
    percentual_de_atrasados: Annotated[float, percent("late", "total", sort="percentual")] = Field(
        description="Of all visits"
    )
    media_de_dias_de_atraso: Annotated[float | None, quotient("days", "late", sort="media")] = Field(
        description="Of the late visits; null without any"
    )
    p50_de_dias_de_atraso: Annotated[int | None, whole("p50", sort="p50", null_without="late")] = Field(
        description="Of the late visits, by nearest rank"
    )
    p90_de_dias_de_atraso: Annotated[int | None, whole("p90", sort="p90", null_without="late")]
    percentual_1_dia: Annotated[float | None, percent("of_1_day", "late")] = Field(
        description="Share of the late visits"
    )
    percentual_2_dias: Annotated[float | None, percent("of_2_days", "late")]
    percentual_3_a_5_dias: Annotated[float | None, percent("of_3_to_5_days", "late")]
    percentual_mais_de_5_dias: Annotated[float | None, percent("of_more_days", "late")]
    atrasados_1_dia: Annotated[int, whole("of_1_day")]
    atrasados_2_dias: Annotated[int, whole("of_2_days")]
    atrasados_3_a_5_dias: Annotated[int, whole("of_3_to_5_days")]
    atrasados_mais_de_5_dias: Annotated[int, whole("of_more_days")]
    visitas: str | None


LATENESS = Indicator(
    name="lateness",
    rows="lateness",
    summary="How late the late visits of each {} were",
    description="By how many days the late visits were late, for each {}.",
    figures=LatenessFigures,
    about=IndicatorAnswer,
    default_sort="atrasados",
)

LATE = ("late", "days", "of_1_day", "of_2_days", "of_3_to_5_days", "of_more_days", "p50", "p90")
"""What fetch_lateness gives after the name; all 0 for a name without a late visit."""


async def lateness_table(
    snapshot: Snapshot, by: Dimension, asked: DateRange, filters: Filters, ordering: Ordering
) -> Table:
    days = await resolve_range(snapshot, asked)
    totals = await totals_by(snapshot, by, days, filters)
    late = [] if days is None else await _late_visits(snapshot, by, days, filters)
    sums = await off_the_loop(len(totals.names), _sums, totals, late)
    about = {"start_date": days and days.first, "end_date": days and days.last}
    links = {"visitas": attended_between(by, filters, asked)}
    return await LATENESS.table(by, totals.names, sums, ordering, links, about)


async def _late_visits(snapshot: Snapshot, by: Dimension, days: Days, filters: Filters) -> Sequence[Sequence[Any]]:
    summed = await days_to_sum(snapshot, days)
    if summed is None:
        return []
    return await fetch_lateness(snapshot.connection, by, summed, filters, has_recent=snapshot.has_recent)


def _sums(totals: Totals, late: Sequence[Sequence[Any]]) -> Sums:
    late_of = {name: figures for name, *figures in late}
    none_late = [0] * len(LATE)
    rows = np.array([late_of.get(name, none_late) for name in totals.names], np.int64).reshape(-1, len(LATE))
    return {"total": totals.total, **dict(zip(LATE, rows.T, strict=True))}
