"""/v1/services."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from ..accounts.current_user import Analyst, Viewer
from ..customers.models import Total
from ..database import ConnectionOfRequest
from ..errors import Unprocessable, problems
from ..exports.response import RequestedFormat
from ..http.field_types import MAX_ID, Day, DayOrTimestamp, FilterText, Timestamp
from ..indicators.parameters import StateLetters
from ..lists import LIST_ANSWERS, Conditions, RequestedPage, list_response
from . import service
from .models import ANGEL_MAX, POLO_MAX, ChangedService, NewService, Service, ServicePage

router = APIRouter(prefix="/v1/services", tags=["services"])

ServiceId = Annotated[int, Path(ge=1, le=MAX_ID)]
WHOLE_DAY = "inclusive; a bare date means its whole day"


@dataclass
class RequestedFilter:
    id: Annotated[int | None, Query(ge=1, le=MAX_ID)] = None
    id_cliente: Annotated[int | None, Query(ge=1, le=MAX_ID)] = None
    angel: Annotated[str | None, FilterText(ANGEL_MAX), Query()] = None
    polo: Annotated[str | None, FilterText(POLO_MAX), Query()] = None
    uf: StateLetters | None = None
    data_limite: Annotated[Day | None, Query()] = None
    data_limite_de: Annotated[Day | None, Query(description="Earliest deadline, inclusive")] = None
    data_limite_ate: Annotated[Day | None, Query(description="Latest deadline, inclusive")] = None
    data_de_atendimento: Annotated[Timestamp | None, Query()] = None
    data_de_atendimento_de: Annotated[DayOrTimestamp | None, Query(description=f"From then, {WHOLE_DAY}")] = None
    data_de_atendimento_ate: Annotated[DayOrTimestamp | None, Query(description=f"Until then, {WHOLE_DAY}")] = None
    aberto: Annotated[bool | None, Query(description="true: not visited yet; false: visited")] = None


async def _filtered(
    _: Viewer, filter: Annotated[RequestedFilter, Depends()], connection: ConnectionOfRequest
) -> Conditions:
    asked = {name: value for name, value in vars(filter).items() if name != "uf"}
    polos = None if filter.uf is None else await service.polos_of_state(connection, filter.uf)
    return service.filtered(service.ServiceFilter(**asked, polos=polos))


Filtered = Annotated[Conditions, Depends(_filtered)]


@router.post(
    "",
    status_code=201,
    operation_id="create_service",
    summary="Store a service",
    responses=problems(401, 403, 409, 422, 503),
)
async def create_service(
    new: NewService, user: Analyst, connection: ConnectionOfRequest, request: Request, response: Response
) -> Service:
    created = await service.create_service(connection, new)
    response.headers["Location"] = f"{request.url.path}/{created.id}"
    return created


@router.get(
    "",
    operation_id="list_services",
    summary="Services in order of id, a page or all of the filter as a file",
    response_model=ServicePage,
    response_model_exclude_unset=True,
    responses=LIST_ANSWERS,
)
async def list_services(
    conditions: Filtered,
    page: RequestedPage,
    format: RequestedFormat,
    user: Viewer,
    connection: ConnectionOfRequest,
    request: Request,
) -> Response:
    return await list_response(request, connection, service.SERVICES, conditions, page, format)


@router.get(
    "/total",
    operation_id="count_services",
    summary="How many services the filter finds",
    responses=problems(401, 422, 503),
)
async def count_services(conditions: Filtered, user: Viewer, connection: ConnectionOfRequest) -> Total:
    return Total(total=await service.count_services(connection, conditions))


@router.get(
    "/{service_id}",
    operation_id="get_service",
    summary="One service",
    responses=problems(401, 404, 422, 503),
)
async def get_service(service_id: ServiceId, user: Viewer, connection: ConnectionOfRequest) -> Service:
    return await service.get_service(connection, service_id)


@router.put(
    "/{service_id}",
    operation_id="change_service",
    summary="Replace a service",
    responses=problems(401, 403, 404, 422, 503),
)
async def change_service(
    service_id: ServiceId, changed: ChangedService, user: Analyst, connection: ConnectionOfRequest
) -> Service:
    if changed.id not in {None, service_id}:
        raise Unprocessable.field("body", "id", msg="not the id in the path")
    return await service.change_service(connection, service_id, changed)
