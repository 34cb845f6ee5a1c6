"""/v1/indicators: what is asked of each angel, polo and state, a route each; trend and summary."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from ..accounts.current_user import Viewer
from ..exports.response import RequestedFormat
from ..http.field_types import Day
from ..rollup.dimensions import COLUMN_OF, Dimension
from .answers import answer_table, answers
from .backlog import BACKLOG, backlog_table
from .calendar.business_days import CalendarKind
from .indicator import Indicator
from .lateness import LATENESS, lateness_table
from .parameters import AskedCalendar, AskedFilters, AskedRange, Ordering, ToleranceDays, ordering
from .periods import Bucket, Period
from .productivity import PRODUCTIVITY, productivity_table
from .sla import SLA, sla_table
from .snapshot import Snapshot
from .summary import SummaryAnswer, SummaryQuestion, summary_table
from .trend import MOST_POINTS, TREND_FIELDS, Metric, TrendAnswer, trend_table

router = APIRouter(prefix="/v1/indicators", tags=["indicators"])

AsOf = Annotated[Day | None, Query(description="Visits whose data_limite lies before it are overdue. Default: today")]
PERIOD = (
    "previous: as many whole months before, where the range is of whole months, else as many days; "
    "year_before: the same days. All of their days are in buckets that stand beside those of the range"
)
Endpoint = Callable[..., Awaitable[Response]]

INDICATORS: list[Indicator] = []
"""All that have routes here, in their order. Tests go through them."""


def each_dimension(indicator: Indicator) -> Callable[[Callable[[Dimension], Endpoint]], None]:
    """The indicator's routes, by what makes the endpoint of a dimension."""

    def add_routes(endpoint_of: Callable[[Dimension], Endpoint]) -> None:
        INDICATORS.append(indicator)
        for by in Dimension:
            router.get(
                indicator.path(by),
                operation_id=f"{indicator.name}_by_{by.value}",
                summary=indicator.summary.format(COLUMN_OF[by].word),
                description=indicator.description.format(COLUMN_OF[by].word),
                response_class=Response,
                responses=answers(indicator.answer_model(by)),
            )(endpoint_of(by))

    return add_routes


@each_dimension(SLA)
def _sla(by: Dimension) -> Endpoint:
    async def answer(
        request: Request,
        _: Viewer,
        dates: AskedRange,
        filters: AskedFilters,
        order: Annotated[Ordering, Depends(ordering(SLA.sort_fields(by)))],
        format: RequestedFormat,
        tolerance_days: ToleranceDays = 0,
    ) -> Response:
        return await answer_table(
            request, format, filters, lambda s: sla_table(s, by, dates, filters, order, tolerance_days)
        )

    return answer


@each_dimension(PRODUCTIVITY)
def _productivity(by: Dimension) -> Endpoint:
    async def answer(
        request: Request,
        _: Viewer,
        dates: AskedRange,
        filters: AskedFilters,
        order: Annotated[Ordering, Depends(ordering(PRODUCTIVITY.sort_fields(by)))],
        format: RequestedFormat,
        calendario: AskedCalendar = CalendarKind.nacional,
    ) -> Response:
        return await answer_table(
            request, format, filters, lambda s: productivity_table(s, by, dates, filters, order, calendario)
        )

    return answer


@router.get(
    "/trend",
    operation_id="trend",
    summary="A figure by day, week or month",
    response_class=Response,
    responses=answers(TrendAnswer),
)
async def trend(
    request: Request,
    _: Viewer,
    dates: AskedRange,
    filters: AskedFilters,
    order: Annotated[Ordering, Depends(ordering(TREND_FIELDS, largest_first=False))],
    format: RequestedFormat,
    bucket: Annotated[
        Bucket, Query(description="Weeks begin on Monday; the ends of the range cut them")
    ] = Bucket.month,
    period: Annotated[Period, Query(description=PERIOD)] = Period.asked,
    by: Dimension = Dimension.angel,
    metric: Metric = Metric.sla,
    calendario: AskedCalendar = CalendarKind.nacional,
    tolerance_days: ToleranceDays = 0,
    top: Annotated[
        int | None,
        Query(
            ge=0,
            le=10_000,
            description=f"Names with their own points; 0: one series of all. Default: what {MOST_POINTS} points hold",
        ),
    ] = None,
) -> Response:
    """A figure for every bucket of the range and every angel, polo or state, those without visits included.

    Beyond `top` names, or what an answer bears, those with the fewest visits are one series: `demais`.
    """
    return await answer_table(
        request,
        format,
        filters,
        lambda s: trend_table(
            s,
            by,
            dates,
            filters,
            order,
            period=period,
            bucket=bucket,
            metric=metric,
            calendar=calendario,
            tolerance_days=tolerance_days,
            top=top,
        ),
    )


@each_dimension(BACKLOG)
def _backlog(by: Dimension) -> Endpoint:
    async def answer(
        request: Request,
        _: Viewer,
        filters: AskedFilters,
        order: Annotated[Ordering, Depends(ordering(BACKLOG.sort_fields(by)))],
        format: RequestedFormat,
        as_of: AsOf = None,
    ) -> Response:
        return await answer_table(
            request,
            format,
            filters,
            lambda s: backlog_table(s, by, as_of or s.today, filters, order),
            day_of=lambda s: as_of or s.today,
        )

    return answer


@each_dimension(LATENESS)
def _lateness(by: Dimension) -> Endpoint:
    async def answer(
        request: Request,
        _: Viewer,
        dates: AskedRange,
        filters: AskedFilters,
        order: Annotated[Ordering, Depends(ordering(LATENESS.sort_fields(by)))],
        format: RequestedFormat,
    ) -> Response:
        return await answer_table(request, format, filters, lambda s: lateness_table(s, by, dates, filters, order))

    return answer


@router.get(
    "/summary",
    operation_id="summary",
    summary="A control room's first screen",
    response_class=Response,
    responses=answers(SummaryAnswer),
)
async def summary(
    request: Request,
    _: Viewer,
    dates: AskedRange,
    filters: AskedFilters,
    format: RequestedFormat,
    by: Annotated[Dimension, Query(description="What the best and the worst are of")] = Dimension.angel,
    min_total: Annotated[int, Query(ge=1, le=1_000_000, description="Least visits of a best or worst")] = 30,
    top: Annotated[int, Query(ge=1, le=100, description="How many best and worst")] = 5,
    as_of: AsOf = None,
    tolerance_days: ToleranceDays = 0,
    calendario: AskedCalendar = CalendarKind.nacional,
) -> Response:
    """Totals, change against the previous period, backlog, best and worst. As a file: the best and worst."""

    def question(snapshot: Snapshot) -> SummaryQuestion:
        return SummaryQuestion(by, min_total, top, tolerance_days, calendario, as_of or snapshot.today)

    return await answer_table(
        request,
        format,
        filters,
        lambda s: summary_table(s, dates, filters, question(s)),
        day_of=lambda s: as_of or s.today,
    )
