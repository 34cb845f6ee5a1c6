"""/v1/indicators/verify and /rebuild, for admins."""

from fastapi import APIRouter, Request

from ..accounts.audit import ActorOfRequest, audit
from ..accounts.current_user import Admin
from ..database import ConnectionOfRequest, SessionOfRequest
from ..errors import problems
from .models import RebuildAnswer, VerifyAnswer
from .snapshot import open_snapshot
from .verification import rebuild, verify

router = APIRouter(prefix="/v1/indicators", tags=["indicators"])


@router.get(
    "/verify",
    operation_id="verify_indicators",
    summary="Compare the indicators with the visits",
    responses=problems(401, 403, 422, 503),
)
async def verify_indicators(_: Admin, connection: ConnectionOfRequest) -> VerifyAnswer:
    """Recompute every level from the visits, in one snapshot, and list what differs: nothing should."""
    found = await verify(connection)
    return VerifyAnswer(
        data_version=found.version,
        visits=found.visits,
        differences=found.differences,
        examples=found.examples,
    )


@router.post(
    "/rebuild",
    operation_id="rebuild_indicators",
    summary="Make the indicators anew from the visits",
    responses=problems(401, 403, 409, 422, 503),
)
async def rebuild_indicators(
    request: Request, _: Admin, actor: ActorOfRequest, connection: SessionOfRequest
) -> RebuildAnswer:
    """Make the indicators' levels anew from the visits. Nobody waits for it."""
    visits = await rebuild(connection)
    await audit(connection, actor, "indicators_rebuilt", visits=visits)
    async with open_snapshot(connection, request.app.state.indicators) as snapshot:
        return RebuildAnswer(data_version=snapshot.version, visits=visits)
