"""/v1/presets."""

from fastapi import APIRouter, Response

from ...accounts.audit import ActorOfRequest
from ...accounts.current_user import Admin, Viewer
from ...database import ConnectionOfRequest
from ...errors import problems
from . import service
from .models import Preset, PresetList, PresetName, SentPreset

router = APIRouter(prefix="/v1/presets", tags=["presets"])


@router.get("", operation_id="list_presets", responses=problems(401, 422, 503))
async def list_presets(user: Viewer, connection: ConnectionOfRequest) -> PresetList:
    """All presets, by name: how the files of each sender are read."""
    return PresetList(presets=await service.list_presets(connection))


@router.get("/{name}", operation_id="get_preset", responses=problems(401, 404, 422, 503))
async def get_preset(user: Viewer, connection: ConnectionOfRequest, name: PresetName) -> Preset:
    """What a file that is sent with `?preset=` of this name is asked for."""
    return await service.find_preset(connection, name)


@router.put("/{name}", operation_id="keep_preset", responses=problems(401, 403, 409, 422, 503))
async def keep_preset(
    user: Admin, actor: ActorOfRequest, connection: ConnectionOfRequest, name: PresetName, body: SentPreset
) -> Preset:
    """Make a preset, or change it. Loads that were received by it stay as they are."""
    return await service.keep_preset(connection, actor, name, body)


@router.delete(
    "/{name}",
    status_code=204,
    operation_id="delete_preset",
    response_class=Response,
    responses=problems(401, 403, 404, 422, 503),
)
async def delete_preset(
    user: Admin, actor: ActorOfRequest, connection: ConnectionOfRequest, name: PresetName
) -> Response:
    """Take a preset away. Loads that were received by it stay, and keep its name."""
    await service.delete_preset(connection, actor, name)
    return Response(status_code=204)
