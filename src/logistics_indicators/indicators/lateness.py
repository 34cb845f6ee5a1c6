"""Lateness: by how many days the late visits were late."""

from collections.abc import Sequence
from itertools import chain
from typing import Annotated

import numpy as np
from pydantic import BaseModel, Field

from ..rollup.dimensions import Dimension
from ..rollup.reading import Days, Filters, LateDays, fetch_late_days
from .answers import Table
from .figures import Integers
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
    row="How late the late visits of one {} were",
    figures=LatenessFigures,
    about=IndicatorAnswer,
    default_sort="atrasados",
)

BANDS = {"of_1_day": (1, 1), "of_2_days": (2, 2), "of_3_to_5_days": (3, 5), "of_more_days": (6, None)}
"""From how many to how many days."""

PERCENTILES = {"p50": 50, "p90": 90}
"""By nearest rank: the least number of days that at least this share of the late visits kept within."""


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


async def _late_visits(snapshot: Snapshot, by: Dimension, days: Days, filters: Filters) -> Sequence[LateDays]:
    summed = await days_to_sum(snapshot, days)
    if summed is None:
        return []
    return await fetch_late_days(snapshot.connection, by, summed, filters, has_recent=snapshot.has_recent)


def _sums(totals: Totals, found: Sequence[LateDays]) -> Sums:
    """A row for each name; all 0 for one without a late visit."""
    place_of = {name: place for place, name in enumerate(totals.names)}
    places = [place_of[name] for name, _, _ in found]
    late = {name: np.zeros_like(totals.total) for name in ("late", "days", *BANDS, *PERCENTILES)}
    for name, values in (_late_sums(found) if found else {}).items():
        late[name][places] = values
    return {"total": totals.total, **late}


def _late_sums(found: Sequence[LateDays]) -> Sums:
    """A row for each that is found."""
    sizes = np.array([len(days) for _, days, _ in found])
    rows = np.repeat(np.arange(len(found)), sizes)
    days = np.fromiter(chain.from_iterable(days for _, days, _ in found), np.int64)
    visits = np.fromiter(chain.from_iterable(visits for _, _, visits in found), np.int64)
    order = np.lexsort((days, rows))
    days, visits = days[order], visits[order]
    starts = np.cumsum(sizes) - sizes

    def each(values: Integers) -> Integers:
        added: Integers = np.add.reduceat(values, starts)
        return added

    late = each(visits)
    within = np.cumsum(visits) - np.repeat(np.cumsum(late) - late, sizes)
    bands = {
        name: each(np.where((days >= first) & (last is None or days <= last), visits, 0))
        for name, (first, last) in BANDS.items()
    }
    percentiles = {name: days[starts + each(100 * within < share * late[rows])] for name, share in PERCENTILES.items()}
    return {"late": late, "days": each(days * visits), **bands, **percentiles}
