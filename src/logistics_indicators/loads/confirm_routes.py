"""Looking at a file before it is loaded, and loading it without sending it twice."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from ..accounts.audit import ActorOfRequest
from ..accounts.current_user import Analyst, User, Viewer
from ..database import Connection, ConnectionOfRequest
from ..errors import problems
from ..http.field_types import OwnId
from . import words
from .confirming import Changes, confirm_load
from .models import ReceivedLoad
from .preview import LoadPreview, preview_of
from .receiving.room import Room
from .service import refuse_loads_of_others

router = APIRouter(prefix="/v1/loads/{load_id}", tags=["loads"])

OnConflict = Annotated[
    words.OnConflict | None, Query(description="What becomes of a row whose id is stored. Else as it was tried")
]
UnknownCustomer = Annotated[
    words.UnknownCustomer | None,
    Query(description="What becomes of a visit whose customer is not there. Else as it was tried"),
]
LOCATION = {"headers": {"Location": {"schema": {"type": "string"}, "description": "The load: /v1/loads/{id}"}}}


@router.get(
    "/preview",
    operation_id="preview_load",
    summary="The first rows of a load's file",
    responses=problems(401, 403, 404, 409, 422, 503),
)
async def preview_load(
    connection: ConnectionOfRequest,
    user: Viewer,
    load_id: OwnId,
    rows: Annotated[int, Query(ge=1, le=100, description="How many rows at most")] = 20,
) -> LoadPreview:
    """As they were sent, cell by cell, with what each column was taken for.

    Of a load that waits or is under way, and of one with `validate_only` for an hour after it ended; 409 where the
    bytes are gone. Only the file's first 256 KiB are looked at.
    """
    return await preview_of(connection, load_id, rows)


@router.post(
    "/confirm",
    operation_id="confirm_load",
    status_code=202,
    summary="Load what was tried with validate_only, without sending it again",
    responses={202: LOCATION, **problems(401, 403, 404, 409, 422, 429, 503, 507)},
)
async def post_confirmation(
    request: Request,
    response: Response,
    connection: ConnectionOfRequest,
    user: Analyst,
    actor: ActorOfRequest,
    load_id: OwnId,
    on_conflict: OnConflict = None,
    unknown_customer: UnknownCustomer = None,
) -> ReceivedLoad:
    """A new load, which `confirms` this one, takes its bytes over, and is loaded as any other with the same options.

    Asked again, the answer is the same load; 409 with other options than those, and once that load was undone. 409,
    too, where this is no completed load with `validate_only`, and where its bytes are gone: they are kept for an hour
    after it ended. They count among `LOAD_SPOOL_BYTES_PER_USER` of who sent them, and then of who confirms.
    """
    await refuse_loads_of_others(connection, user, load_id)
    changes = Changes(on_conflict, unknown_customer)
    room: Room = request.app.state.receiver.room
    check_room = partial(_check_room, room, user, load_id)
    load = await confirm_load(connection, load_id, changes, user, actor, check_room)
    response.headers["Location"] = f"/v1/loads/{load.id}"
    return ReceivedLoad(message="received load", load=load, loads=[load])


async def _check_room(room: Room, user: User, load_id: int, connection: Connection) -> None:
    """The trial's own bytes are no more than there were."""
    await room.check(user.id, taken_over=load_id, by=connection)
