"""/v1/polos."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from ..accounts.audit import ActorOfRequest
from ..accounts.current_user import Admin, Viewer
from ..database import ConnectionOfRequest
from ..errors import problems
from ..exports.list_places import IN_A_PLACE
from ..exports.lists import list_response
from ..exports.response import ExportFormat
from ..http.field_types import OwnId
from ..http.made_at_once import made_at_once
from ..http.paging import LINK_HEADER
from ..lists.asked import page_of
from ..lists.filters import Conditions
from ..lists.rows import Page
from ..reading import ReaderOfRequest
from ..rollup.dimensions import Dimension
from ..rollup.near_names import near_names
from . import service
from .models import Polo, PoloPage, StateOfPolo

router = APIRouter(prefix="/v1/polos", tags=["polos"])

AskedFilter = Annotated[service.PoloFilter, Depends(made_at_once(service.PoloFilter))]


async def _filtered(filter: AskedFilter) -> Conditions:
    return Conditions.of(filter)


@router.get(
    "",
    operation_id="list_polos",
    dependencies=IN_A_PLACE,
    summary="Polos and their states",
    response_model=PoloPage,
    response_model_exclude_unset=True,
    responses={200: {**LINK_HEADER}, **problems(401, 422, 429, 503)},
)
async def list_polos(
    filter: AskedFilter,
    conditions: Annotated[Conditions, Depends(_filtered)],
    page: Annotated[Page, Depends(page_of(service.POLOS))],
    _: Viewer,
    reader: ReaderOfRequest,
    request: Request,
) -> Response:
    """Every polo that ever had a visit, with its state and where that comes from: its name, or an admin."""

    async def near() -> dict[str, list[str]]:
        return await near_names(reader, {Dimension.polo: filter.polo})

    return await list_response(request, reader, service.POLOS, conditions, page, ExportFormat.json, near)


@router.put(
    "/{polo_id}",
    operation_id="set_state_of_polo",
    summary="Set a polo's state",
    responses=problems(401, 403, 404, 422, 503),
)
async def set_state_of_polo(
    user: Admin,
    actor: ActorOfRequest,
    connection: ConnectionOfRequest,
    polo_id: OwnId,
    body: StateOfPolo,
) -> Polo:
    """Set the state of a polo whose name tells none, or another; null takes what the name says again.

    The filter `uf`, figures by state and the calendars follow at once, and data_version changes.
    """
    return await service.set_state(connection, polo_id, body.uf, actor)
