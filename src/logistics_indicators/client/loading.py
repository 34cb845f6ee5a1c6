"""Sends files to the service and follows their loads to the end."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import httpx

from ..loads.kinds import Kind
from .connecting import ServiceError, body_of
from .files import WatchedFile, name_to_send
from .loading_options import LoadOptions

SHORTEST_POLL_SECONDS = 0.2
LONGEST_POLL_SECONDS = 2.0
PATIENCE_SECONDS = 120
"""How long a service that went away in mid-load is waited for: the load goes on by itself when it is back."""

ENDED = {"completed", "failed", "undone"}


async def send_file(
    client: httpx.AsyncClient, path: Path, kind: Kind, options: LoadOptions, sent: Callable[[int], None]
) -> list[dict[str, Any]]:
    """The loads (several of a zip), once every byte is durable; `sent` is told piece sizes. Raises ServiceError."""
    try:
        with path.open("rb") as file:
            files = {"file": (name_to_send(path), cast("Any", WatchedFile(file, sent)), "text/csv")}
            answer = await client.post(f"/v1/{kind}/batch", files=files, params=options.query(kind))
        return cast("list[dict[str, Any]]", body_of(answer)["loads"])
    except (httpx.HTTPError, OSError) as error:
        raise ServiceError(f"{path.name}: the upload broke off: {error or type(error).__name__}") from error
    except ServiceError as error:
        raise ServiceError(f"{path.name}: {error}") from None


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


async def save_rejects(client: httpx.AsyncClient, load: dict[str, Any], target: Path) -> None:
    """The rejected lines with line, column and reason, as a CSV to mend and send again. Raises ServiceError."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        await _save(client, f"/v1/loads/{load['id']}/rejects", target)
    except OSError as error:
        raise ServiceError(f"{target} cannot be written: {error.strerror}.") from None
    except httpx.HTTPError as error:
        raise ServiceError(f"the rejected rows broke off: {error or type(error).__name__}") from error


async def _save(client: httpx.AsyncClient, path: str, target: Path) -> None:
    async with client.stream("GET", path, params={"format": "csv"}) as answer:
        if not answer.is_success:
            await answer.aread()
            body_of(answer)
        with target.open("wb") as file:
            async for piece in answer.aiter_bytes():
                file.write(piece)
