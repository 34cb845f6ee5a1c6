"""GET /v1/events: what a page shows that changes, as one stream."""

import time
from collections.abc import AsyncGenerator
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from ..accounts.current_user import Viewer
from ..errors import DATABASE_FAILURES, problems
from ..loads.events import HARD_STOP_SECONDS, HEARTBEAT_SECONDS, MayWatch, OneMoreStream, still_allowed
from .watcher import Watcher

router = APIRouter(prefix="/v1", tags=["monitoring"])

EXAMPLE = """\
event: loads
data: {"loads":[{"id":7,"kind":"services","status":"loading","progress":0.4}]}

event: data
data: {"data_version":42}

event: rejects
data: {}

: still there
"""
STREAM: dict[str, Any] = {
    "description": "Events named `loads`, `data` and `rejects`",
    "content": {
        "text/event-stream": {
            "schema": {"description": "Server-Sent Events; the `data` of each is an object as JSON"},
            "example": EXAMPLE,
        }
    },
}


@router.get(
    "/events",
    operation_id="watch_all",
    summary="What changes, as it changes: the data's version, loads, rejects",
    response_class=StreamingResponse,
    responses={200: STREAM, **problems(401, 403, 422, 429, 503)},
    dependencies=[OneMoreStream],
)
async def watch_all(request: Request, user: Viewer) -> StreamingResponse:
    """Server-Sent Events for a page that stays open:

    - `data` at the start, and within a second of each commit that changes figures: `{"data_version": …}`, as the
      indicators say it. Only then need they be asked for again.
    - `loads` at the start, and when a load appears, moves on, ends or is undone: `{"loads": […]}`, each as
      `GET /v1/loads/{load_id}` answers: all that go on (up to 100, the first ones), and those that ended since the
      last such event (up to 100, the last ones).
    - `rejects` where open or waiting rejects may have changed: `{}`.

    A slow reader is told the latest alone. A comment comes every 15 seconds. The stream ends after an hour, once the
    token expires, its user is disabled, removed or given a lower role, where the database is away, and where the
    process that sends it ends: open another. It counts among the streams that `EVENT_STREAMS_PER_USER` allows.
    """
    watcher: Watcher = request.app.state.watcher
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    events = request.app.state.draining.until_over(_events(watcher, still_allowed(request, user)))
    return StreamingResponse(events, media_type="text/event-stream", headers=headers)


async def _events(watcher: Watcher, may_watch: MayWatch) -> AsyncGenerator[str]:
    """Before each piece it asks whether the reader still may."""
    end = time.monotonic() + HARD_STOP_SECONDS
    with watcher.reading() as news:
        while (left := end - time.monotonic()) > 0:
            events = await news.events(min(HEARTBEAT_SECONDS, left))
            try:
                if not await may_watch():
                    return
            except DATABASE_FAILURES:
                return
            yield "".join(events) or ": still there\n\n"
