"""POST /v1/demo: something to look at, for who has nothing to load yet."""

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from ..accounts.current_user import Admin, peer_address
from ..errors import problems
from ..loads.models import Load
from .service import Demo

router = APIRouter(prefix="/v1", tags=["loads"])


class DemoLoads(BaseModel):
    """The loads of made-up data, as `serve --demo` loads it."""

    loads: list[Load] = Field(description="Of the customers, then of the visits")


@router.post(
    "/demo",
    operation_id="load_demo",
    status_code=202,
    summary="Load made-up data into an empty service",
    responses=problems(401, 403, 409, 422, 429, 503, 507),
)
async def post_demo(request: Request, user: Admin) -> DemoLoads:
    """20,000 visits and their customers, the same ones each time, a few rows bad as in real files.

    409 unless there is no customer, no visit and no load. Asked again while nothing else was loaded, the answer is the
    same two loads. They are undone as others are.
    """
    demo: Demo = request.app.state.demo
    return DemoLoads(loads=await demo.load(user, peer_address(request)))
