"""Summary: a control room's first screen in one call."""

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import numpy as np
from pydantic import BaseModel, Field

from ..exports.columns import Column
from ..rollup.dimensions import Dimension
from ..rollup.reading import Days, Filters, fetch_open
from .answers import Row, Table
from .calendar.business_days import NATION, CalendarKind
from .figures import Floats, Integers, duration_text, half_even, ratio, sla, two_decimals, wilson, wilson_bounds
from .indicator import figure_columns
from .links import VisitLinks, attended_between
from .models import IndicatorAnswer, OfOneName
from .periods import previous_period
from .sla import SlaFigures
from .snapshot import Snapshot
from .totals import DateRange, Totals, place_of, resolve_range, totals_by


class SummaryPeriod(BaseModel):
    start_date: date | None
    end_date: date | None
    total_de_atendimentos: int
    total_de_atendimentos_no_prazo: int
    sla: str | None
    sla_percentual: float | None
    sla_minimo: float | None = Field(description="Lower end of the 95% Wilson interval")
    sla_maximo: float | None = Field(description="Upper end of it")
    tempo_medio_atendimento: str | None
    tempo_medio_segundos: int | None
    calendario: str = Field(
        description="Whose business days were counted: nacional, or with calendario=uf the polo, state, or main polo "
        "of the angel that was asked for",
        examples=["nacional"],
    )
    dias_uteis: int | None = Field(description="Business days; null where the range has no day")
    produtividade: float | None = Field(description="Visits for each business day; null where there is none")


class SummaryChange(BaseModel):
    total_de_atendimentos: int
    total_de_atendimentos_percentual: float | None
    sla_pontos: float | None
    produtividade: float | None
    tempo_medio_segundos: int | None


class SummaryOpen(BaseModel):
    total_em_aberto: int
    total_atrasado: int
    data_limite_mais_antiga: date | None


class SummaryRank(OfOneName, SlaFigures):
    sla_minimo: float
    sla_maximo: float


class SummaryAnswer(IndicatorAnswer):
    periodo: SummaryPeriod
    periodo_anterior: SummaryPeriod = Field(
        description="As many whole months before, where the period is of whole months; else as many days, right before"
    )
    variacao: SummaryChange = Field(description="This period less the previous one")
    em_aberto: SummaryOpen
    melhores: list[SummaryRank] = Field(
        description="By sla_minimo: few visits do not outrank many; disjoint from piores"
    )
    piores: list[SummaryRank] = Field(description="By sla_maximo; nobody without a late visit")
    as_of: date
    time_zone: str = Field(description="Whose today as_of is, where it was not given")
    by: str
    min_total: int
    tolerance_days: int
    calendario: str


@dataclass(frozen=True)
class SummaryQuestion:
    """by: what the best and worst are of, if they have min_total visits; top: how many of each."""

    by: Dimension
    min_total: int
    top: int
    tolerance_days: int
    calendar: CalendarKind
    as_of: date


async def summary_table(snapshot: Snapshot, asked: DateRange, filters: Filters, question: SummaryQuestion) -> Table:
    days = await resolve_range(snapshot, asked)
    before = days and previous_period(days)
    now, then = [
        await totals_by(snapshot, by, part, filters, tolerance_days=question.tolerance_days, seconds=True)
        for by, part in ((question.by, days), (None, before))
    ]
    period = await _period(snapshot, now, days, filters, question)
    previous = await _period(snapshot, then, before, filters, question)
    best, worst = _best_and_worst(now, question, asked, filters)
    body = {
        "periodo": period,
        "periodo_anterior": previous,
        "variacao": _change(period, previous),
        "em_aberto": await _open_visits(snapshot, question, filters),
        "melhores": best,
        "piores": worst,
    }
    about = {
        "start_date": days and days.first,
        "end_date": days and days.last,
        "as_of": question.as_of,
        "time_zone": snapshot.time_zone,
        "by": question.by.value,
        "min_total": question.min_total,
        "tolerance_days": question.tolerance_days,
        "calendario": question.calendar.value,
    }
    ranks = [("melhor", row) for row in best] + [("pior", row) for row in worst]
    rows = [{"grupo": group, **row} for group, row in ranks]
    return Table("resumo", summary_columns(question.by), rows, about, body)


async def _period(
    snapshot: Snapshot, totals: Totals, days: Days | None, filters: Filters, question: SummaryQuestion
) -> Row:
    total, on_time = int(totals.total.sum()), int(totals.on_time.sum())
    place = await place_of(snapshot, days, filters) if question.calendar is CalendarKind.uf else NATION
    working = (await snapshot.business_days()).between(*days, place) if days else None
    mean = half_even(int(totals.seconds.sum()), total) if total else None
    low, high = wilson(on_time, total) if total else (None, None)
    return {
        "start_date": days and days.first,
        "end_date": days and days.last,
        "total_de_atendimentos": total,
        "total_de_atendimentos_no_prazo": on_time,
        "sla": sla(on_time, total)[0] if total else None,
        "sla_percentual": sla(on_time, total)[1] if total else None,
        "sla_minimo": low,
        "sla_maximo": high,
        "tempo_medio_atendimento": None if mean is None else duration_text(mean),
        "tempo_medio_segundos": mean,
        "calendario": place.calendar,
        "dias_uteis": working,
        "produtividade": ratio(total, working) if working else None,
    }


def _change(now: Row, then: Row) -> Row:
    """This period less the previous one; null where one of them has no figure."""

    def less(field: str) -> float | None:
        return None if now[field] is None or then[field] is None else two_decimals(now[field] - then[field])

    before = then["total_de_atendimentos"]
    change = now["total_de_atendimentos"] - before
    return {
        "total_de_atendimentos": change,
        "total_de_atendimentos_percentual": ratio(100 * change, before) if before else None,
        "sla_pontos": less("sla_percentual"),
        "produtividade": less("produtividade"),
        "tempo_medio_segundos": less("tempo_medio_segundos"),
    }


async def _open_visits(snapshot: Snapshot, question: SummaryQuestion, filters: Filters) -> Row:
    rows = await fetch_open(snapshot.connection, None, question.as_of, filters, has_recent=snapshot.has_recent)
    _, total, overdue, oldest = rows[0] if rows else (None, 0, 0, None)
    return {"total_em_aberto": total, "total_atrasado": overdue, "data_limite_mais_antiga": oldest}


def _best_and_worst(
    totals: Totals, question: SummaryQuestion, asked: DateRange, filters: Filters
) -> tuple[list[Row], list[Row]]:
    """By what the SLA surely reaches (best) and surely does not pass (worst): 3 of 3 do not outrank 980 of 1,000.

    The two lists choose in turns, the best first, so that nobody is in both; nobody without a late visit is a worst.
    """
    link = attended_between(question.by, filters, asked)
    low, high = wilson_bounds(totals.on_time, totals.total)
    enough = np.flatnonzero(totals.total >= question.min_total)
    with_late = enough[totals.on_time[enough] < totals.total[enough]]

    def first_of(rows: Integers, keys: Floats) -> list[_Rank]:
        """As many as are looked at before each list is full."""
        first = rows[np.argsort(keys[rows], kind="stable")][: 2 * question.top].tolist()
        figures = (column[first].tolist() for column in (totals.total, totals.on_time, low, high))
        return list(map(_Rank, (totals.names[row] for row in first), *figures))

    by_least, by_most = first_of(enough, -low), first_of(with_late, high)
    best: list[_Rank] = []
    worst: list[_Rank] = []
    taken: set[str | None] = set()
    for _ in range(question.top):
        for chosen, candidates in ((best, by_least), (worst, by_most)):
            rank = next((rank for rank in candidates if rank.name not in taken), None)
            if rank is not None:
                chosen.append(rank)
                taken.add(rank.name)
    return [_rank_row(rank, question, link) for rank in best], [_rank_row(rank, question, link) for rank in worst]


class _Rank(NamedTuple):
    """low, high: ends of the SLA's interval, unrounded."""

    name: str | None
    total: int
    on_time: int
    low: float
    high: float


def _rank_row(rank: _Rank, question: SummaryQuestion, link: VisitLinks) -> Row:
    text, percent = sla(rank.on_time, rank.total)
    return {
        question.by.value: rank.name,
        "total_de_atendimentos": rank.total,
        "total_de_atendimentos_no_prazo": rank.on_time,
        "sla": text,
        "sla_percentual": percent,
        "sla_minimo": two_decimals(rank.low),
        "sla_maximo": two_decimals(rank.high),
        "visitas": link.of(rank.name),
    }


def summary_columns(by: Dimension) -> list[Column]:
    return [Column("grupo", str, computed=True), Column(by.value, str), *figure_columns(SlaFigures)]
