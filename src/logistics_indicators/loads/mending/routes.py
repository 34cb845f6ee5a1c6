"""/v1/rejects: what was not taken of any load, what became of it, and mending it."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import Field

from ...accounts.audit import ActorOfRequest
from ...accounts.current_user import Analyst, Viewer
from ...database import ACQUIRE_SECONDS, ConnectionOfRequest, PoolOfApp
from ...errors import Unprocessable, location_of, problems
from ...exports.list_places import IN_A_PLACE
from ...exports.lists import LIST_ANSWERS, columns_of, refuse_page_of_export
from ...exports.response import ExportFormat, RequestedFormat, export_response
from ...http.field_types import MAX_OWN_ID, FilterText, OwnId
from ...http.made_at_once import made_at_once
from ...http.paging import DEFAULT_LIMIT, Limit, page_response
from ...lists.asked import keyset_page_of
from ...lists.filters import (
    CONTAINS,
    LONGEST_PART,
    SHORTEST_PART,
    Conditions,
    Contains,
    OneOf,
    OneOfTrimmed,
    Where,
    several,
)
from ...lists.rows import Page
from .. import words
from ..asked import ValidateOnly
from ..kinds import Kind
from ..models import Reason, UnknownCustomer
from ..receiving.receiver import Receiver
from ..service import find_load, refuse_loads_of_others, require_loads
from . import tracking
from .mend import Options, mend_load
from .models import RejectCounts, TrackedRejectPage
from .requests import KNOWN_COLUMNS, UNKNOWN_COLUMN, ColumnName, MendAnswer, MendRequest, Value

router = APIRouter(prefix="/v1", tags=["loads"])


LoadId = Annotated[int, Field(ge=1, le=MAX_OWN_ID)]
PartOfValue = Annotated[str, FilterText(LONGEST_PART, SHORTEST_PART)]


@dataclass(frozen=True)
class RejectFilter:
    load: Annotated[
        list[LoadId] | None,
        several("The load that rejected them"),
        OneOf('"load"', "integer"),
    ] = None
    kind: Annotated[list[Kind] | None, several("What the rows are"), OneOf("kind", "text")] = None
    reason: Annotated[list[Reason] | None, several("Why they were rejected"), OneOf("reason", "text")] = None
    column: Annotated[list[ColumnName] | None, several("By our name"), OneOf('"column"', "text")] = None
    value: Annotated[list[Value] | None, several("Exact, as it was sent"), OneOfTrimmed("value", "text")] = None
    value_contem: Annotated[PartOfValue | None, CONTAINS, Contains("value")] = None
    state: Annotated[
        Literal["open", "mended", "dropped", "waiting", "all"],
        Query(description="What became of them; open: nothing yet; waiting: visits whose customer is not there yet"),
        Where("state = {}"),
    ] = "open"


AskedFilter = Annotated[RejectFilter, Depends(made_at_once(RejectFilter))]


async def _filtered(filter: AskedFilter, connection: ConnectionOfRequest) -> Conditions:
    """A load that is not there is told, as where it is asked for itself: no rejects of it would be good news."""
    if not set(filter.column or ()) <= set(KNOWN_COLUMNS):
        raise Unprocessable.field("query", "column", msg=UNKNOWN_COLUMN)
    if filter.load:
        await require_loads(connection, filter.load)
    return Conditions.of(filter, state=None if filter.state == "all" else filter.state)


Filtered = Annotated[Conditions, Depends(_filtered)]


@router.get(
    "/rejects",
    operation_id="list_all_rejects",
    dependencies=IN_A_PLACE,
    summary="Rejected rows of all loads, a page or all of the filter as a file",
    response_model=TrackedRejectPage,
    response_model_exclude_unset=True,
    responses={**LIST_ANSWERS, **problems(404)},
)
async def list_all_rejects(
    request: Request,
    conditions: Filtered,
    format: RequestedFormat,
    user: Viewer,
    connection: ConnectionOfRequest,
    page: Annotated[Page, Depends(keyset_page_of(tracking.REJECTS))],
    cells: Annotated[bool, Query(description="Each row by its columns, too")] = False,
) -> Response:
    """Of completed loads that wrote; dry runs and undone loads have none. A page ends at about 2 MiB.

    What a mend rejects is not listed again: the reject that it tried stays open, with its new reason. Visits that wait
    for their customers are listed with state=waiting (or all). 404 where a load that is asked for is not there.
    """
    if format is ExportFormat.json:
        rows, cursor = await tracking.page_of_rejects(connection, conditions, page, cells=cells)
        return page_response(request, tracking.REJECTS.name, rows, page.limit, cursor=cursor)
    refuse_page_of_export(page)
    if cells:
        raise Unprocessable.field("query", "cells", msg="an export has all rows of the filter; leave cells out")
    for_workbook = format is ExportFormat.xlsx
    count = await tracking.number_of_rejects(connection, conditions) if for_workbook else None
    batches = tracking.batches_of_rejects(connection, conditions, page, for_workbook=for_workbook)
    columns = columns_of(tracking.REJECTS, page)
    return await export_response(request, format, tracking.REJECTS.name, columns, batches, rows=count)


@router.get(
    "/rejects/counts",
    operation_id="count_rejects",
    dependencies=IN_A_PLACE,
    summary="Rejected rows by reason, column and value",
    responses=problems(401, 404, 422, 429, 503),
)
async def count_rejects(
    conditions: Filtered, user: Viewer, connection: ConnectionOfRequest, limit: Limit = DEFAULT_LIMIT
) -> RejectCounts:
    """What to mend first: one mend by rule settles a group."""
    return await tracking.count_rejects(connection, conditions, limit)


OnConflict = Annotated[
    words.OnConflict | None,
    Query(description="What becomes of a row whose id is stored with other values; as the load's where it is left out"),
]
UnknownCustomerOfMend = Annotated[
    UnknownCustomer | None,
    Query(description="What becomes of a visit whose customer is not there: wait, until it comes; else it stays open"),
]
NOTHING_TRIED = "tried mend: nothing was dropped or opened again, for validate_only"
MEND_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"model": MendAnswer, "description": "Nothing is to be loaded: rows were dropped or are open again"},
    202: location_of("The load: /v1/loads/{id}"),
    **problems(401, 403, 404, 409, 413, 422, 429, 503, 507),
}


@router.post(
    "/loads/{load_id}/mend",
    operation_id="mend_load",
    status_code=202,
    summary="Mend rejected rows of a load, or drop them",
    responses=MEND_ANSWERS,
)
async def mend(
    request: Request,
    response: Response,
    user: Analyst,
    actor: ActorOfRequest,
    pool: PoolOfApp,
    load_id: OwnId,
    body: MendRequest,
    on_conflict: OnConflict = None,
    unknown_customer: UnknownCustomerOfMend = None,
    validate_only: ValidateOnly = False,
) -> MendAnswer:
    """The mended rows alone become a load, which says in `mends` whose they are and speaks of the lines of its file.

    What it rejects stays open with its new reason. 409 names the lines that somebody mended or dropped meanwhile, and
    then nothing is done.
    """
    receiver: Receiver = request.app.state.receiver
    settings = request.app.state.settings
    bounds = settings.load_chunk_bytes, settings.load_rejects_bytes
    options = Options(on_conflict, unknown_customer, validate_only, *bounds)
    with receiver.uploads.one_more(user.id):
        await receiver.room.check(user.id)
        async with pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
            await refuse_loads_of_others(connection, user, load_id)
            done = await mend_load(connection, load_id, body, options, user, actor)
            load = await find_load(connection, done.load_id) if done.load_id else None
    if load is None:
        response.status_code = 200
    else:
        response.headers["Location"] = f"/v1/loads/{load.id}"
    return MendAnswer(
        message="received mend" if load or not validate_only else NOTHING_TRIED,
        load=load,
        rows=done.rows,
        dropped=done.dropped,
        reopened=done.reopened,
        left_open=done.left_open,
    )
