"""A load as Server-Sent Events, for those who would rather not poll."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable

from fastapi import Depends, Request

from ..accounts.current_user import User, Viewer, user_of_token
from ..database import Pool
from ..errors import Unauthorized
from ..http.per_user import LimitPerUser
from ..settings import Settings
from .models import ENDED, Load
from .service import find_load

LOOK_SECONDS = 0.5
HEARTBEAT_SECONDS = 15
HARD_STOP_SECONDS = 3600
"""A stream ends then whatever happens; the client may open another."""

MayWatch = Callable[[], Awaitable[bool]]


def streams_per_user(settings: Settings) -> LimitPerUser:
    return LimitPerUser(settings.event_streams_per_user, "You have as many streams of events open as you may.")


async def _one_more_stream(request: Request, user: Viewer) -> AsyncIterator[None]:
    with request.app.state.streams_per_user.one_more(user.id):
        yield


OneMoreStream = Depends(_one_more_stream)
"""Held until the stream has ended, or its client has gone."""


def still_allowed(request: Request, user: User) -> MayWatch:
    """Asks as a new request would: whether the token is valid and its user active; and in no lower role than before."""

    async def ask() -> bool:
        try:
            now = await user_of_token(request)
        except Unauthorized:
            return False
        return now.role.covers(user.role)

    return ask


async def load_events(pool: Pool, load: Load, may_watch: MayWatch) -> AsyncGenerator[str]:
    """An event `load` with the resource whenever it changes, a comment as heartbeat, the end with the load's end.

    Before each of them it asks whether the reader still may; where not, the stream ends without another word.
    """
    started = spoken = time.monotonic()
    yield _event(load)
    while load.status not in ENDED and time.monotonic() - started < HARD_STOP_SECONDS:
        await asyncio.sleep(LOOK_SECONDS)
        newer = await find_load(pool, load.id)
        quiet = newer == load
        if quiet and time.monotonic() - spoken < HEARTBEAT_SECONDS:
            continue
        if not await may_watch():
            return
        load, spoken = newer, time.monotonic()
        yield ": still there\n\n" if quiet else _event(load)


def _event(load: Load) -> str:
    return f"event: load\ndata: {load.model_dump_json()}\n\n"
