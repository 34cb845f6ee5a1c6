"""A load as Server-Sent Events, for those who would rather not poll."""

import asyncio
import time
from collections.abc import AsyncIterator

from ..database import Pool
from .models import Load
from .service import find_load

LOOK_SECONDS = 0.5
HEARTBEAT_SECONDS = 15
HARD_STOP_SECONDS = 3600
"""A stream ends then whatever happens; the client may open another."""

ENDED = ("completed", "failed", "undone")


async def load_events(pool: Pool, load: Load) -> AsyncIterator[str]:
    """An event `load` with the resource whenever it changes, a comment as heartbeat, the end with the load's end."""
    started = spoken = time.monotonic()
    yield _event(load)
    while load.status not in ENDED and time.monotonic() - started < HARD_STOP_SECONDS:
        await asyncio.sleep(LOOK_SECONDS)
        newer = await find_load(pool, load.id)
        if newer != load:
            load, spoken = newer, time.monotonic()
            yield _event(load)
        elif time.monotonic() - spoken > HEARTBEAT_SECONDS:
            spoken = time.monotonic()
            yield ": still there\n\n"


def _event(load: Load) -> str:
    return f"event: load\ndata: {load.model_dump_json()}\n\n"
