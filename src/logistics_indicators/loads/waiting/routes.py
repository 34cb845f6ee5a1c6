"""/v1/loads/{id}/waiting: the visits of a load that wait for their customers."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from ...accounts.audit import ActorOfRequest, audit
from ...accounts.current_user import Analyst, Viewer
from ...database import ConnectionOfRequest, announce_changed_loads
from ...errors import Conflict, problems
from ...http.field_types import MAX_ID, OwnId
from ...http.paging import DEFAULT_LIMIT, LINK_HEADER, Limit, page_response
from ..models import Load
from ..rejects import RejectBounds
from ..service import find_load, refuse_loads_of_others
from ..undo_under_way import refuse_beside_undo
from .keeping import end_waiting
from .listing import WaitingPage, list_waiting

router = APIRouter(prefix="/v1/loads/{load_id}/waiting", tags=["loads"])

OfCustomer = Annotated[int | None, Query(ge=1, le=MAX_ID, description="Only those that wait for this customer")]


@router.get(
    "",
    operation_id="list_waiting",
    response_model=WaitingPage,
    responses={200: {**LINK_HEADER}, **problems(401, 403, 404, 422, 503)},
)
async def list_waiting_visits(
    request: Request,
    connection: ConnectionOfRequest,
    user: Viewer,
    load_id: OwnId,
    id_cliente: OfCustomer = None,
    after: Annotated[int, Query(ge=0, le=2**53 - 1, description="Only lines after this one")] = 0,
    limit: Limit = DEFAULT_LIMIT,
) -> Response:
    """Visits whose customer is not there yet, by line of the file. A page ends at about 2 MiB, as one of rejects."""
    await find_load(connection, load_id)
    page, more = await list_waiting(connection, load_id, after, id_cliente, limit)
    return page_response(request, "waiting", page, limit, after=page[-1].line if more else None)


@router.delete("", operation_id="cancel_waiting", responses=problems(401, 403, 404, 409, 422, 503))
async def cancel_waiting(
    request: Request,
    connection: ConnectionOfRequest,
    user: Analyst,
    actor: ActorOfRequest,
    load_id: OwnId,
    id_cliente: OfCustomer = None,
) -> Load:
    """They wait no longer: they are rejected as unknown_customer, as if they never had.

    409 where the load is not completed, or is being undone at this moment.
    """
    settings = request.app.state.settings
    bounds = RejectBounds(settings.load_rejects_kept, settings.load_rejects_bytes)
    load = await find_load(connection, load_id)
    await refuse_loads_of_others(connection, user, load_id)
    await refuse_beside_undo(connection, load_id)
    async with connection.transaction():
        ended = await end_waiting(connection, load_id, bounds, id_cliente)
        if ended is None:
            was = "only tried" if load.validate_only else load.status
            raise Conflict(f"Load {load_id} is {was}: only visits of a completed load wait.")
        await audit(connection, actor, "waiting_cancelled", load_id=load_id, rows=ended)
        await announce_changed_loads(connection)
    return await find_load(connection, load_id)
