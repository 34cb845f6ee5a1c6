"""How an indicator is answered: one snapshot, its version as an ETag, the body straight from orjson or as a file."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeAlias

import orjson
from fastapi import Request, Response

from ..database import Connection
from ..exports.columns import Batch, Column
from ..exports.response import ExportFormat, export_response
from .snapshot import Memory, Snapshot, open_snapshot

JSON = "application/json"


Row: TypeAlias = dict[str, Any]
"""Keys are the columns' names, in their order."""


@dataclass(frozen=True)
class Table:
    """name: the rows' key in the answer, and the file's name. about: what stands beside the rows.

    body: the answer as JSON, where that is not simply the rows.
    """

    name: str
    columns: Sequence[Column]
    rows: Sequence[Row]
    about: Mapping[str, object] = field(default_factory=dict)
    body: Mapping[str, object] | None = None


Ask = Callable[[Snapshot], Awaitable[Table]]


async def answer_table(
    request: Request,
    connection: Connection,
    format: ExportFormat,
    ask: Ask,
    *,
    day_of: Callable[[Snapshot], date] | None = None,
) -> Response:
    """The table that `ask` makes of a snapshot; 304 where the client already has this version.

    day_of: the day that the answer depends on beside the data and the request.
    """
    memory: Memory = request.app.state.indicators
    async with open_snapshot(connection, memory) as snapshot:
        etag = f'"{snapshot.version}{f"-{day_of(snapshot)}" if day_of else ""}"'
        headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
        if _client_has(request, etag):
            return Response(status_code=304, headers=headers)
        if format is not ExportFormat.json:
            table = await ask(snapshot)
            response = await export_response(format, table.name, table.columns, _batches(table), rows=len(table.rows))
            response.headers.update(headers)
            return response
        key = (etag, request.url.path, request.scope["query_string"])
        body = memory.bodies.get(key)
        if body is None:
            body = table_body(await ask(snapshot), snapshot.version)
            memory.bodies.put(key, body)
    return Response(body, media_type=JSON, headers=headers)


def table_body(table: Table, version: int) -> bytes:
    answer = {table.name: table.rows} if table.body is None else table.body
    return orjson.dumps({**answer, **table.about, "data_version": version})


def _client_has(request: Request, etag: str) -> bool:
    """If-None-Match compares weakly (RFC 9110, 13.1.2): a proxy may have put W/ in front."""
    asked = request.headers.get("if-none-match")
    if asked is None:
        return False
    return asked.strip() == "*" or etag in (tag.strip().removeprefix("W/") for tag in asked.split(","))


async def _batches(table: Table) -> AsyncIterator[Batch]:
    for start in range(0, len(table.rows), 5_000):
        yield [tuple(row.values()) for row in table.rows[start : start + 5_000]]
