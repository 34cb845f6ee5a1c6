"""/v1/indicators/changes."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from ..accounts.current_user import Viewer
from ..database import ConnectionOfRequest
from ..errors import problems
from ..http.paging import DEFAULT_LIMIT, LINK_HEADER, Cursor, Limit, cut_page, page_response
from ..rollup.commits import see_commits
from .answers import client_has
from .changes import LARGEST_VERSION, ChangePage, ChangesBy, Since, as_change, list_changes, versions_of

router = APIRouter(prefix="/v1/indicators", tags=["indicators"])


@router.get(
    "/changes",
    operation_id="changes",
    summary="What changed the visits since a version or a time",
    response_model=ChangePage,
    responses={
        200: {**LINK_HEADER},
        304: {"description": "The client's version is the current one (If-None-Match)"},
        **problems(401, 422, 503),
    },
)
async def changes(
    request: Request,
    _: Viewer,
    connection: ConnectionOfRequest,
    since: Annotated[
        Since | None, Query(description="A data_version, or a time as loads say theirs. Default: all that is kept")
    ] = None,
    until: Annotated[
        int | None, Query(ge=0, le=LARGEST_VERSION, description="The last data_version. Default: the current one")
    ] = None,
    by: Annotated[ChangesBy, Query(description="What is one row: a load or its undo, a user, or a single write")] = (
        ChangesBy.load
    ),
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response:
    """Every write to the visits since then, the last ones first: loads, their undoing, and writes by hand.

    Changes to the calendar and to the settings move the data's version too; those are in the audit log.
    """
    current = await see_commits(connection)
    before = None if cursor is None else int(cursor)
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        versions = await versions_of(connection, since, until, current)
        headers = {"ETag": f'"{versions.until}"', "Cache-Control": "private, no-cache"}
        if client_has(request, headers["ETag"]):
            return Response(status_code=304, headers=headers)
        page, more = cut_page(await list_changes(connection, versions, by, before, limit + 1), limit)
    answer = page_response(
        request,
        "changes",
        [as_change(row) for row in page],
        limit,
        about={"since": versions.since, "data_version": versions.until},
        cursor=page[-1]["last_id"] if more else None,
        until=versions.until,
    )
    answer.headers.update(headers)
    return answer
