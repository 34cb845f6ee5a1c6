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


NAMED = {".xlsx": "xlsx", ".parquet": "parquet"}
OF_OTHERS = (".xls", ".ods", ".pdf", ".json", ".ndjson", ".zip", ".gz")


def format_of(format: str | None, output: Path | None) -> str:
    """The one that was asked for, or else the one that the file's name tells. Raises ServiceError."""
    ending = output.suffix.lower() if output is not None else ""
    if format is None and ending in OF_OTHERS:
        raise ServiceError(f"No export is a {ending} file. Name one that ends in .csv, .xlsx or .parquet.")
    return format or NAMED.get(ending, "csv")


def query_of_format(format: str) -> dict[str, str]:
    return {"format": "csv", "safe": "excel"} if format == "excel" else {"format": format}


async def export_rows(
    client: httpx.AsyncClient, path: str, parameters: Parameters, asked: str | None, output: Path | None, *, force: bool
) -> None:
    """asked: the format. Raises ServiceError."""
    if output is not None and is_standard_output(output):
        output = None
    format = format_of(asked, output)
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
