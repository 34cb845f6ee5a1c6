"""/v1/indicators: trend, backlog, lateness, summary."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from ..accounts.current_user import Viewer
from ..database import ConnectionOfRequest
from ..exports.response import RequestedFormat
from ..field_types import Day
from .answers import answer_table
from .backlog import BACKLOG_FIELDS, backlog_table
from .business_days import CalendarKind
from .lateness import LATENESS_FIELDS, lateness_table
from .models import (
    BacklogAngelAnswer,
    BacklogPoloAnswer,
    BacklogUfAnswer,
    LatenessAngelAnswer,
    LatenessPoloAnswer,
    LatenessUfAnswer,
    SummaryAnswer,
    TrendAnswer,
)
from .parameters import AskedCalendar, AskedFilters, AskedRange, Ordering, ToleranceDays, ordering
from .routes import answers
from .snapshot import Snapshot
from .summary import SummaryQuestion, summary_table
from .totals import Dimension
from .trend import MOST_POINTS, TREND_FIELDS, Bucket, Metric, trend_table

router = APIRouter(prefix="/v1/indicators", tags=["indicators"])


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
    connection: ConnectionOfRequest,
    dates: AskedRange,
    filters: AskedFilters,
    order: Annotated[Ordering, Depends(ordering(*TREND_FIELDS, largest_first=False))],
    format: RequestedFormat,
    bucket: Annotated[
        Bucket, Query(description="Weeks begin on Monday; the ends of the range cut them")
    ] = Bucket.month,
    by: Dimension = Dimension.angel,
    metric: Metric = Metric.sla,
    calendario: AskedCalendar = CalendarKind.nacional,
    tolerance_days: ToleranceDays = 0,
    top: Annotated[
        int | None,
        Query(
            ge=1,
            le=10_000,
            description=f"Names with points of their own. Default: what {MOST_POINTS} points hold",
        ),
    ] = None,
) -> Response:
    """A figure for every bucket of the range and every angel, polo or state, those without visits included.

    Beyond `top` names, or what an answer bears, those with the fewest visits are one series: `demais`.
    """
    return await answer_table(
        request,
        connection,
        format,
        lambda s: trend_table(
            s,
            by,
            dates,
            filters,
            order,
            bucket=bucket,
            metric=metric,
            calendar=calendario,
            tolerance_days=tolerance_days,
            top=top,
        ),
    )


AsOf = Annotated[Day | None, Query(description="Visits whose data_limite lies before it are overdue. Default: today")]


@router.get(
    "/backlog/angel",
    operation_id="backlog_by_angel",
    summary="Open visits of each angel",
    response_class=Response,
    responses=answers(BacklogAngelAnswer),
)
async def backlog_by_angel(
    request: Request,
    _: Viewer,
    connection: ConnectionOfRequest,
    filters: AskedFilters,
    order: Annotated[Ordering, Depends(ordering(*BACKLOG_FIELDS, "angel"))],
    format: RequestedFormat,
    as_of: AsOf = None,
) -> Response:
    """Visits not made yet and those overdue, for each angel."""
    return await answer_table(
        request,
        connection,
        format,
        lambda s: backlog_table(s, Dimension.angel, as_of or s.today, filters, order),
        day_of=lambda s: as_of or s.today,
    )


@router.get(
    "/backlog/polo",
    operation_id="backlog_by_polo",
    summary="Open visits of each polo",
    response_class=Response,
    responses=answers(BacklogPoloAnswer),
)
async def backlog_by_polo(
    request: Request,
    _: Viewer,
    connection: ConnectionOfRequest,
    filters: AskedFilters,
    order: Annotated[Ordering, Depends(ordering(*BACKLOG_FIELDS, "polo"))],
    format: RequestedFormat,
    as_of: AsOf = None,
) -> Response:
    """Visits not made yet and those overdue, for each polo."""
    return await answer_table(
        request,
        connection,
        format,
        lambda s: backlog_table(s, Dimension.polo, as_of or s.today, filters, order),
        day_of=lambda s: as_of or s.today,
    )


@router.get(
    "/backlog/uf",
    operation_id="backlog_by_uf",
    summary="Open visits of each state",
    response_class=Response,
    responses=answers(BacklogUfAnswer),
)
async def backlog_by_uf(
    request: Request,
    _: Viewer,
    connection: ConnectionOfRequest,
    filters: AskedFilters,
    order: Annotated[Ordering, Depends(ordering(*BACKLOG_FIELDS, "uf"))],
    format: RequestedFormat,
    as_of: AsOf = None,
) -> Response:
    """Visits not made yet and those overdue, for each state."""
    return await answer_table(
        request,
        connection,
        format,
        lambda s: backlog_table(s, Dimension.uf, as_of or s.today, filters, order),
        day_of=lambda s: as_of or s.today,
    )


@router.get(
    "/lateness/angel",
    operation_id="lateness_by_angel",
    summary="How late the late visits of each angel were",
    response_class=Response,
    responses=answers(LatenessAngelAnswer),
)
async def lateness_by_angel(
    request: Request,
    _: Viewer,
    connection: ConnectionOfRequest,
    dates: AskedRange,
    filters: AskedFilters,
    order: Annotated[Ordering, Depends(ordering(*LATENESS_FIELDS, "angel"))],
    format: RequestedFormat,
) -> Response:
    """By how many days the late visits were late, for each angel."""
    return await answer_table(
        request, connection, format, lambda s: lateness_table(s, Dimension.angel, dates, filters, order)
    )


@router.get(
    "/lateness/polo",
    operation_id="lateness_by_polo",
    summary="How late the late visits of each polo were",
    response_class=Response,
    responses=answers(LatenessPoloAnswer),
)
async def lateness_by_polo(
    request: Request,
    _: Viewer,
    connection: ConnectionOfRequest,
    dates: AskedRange,
    filters: AskedFilters,
    order: Annotated[Ordering, Depends(ordering(*LATENESS_FIELDS, "polo"))],
    format: RequestedFormat,
) -> Response:
    """By how many days the late visits were late, for each polo."""
    return await answer_table(
        request, connection, format, lambda s: lateness_table(s, Dimension.polo, dates, filters, order)
    )


@router.get(
    "/lateness/uf",
    operation_id="lateness_by_uf",
    summary="How late the late visits of each state were",
    response_class=Response,
    responses=answers(LatenessUfAnswer),
)
async def lateness_by_uf(
    request: Request,
    _: Viewer,
    connection: ConnectionOfRequest,
    dates: AskedRange,
    filters: AskedFilters,
    order: Annotated[Ordering, Depends(ordering(*LATENESS_FIELDS, "uf"))],
    format: RequestedFormat,
) -> Response:
    """By how many days the late visits were late, for each state."""
    return await answer_table(
        request, connection, format, lambda s: lateness_table(s, Dimension.uf, dates, filters, order)
    )


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
    connection: ConnectionOfRequest,
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
    """Totals, change against the previous equal period, backlog, best and worst. As a file: the best and worst."""

    def question(snapshot: Snapshot) -> SummaryQuestion:
        return SummaryQuestion(by, min_total, top, tolerance_days, calendario, as_of or snapshot.today)

    return await answer_table(
        request,
        connection,
        format,
        lambda s: summary_table(s, dates, filters, question(s)),
        day_of=lambda s: as_of or s.today,
    )
