"""/v1/rejects: what was not taken of any load, and what became of it."""

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response

from ...accounts.current_user import Viewer
from ...database import ConnectionOfRequest
from ...errors import Unprocessable, problems
from ...exports.response import ExportFormat, RequestedFormat, export_response
from ...http.field_types import MAX_OWN_ID
from ...http.paging import DEFAULT_LIMIT, Cursor, Limit, page_response
from ...lists import LIST_ANSWERS, Conditions, Where
from ..kinds import COLUMNS, Kind
from ..models import Reason
from ..parsing.checking import LONGEST_VALUE
from . import tracking
from .models import RejectCounts, TrackedRejectPage

router = APIRouter(prefix="/v1", tags=["loads"])

KNOWN_COLUMNS = tuple(dict.fromkeys(name for columns in COLUMNS.values() for name in columns))


@dataclass(frozen=True)
class RejectFilter:
    load: Annotated[
        int | None,
        Query(ge=1, le=MAX_OWN_ID, description="The load that rejected them"),
        Where('"load" = {}'),
    ] = None
    kind: Annotated[Kind | None, Query(), Where("kind = {}")] = None
    reason: Annotated[Reason | None, Query(), Where("reason = {}")] = None
    column: Annotated[
        str | None,
        Query(pattern="^[a-z_]{1,40}$", description="By our name", json_schema_extra={"enum": list(KNOWN_COLUMNS)}),
        Where('"column" = {}'),
    ] = None
    value: Annotated[
        str | None,
        Query(max_length=LONGEST_VALUE, pattern="^[^\x00]*$", description="Exact, as it was sent"),
        Where("value = {}"),
    ] = None
    state: Annotated[
        Literal["open", "mended", "dropped", "all"],
        Query(description="What became of them; open: nothing yet"),
        Where("state = {}"),
    ] = "open"


def _filtered(filter: Annotated[RejectFilter, Depends()]) -> Conditions:
    if filter.column is not None and filter.column not in KNOWN_COLUMNS:
        raise Unprocessable.field("query", "column", msg=f"unknown column; there are: {', '.join(KNOWN_COLUMNS)}")
    return Conditions.of(filter, state=None if filter.state == "all" else filter.state)


Filtered = Annotated[Conditions, Depends(_filtered)]


@router.get(
    "/rejects",
    operation_id="list_all_rejects",
    summary="Rejected rows of all loads that were not mended yet, a page or all of the filter as a file",
    response_model=TrackedRejectPage,
    response_model_exclude_unset=True,
    responses=LIST_ANSWERS,
)
async def list_all_rejects(
    request: Request,
    conditions: Filtered,
    format: RequestedFormat,
    user: Viewer,
    connection: ConnectionOfRequest,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response:
    """Of completed loads that wrote; dry runs and undone loads have none. A page ends at about 2 MiB.

    What a mend rejects is not listed again: the reject that it tried stays open, with its new reason.
    """
    if format is ExportFormat.json:
        page, last_id = await tracking.page_of_rejects(connection, conditions, int(cursor or 0), limit)
        return page_response(request, "rejects", page, limit, cursor=last_id)
    if cursor is not None or limit != DEFAULT_LIMIT:
        raise Unprocessable.field("query", "format", msg="a file has all rows; leave limit and cursor out")
    for_workbook = format is ExportFormat.xlsx
    rows = await tracking.number_of_rejects(connection, conditions) if for_workbook else None
    batches = tracking.batches_of_rejects(connection, conditions, for_workbook=for_workbook)
    return await export_response(format, "rejects", tracking.COLUMNS, batches, rows=rows)


@router.get(
    "/rejects/counts",
    operation_id="count_rejects",
    summary="Rejected rows by reason, column and value",
    responses=problems(401, 422, 503),
)
async def count_rejects(
    conditions: Filtered, user: Viewer, connection: ConnectionOfRequest, limit: Limit = DEFAULT_LIMIT
) -> RejectCounts:
    """What to mend first: one mend by rule settles a group."""
    return await tracking.count_rejects(connection, conditions, limit)
