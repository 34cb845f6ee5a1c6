"""GET /v1/setup: what a page has to know before anybody signs in."""

from typing import Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from ..database import ConnectionOfRequest
from ..errors import problems

router = APIRouter(prefix="/v1", tags=["accounts"])

ACCOUNTS_EXIST = "SELECT EXISTS (SELECT FROM users)"


class Setup(BaseModel):
    """Whether the service waits for its first account, and who may make one."""

    first_account: bool = Field(description="true: there is no account yet; the one that registers now becomes admin")
    registration: Literal["open", "closed"] = Field(
        description="closed: once there is an admin, only admins make accounts"
    )


@router.get("/setup", operation_id="get_setup", summary="What comes before a sign-in", responses=problems(422, 503))
async def get_setup(request: Request, connection: ConnectionOfRequest) -> Setup:
    """Whether there is an account yet, and whether one may register. Public: nobody can have signed in."""
    exists = bool(await connection.fetchval(ACCOUNTS_EXIST))
    return Setup(first_account=not exists, registration=request.app.state.settings.registration)
