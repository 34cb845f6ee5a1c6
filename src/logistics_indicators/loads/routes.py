"""Receiving files, and watching, mending and undoing their loads."""

from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse

from ..accounts.audit import ActorOfRequest, audit
from ..accounts.current_user import (
    Analyst,
    Follower,
    Role,
    Scope,
    TakesApiTokens,
    User,
    Viewer,
    peer_address,
)
from ..database import ConnectionOfRequest, PoolOfApp
from ..errors import location_of, problems
from ..exports.list_places import IN_A_PLACE
from ..http.field_types import OwnId, RowId
from ..http.made_at_once import made_at_once
from ..http.paging import DEFAULT_LIMIT, LINK_HEADER, Limit, page_response
from ..lists.asked import keyset_page_of
from ..lists.rows import Page, fetch_page
from . import rejects, service, undoing
from .asked import ASKED, Asked, options_of
from .events import OneMoreStream, load_events, still_allowed
from .kinds import KINDS, Kind
from .models import ENDED, Load, LoadPage, Reason, ReceivedLoad, RejectPage
from .origin import Origin, origin_of
from .presets.service import with_preset
from .receiving.batch_bounds import MOST_ROWS
from .receiving.bodies import PARQUET_TYPE, XLSX_TYPE, open_body
from .receiving.receiver import LoadOptions

router = APIRouter(prefix="/v1", tags=["loads"])

AskedFilter = Annotated[service.LoadFilter, Depends(made_at_once(service.LoadFilter))]

LoadId = OwnId

Undoer = Annotated[User, Depends(TakesApiTokens(Role.analyst, Scope.load, named=Role.admin))]
"""An admin; an analyst for trials of their own, which the function sees to."""

EVENT = {"description": "Server-Sent Events; the `data` of each is a whole load as JSON"}
"""OpenAPI 3.1 has no word for a stream: some readers take the schema for each event's, others for that of the text."""

FILE = {
    "type": "string",
    "format": "binary",
    "description": "CSV, NDJSON or Parquet, plain or packed as gzip or zip, or an Excel workbook (.xlsx)",
}
BARE = (
    f"The file may also be the body itself, as `text/csv`, `{XLSX_TYPE}` or `{PARQUET_TYPE}`: "
    "`curl --data-binary @file`."
)
OBJECTS = f"""\
Few rows, up to {MOST_ROWS}, may be the body as an array of objects with our names (`application/json`), or as one such
object a line (`application/x-ndjson`). The answer is 200 with the load at its end where it ends within two seconds."""
"""In words: a second type of body would make generators of clients send the wrong one."""

LOCATION = location_of("The load: /v1/loads/{id}")
FINISHED = {"model": ReceivedLoad, "description": "A batch of objects whose load has ended within two seconds"}
BATCH_SECONDS = 2.0

RECEIVE: dict[str, Any] = {
    "status_code": 202,
    "response_model": ReceivedLoad,
    "responses": {
        200: {**FINISHED, **LOCATION},
        202: LOCATION,
        **problems(400, 401, 403, 408, 413, 415, 422, 429, 503, 507),
    },
    "openapi_extra": {
        "requestBody": {
            "required": True,
            "content": {
                "multipart/form-data": {
                    "schema": {
                        "type": "object",
                        "properties": {"file": FILE},
                        "required": ["file"],
                        "additionalProperties": False,
                    }
                },
            },
        }
    },
}


async def _receive(request: Request, response: Response, user: User, options: LoadOptions) -> ReceivedLoad:
    settings = request.app.state.settings
    body = open_body(
        request.headers.get("content-type"),
        request.headers.get("content-encoding"),
        request.stream(),
        settings.load_max_bytes,
        request.headers.get("content-length"),
    )
    ids = await request.app.state.receiver.receive(body, options, user)
    response.headers["Location"] = f"/v1/loads/{ids[0]}"
    if body.batch is None:
        loads = [await service.find_load(request.app.state.pool, load_id) for load_id in ids]
        return ReceivedLoad(message="received load", load=loads[0], loads=loads)
    return await _awaited(request, response, ids[0])


async def _awaited(request: Request, response: Response, load_id: int) -> ReceivedLoad:
    """Who sends a few rows would rather have the outcome than watch for it."""
    load = await request.app.state.load_changes.ended(request.app.state.pool, load_id, BATCH_SECONDS)
    if load.status not in ENDED:
        return ReceivedLoad(message="received load", load=load, loads=[load])
    response.status_code = 200
    return ReceivedLoad(message="finished load", load=load, loads=[load])


def _add_upload(kind: Kind) -> None:
    async def load(
        request: Request, response: Response, user: Analyst, asked: Annotated[Asked, Depends(made_at_once(ASKED[kind]))]
    ) -> ReceivedLoad:
        key = {} if asked.idempotency_key is None else {"idempotency_key": asked.idempotency_key}
        explicit = await with_preset(request.app.state.pool, kind, dict(request.query_params)) | key
        return await _receive(request, response, user, options_of(kind, explicit, peer_address(request)))

    router.add_api_route(
        f"/{kind}/batch",
        load,
        methods=["POST"],
        operation_id=f"load_{kind}",
        summary=KINDS[kind].summary,
        description=f"{KINDS[kind].description} {BARE}\n\n{OBJECTS}",
        **RECEIVE,
    )


for each in KINDS:
    _add_upload(each)


@router.get(
    "/loads",
    operation_id="list_loads",
    dependencies=IN_A_PLACE,
    response_model=LoadPage,
    response_model_exclude_unset=True,
    responses={200: {**LINK_HEADER}, **problems(401, 403, 422, 429, 503)},
)
async def list_loads(
    request: Request,
    connection: ConnectionOfRequest,
    user: Viewer,
    filter: AskedFilter,
    page: Annotated[Page, Depends(keyset_page_of(service.LOADS))],
) -> Response:
    """Every file that was received, newest first unless `sort` says otherwise: how far it is, and what it took.

    A page may be shorter than its limit: it ends at about 2 MiB.
    """
    rows, cursor = await fetch_page(connection, service.LOADS, service.conditions_of(filter), page)
    return page_response(request, service.LOADS.name, rows, page.limit, cursor=cursor)


@router.get("/loads/{load_id}", operation_id="get_load", responses=problems(401, 403, 404, 422, 503))
async def get_load(connection: ConnectionOfRequest, user: Follower, load_id: LoadId, response: Response) -> Load:
    """Poll this until the status is completed, failed or undone."""
    load = await service.find_load(connection, load_id)
    await service.refuse_loads_of_others(connection, user, load_id)
    if load.status in ("received", "loading"):
        response.headers["Retry-After"] = "1"
    return load


async def _rejects_format(
    request: Request,
    user: Viewer,
    format: Annotated[Literal["json", "csv"], Query(description="csv: all of them, ready to mend and send")] = "json",
) -> AsyncIterator[str]:
    """The format, and for a file one of the user's few places for exports."""
    if format == "json":
        yield format
        return
    with request.app.state.user_exports.one_more(user.id):
        yield format


RejectsFormat = Annotated[str, Depends(_rejects_format)]


@router.get(
    "/loads/{load_id}/rejects",
    operation_id="list_rejects",
    dependencies=IN_A_PLACE,
    response_model=RejectPage,
    responses={
        200: {"content": {"text/csv": {"schema": {"type": "string"}}}, **LINK_HEADER},
        **problems(401, 403, 404, 422, 429, 503),
    },
)
async def list_rejects(
    request: Request,
    pool: PoolOfApp,
    user: Viewer,
    load_id: LoadId,
    format: RejectsFormat,
    reason: Annotated[Reason | None, Query(description="Only these")] = None,
    after: Annotated[int, Query(ge=0, le=2**53 - 1, description="Only lines after this one")] = 0,
    limit: Limit = DEFAULT_LIMIT,
) -> Response:
    """Rows that were not taken, by line of the file. A page may be shorter than its limit: it ends at about 2 MiB."""
    await service.find_load(pool, load_id)
    if format == "csv":
        name = f'attachment; filename="load-{load_id}-rejects.csv"'
        return StreamingResponse(
            rejects.rejects_csv(pool, load_id),
            media_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": name},
        )
    page, more = await rejects.list_rejects(pool, load_id, after, reason, limit)
    return page_response(request, "rejects", page, limit, after=page[-1].line if more else None)


@router.get(
    "/loads/{load_id}/events",
    operation_id="watch_load",
    response_class=StreamingResponse,
    responses={
        200: {"content": {"text/event-stream": {"schema": EVENT}}, "description": "Events named `load`"},
        **problems(401, 403, 404, 422, 429, 503),
    },
    dependencies=[OneMoreStream],
)
async def watch_load(request: Request, pool: PoolOfApp, user: Viewer, load_id: LoadId) -> StreamingResponse:
    """The load as Server-Sent Events until it ends; the data is what GET of the load answers.

    It also ends once the token expires, or its user is disabled, removed or given a lower role: open another with a
    new token. So it does where the process that sends it ends. 429 where the user watches as many as
    `EVENT_STREAMS_PER_USER` says.
    """
    load = await service.find_load(pool, load_id)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    events = request.app.state.draining.until_over(load_events(pool, load, still_allowed(request, user)))
    return StreamingResponse(events, media_type="text/event-stream", headers=headers)


@router.delete("/loads/{load_id}", operation_id="undo_load", responses=problems(401, 403, 404, 409, 422, 503))
async def undo_load(connection: ConnectionOfRequest, user: Undoer, actor: ActorOfRequest, load_id: LoadId) -> Load:
    """Undo a load: the rows that it inserted go, and those that it updated get their values before again.

    The indicators follow. All of it or nothing: 409, with how many and what to do first, where rows of it were changed
    since or are referred to, or where another row took the place of a value before.

    This is for admins. An analyst may so drop a trial (`validate_only`) of their own, whose file goes at once.
    """
    async with connection.transaction():
        load = await undoing.undo_load(connection, user, load_id)
        await audit(connection, actor, "load_undone", load_id=load_id)
    return load


@router.get(
    "/services/{service_id}/origin",
    operation_id="get_service_origin",
    summary="The loads that a service comes from",
    responses=problems(401, 404, 422, 503),
)
async def get_service_origin(service_id: RowId, user: Viewer, connection: ConnectionOfRequest) -> Origin:
    """The load that brought it, and the one that changed it last."""
    return await origin_of(connection, service_id)
