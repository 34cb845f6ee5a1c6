"""Follows loads to their end, and keeps what they rejected."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from .connecting import ServiceError, body_of
from .outputs import answered, fetch_into, may_write, written_file

SHORTEST_POLL_SECONDS = 0.2
LONGEST_POLL_SECONDS = 2.0
PATIENCE_SECONDS = 120
"""How long a service that went away in mid-load is waited for: the load goes on by itself when it is back."""

AS_CSV = httpx.QueryParams({"format": "csv"})

ENDED = {"completed", "failed", "undone"}


async def follow_load(
    client: httpx.AsyncClient, load: dict[str, Any], progressed: Callable[[dict[str, Any]], None]
) -> dict[str, Any]:
    """The load resource at its end; `progressed` sees every state in between. Raises ServiceError."""
    pause = SHORTEST_POLL_SECONDS
    while load["status"] not in ENDED:
        await asyncio.sleep(pause)
        answer = await _ask_with_patience(client, f"/v1/loads/{load['id']}")
        load = body_of(answer)
        progressed(load)
        pause = min(pause * 1.3, LONGEST_POLL_SECONDS)
        if (asked := answer.headers.get("Retry-After", "")).isdigit():
            pause = max(SHORTEST_POLL_SECONDS, float(asked))
    return load


async def _ask_with_patience(client: httpx.AsyncClient, path: str) -> httpx.Response:
    """Waits out a service that restarts or lost its database."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            answer = await client.get(path)
        except httpx.TransportError as error:
            if time.monotonic() > deadline:
                raise ServiceError(f"the service went away: {error or type(error).__name__}") from error
        else:
            if answer.status_code not in (429, 502, 503, 504) or time.monotonic() > deadline:
                return answer
        await asyncio.sleep(1)


async def save_rejects(client: httpx.AsyncClient, load: dict[str, Any], target: Path, *, force: bool) -> str:
    """The rejected lines with line, column and reason, as a CSV to mend and send again. Gives may_write's words.

    Raises ServiceError.
    """
    instead = may_write(target, force=force)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with written_file(target) as file:
            async with answered(client, f"/v1/loads/{load['id']}/rejects", AS_CSV) as answer:
                await fetch_into(answer, file)
    except BrokenPipeError:  # of the standard output
        raise
    except OSError as error:
        raise ServiceError(f"{target} cannot be written: {error.strerror}.") from None
    except httpx.HTTPError as error:
        raise ServiceError(f"the rejected rows broke off: {error or type(error).__name__}") from error
    return instead
