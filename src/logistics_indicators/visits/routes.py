"""/v1/services."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from ..accounts.current_user import Analyst, Rewriter, Viewer
from ..customers.models import Total
from ..database import ConnectionOfRequest
from ..errors import Unprocessable, location_of, problems
from ..exports.list_places import IN_A_PLACE
from ..exports.lists import LIST_ANSWERS, list_response
from ..exports.response import RequestedFormat
from ..http.field_types import RowId
from ..http.made_at_once import made_at_once
from ..lists.asked import page_of
from ..lists.filters import Conditions
from ..lists.rows import Page
from ..reading import ReaderOfRequest
from ..rollup.near_names import near_names
from . import service
from .models import ChangedService, NewService, Service, ServicePage

router = APIRouter(prefix="/v1/services", tags=["services"])

AskedFilter = Annotated[service.VisitFilter, Depends(made_at_once(service.VisitFilter))]


async def _filtered(_: Viewer, filter: AskedFilter, reader: ReaderOfRequest) -> Conditions:
    return await service.conditions_of(reader, filter)


Filtered = Annotated[Conditions, Depends(_filtered)]


@router.post(
    "",
    status_code=201,
    operation_id="create_service",
    summary="Store a service",
    responses={201: location_of("The service: /v1/services/{id}"), **problems(401, 403, 409, 422, 503)},
)
async def create_service(
    new: NewService, user: Analyst, connection: ConnectionOfRequest, request: Request, response: Response
) -> Service:
    """The id is the next free one. 422 where there is no such customer. Indicators have it with the next request."""
    created = await service.create_service(connection, user, new)
    response.headers["Location"] = f"{request.url.path}/{created.id}"
    return created


@router.get(
    "",
    operation_id="list_services",
    dependencies=IN_A_PLACE,
    summary="Services, a page or all of the filter as a file",
    response_model=ServicePage,
    response_model_exclude_unset=True,
    responses=LIST_ANSWERS,
)
async def list_services(
    filter: AskedFilter,
    conditions: Filtered,
    page: Annotated[Page, Depends(page_of(service.SERVICES))],
    format: RequestedFormat,
    user: Viewer,
    reader: ReaderOfRequest,
    request: Request,
) -> Response:
    """Filters must all hold; ranges include both ends. `proxima_pagina` leads to the next page at the same cost as the
    first; `format` asks for all rows of the filter as a file instead.
    """

    async def near() -> dict[str, list[str]]:
        return await near_names(reader, service.names_in(filter))

    return await list_response(request, reader, service.SERVICES, conditions, page, format, near)


@router.get(
    "/total",
    operation_id="count_services",
    dependencies=IN_A_PLACE,
    summary="How many services the filter finds",
    responses=problems(401, 422, 429, 503),
)
async def count_services(conditions: Filtered, user: Viewer, reader: ReaderOfRequest) -> Total:
    """Takes the filters of the list, and counts all that they find."""
    return Total(total=await service.count_services(reader, conditions))


@router.get(
    "/{service_id}",
    operation_id="get_service",
    summary="One service",
    responses=problems(401, 404, 422, 503),
)
async def get_service(service_id: RowId, user: Viewer, reader: ReaderOfRequest) -> Service:
    """The visit as it is stored now; `GET /v1/services/{service_id}/origin` says which loads it comes from."""
    return await service.get_service(reader, service_id)


@router.put(
    "/{service_id}",
    operation_id="change_service",
    summary="Replace a service",
    responses=problems(401, 403, 404, 422, 503),
)
async def change_service(
    service_id: RowId, changed: ChangedService, user: Rewriter, connection: ConnectionOfRequest
) -> Service:
    """Takes the whole service: a data_de_atendimento that is left out is null, not visited yet. Indicators follow at
    once.
    """
    if changed.id not in {None, service_id}:
        raise Unprocessable.field("body", "id", msg="the id is not the one in the path")
    return await service.change_service(connection, user, service_id, changed)
