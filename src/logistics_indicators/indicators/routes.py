"""/v1/indicators: SLA and productivity."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel

from ..accounts.current_user import Viewer
from ..database import ConnectionOfRequest
from ..errors import problems
from ..exports.response import EXPORT_CONTENT, RequestedFormat
from .answers import answer_table
from .business_days import CalendarKind
from .models import (
    ProductivityAngelAnswer,
    ProductivityPoloAnswer,
    ProductivityUfAnswer,
    SlaAngelAnswer,
    SlaPoloAnswer,
    SlaUfAnswer,
)
from .parameters import AskedCalendar, AskedFilters, AskedRange, Ordering, ToleranceDays, ordering
from .productivity import PRODUCTIVITY_FIELDS, productivity_table
from .sla import SLA_FIELDS, sla_table
from .totals import Dimension

router = APIRouter(prefix="/v1/indicators", tags=["indicators"])


def answers(model: type[BaseModel]) -> dict[int | str, dict[str, Any]]:
    """OpenAPI `responses` of an indicator: the model or a file, 304, and the errors."""
    return {
        200: {"model": model, "content": EXPORT_CONTENT},
        304: {"description": "The client's version is the current one (If-None-Match)"},
        **problems(401, 422, 429, 503),
    }


@router.get(
    "/sla/angel",
    operation_id="sla_by_angel",
    summary="SLA of each angel",
    response_class=Response,
    responses=answers(SlaAngelAnswer),
)
async def sla_by_angel(
    request: Request,
    _: Viewer,
    connection: ConnectionOfRequest,
    dates: AskedRange,
    filters: AskedFilters,
    order: Annotated[Ordering, Depends(ordering(*SLA_FIELDS, "angel"))],
    format: RequestedFormat,
    tolerance_days: ToleranceDays = 0,
) -> Response:
    """Visits made on time, for each angel."""
    return await answer_table(
        request, connection, format, lambda s: sla_table(s, Dimension.angel, dates, filters, order, tolerance_days)
    )


@router.get(
    "/sla/polo",
    operation_id="sla_by_polo",
    summary="SLA of each polo",
    response_class=Response,
    responses=answers(SlaPoloAnswer),
)
async def sla_by_polo(
    request: Request,
    _: Viewer,
    connection: ConnectionOfRequest,
    dates: AskedRange,
    filters: AskedFilters,
    order: Annotated[Ordering, Depends(ordering(*SLA_FIELDS, "polo"))],
    format: RequestedFormat,
    tolerance_days: ToleranceDays = 0,
) -> Response:
    """Visits made on time, for each polo."""
    return await answer_table(
        request, connection, format, lambda s: sla_table(s, Dimension.polo, dates, filters, order, tolerance_days)
    )


@router.get(
    "/sla/uf",
    operation_id="sla_by_uf",
    summary="SLA of each state",
    response_class=Response,
    responses=answers(SlaUfAnswer),
)
async def sla_by_uf(
    request: Request,
    _: Viewer,
    connection: ConnectionOfRequest,
    dates: AskedRange,
    filters: AskedFilters,
    order: Annotated[Ordering, Depends(ordering(*SLA_FIELDS, "uf"))],
    format: RequestedFormat,
    tolerance_days: ToleranceDays = 0,
) -> Response:
    """Visits made on time, for each state."""
    return await answer_table(
        request, connection, format, lambda s: sla_table(s, Dimension.uf, dates, filters, order, tolerance_days)
    )


@router.get(
    "/productivity",
    operation_id="productivity_by_angel",
    summary="Productivity of each angel",
    response_class=Response,
    responses=answers(ProductivityAngelAnswer),
)
async def productivity_by_angel(
    request: Request,
    _: Viewer,
    connection: ConnectionOfRequest,
    dates: AskedRange,
    filters: AskedFilters,
    order: Annotated[Ordering, Depends(ordering(*PRODUCTIVITY_FIELDS, "angel"))],
    format: RequestedFormat,
    calendario: AskedCalendar = CalendarKind.nacional,
) -> Response:
    """Visits for each business day, for each angel."""
    return await answer_table(
        request,
        connection,
        format,
        lambda s: productivity_table(s, Dimension.angel, dates, filters, order, calendario),
    )


@router.get(
    "/productivity/polo",
    operation_id="productivity_by_polo",
    summary="Productivity of each polo",
    response_class=Response,
    responses=answers(ProductivityPoloAnswer),
)
async def productivity_by_polo(
    request: Request,
    _: Viewer,
    connection: ConnectionOfRequest,
    dates: AskedRange,
    filters: AskedFilters,
    order: Annotated[Ordering, Depends(ordering(*PRODUCTIVITY_FIELDS, "polo"))],
    format: RequestedFormat,
    calendario: AskedCalendar = CalendarKind.nacional,
) -> Response:
    """Visits for each business day, for each polo."""
    return await answer_table(
        request,
        connection,
        format,
        lambda s: productivity_table(s, Dimension.polo, dates, filters, order, calendario),
    )


@router.get(
    "/productivity/uf",
    operation_id="productivity_by_uf",
    summary="Productivity of each state",
    response_class=Response,
    responses=answers(ProductivityUfAnswer),
)
async def productivity_by_uf(
    request: Request,
    _: Viewer,
    connection: ConnectionOfRequest,
    dates: AskedRange,
    filters: AskedFilters,
    order: Annotated[Ordering, Depends(ordering(*PRODUCTIVITY_FIELDS, "uf"))],
    format: RequestedFormat,
    calendario: AskedCalendar = CalendarKind.nacional,
) -> Response:
    """Visits for each business day, for each state."""
    return await answer_table(
        request,
        connection,
        format,
        lambda s: productivity_table(s, Dimension.uf, dates, filters, order, calendario),
    )
