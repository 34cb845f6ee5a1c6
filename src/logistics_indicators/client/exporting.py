"""Files that the service makes: streamed to the standard output, or into a file that is there whole or not at all."""

import sys
from pathlib import Path

import httpx

from .connecting import ServiceError
from .inert import inert
from .nothing_found import tell_of_nothing
from .outputs import answered, fetch_into, may_write, standard_output, written_file
from .running_work import errors
from .streams import is_standard_output
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
    if output is not None and is_standard_output(output):
        output = None
    if output is None and format not in TEXTS and sys.stdout.isatty():
        raise ServiceError(f"{format} is nothing for a terminal. Name a file (--output), or send it into a pipe.")
    instead = may_write(output, force=force) if output is not None else ""
    query = httpx.QueryParams([*parameters, *query_of_format(format).items()])
    target = standard_output() if output is None else written_file(output)
    with working(f"Exporting {path.rpartition('/')[2]}", in_bytes=True) as told, target as file:
        async with answered(client, path, query) as answer:
            size = await fetch_into(answer, file, told)
    await tell_of_nothing(client, path, parameters, size)
    if output is not None:
        errors.print(f"{inert(output)}: {size:,} bytes{instead}", markup=False)
