"""Files that the service makes: streamed to the standard output, or into a file that is there whole or not at all."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import httpx

from ..unfinished import unfinished
from .connecting import ServiceError, body_of
from .inert import InertBytes, inert
from .prompts import may_write
from .running_work import errors
from .working import working

TEXTS = ("csv", "excel")
Parameters = list[tuple[str, str | int | float | bool | None]]
"""Of a query; a name may have several values."""


def query_of_format(format: str) -> dict[str, str]:
    return {"format": "csv", "safe": "excel"} if format == "excel" else {"format": format}


async def export_rows(
    client: httpx.AsyncClient, path: str, parameters: Parameters, format: str, output: Path | None, *, force: bool
) -> None:
    """Raises ServiceError."""
    if output is None and format not in TEXTS and sys.stdout.isatty():
        raise ServiceError(f"{format} is nothing for a terminal. Name a file (--output), or send it into a pipe.")
    instead = may_write(output, force=force) if output is not None else ""
    query = [*parameters, *query_of_format(format).items()]
    with working(f"Exporting {path.rpartition('/')[2]}", in_bytes=True) as told, _target(output) as file:
        async with client.stream("GET", path, params=query) as answer:
            if not answer.is_success:
                await answer.aread()
                body_of(answer)
            size = 0
            async for piece in answer.aiter_bytes():
                size += file.write(piece)
                told(size)
    if output is not None:
        errors.print(f"{inert(output)}: {size:,} bytes{instead}", markup=False)


@contextmanager
def _target(output: Path | None) -> Iterator[IO[bytes] | InertBytes]:
    if output is None:
        yield InertBytes(sys.stdout.buffer) if sys.stdout.isatty() else sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    try:
        with unfinished(output) as path, path.open("wb") as file:
            yield file
    except OSError as error:
        raise ServiceError(f"{output} cannot be written: {error.strerror}.") from None
