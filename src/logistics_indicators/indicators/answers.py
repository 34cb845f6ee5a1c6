"""How an indicator is answered: one snapshot, its version as an ETag, the body straight from orjson or as a file.

No connection is held while an answer is sent. A long answer is made slice by slice while it is sent, and keeps its
user's place until then: each takes megabytes, also where nobody reads it.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, TypeAlias, overload

import orjson
from fastapi import Request, Response
from pydantic import BaseModel

from ..database import Connection, place_of_user
from ..errors import problems
from ..exports.columns import Batch, Column
from ..exports.response import EXPORT_CONTENT, Download, ExportFormat, export_response
from ..reading import reader_of
from ..rollup.near_names import near_names
from ..rollup.reading import Filters
from .figures import Integers
from .snapshot import Memory, Snapshot, open_snapshot

JSON = "application/json"

MADE_AT_ONCE = 2**20
"""An answer of more bytes is sent while it is made, and not kept."""

SLICE = 2**19
"""Bytes of it made at a time, in a thread; some milliseconds, since orjson lets nothing else run meanwhile."""

FIRST_ROWS = 8
"""That tell how long the others are: links repeat the filters, so a row has a hundred bytes or ten thousand."""

Row: TypeAlias = dict[str, Any]
"""Keys are the columns' names, in their order."""


class SlicedRows(Sequence[Row]):
    """Rows that are made when they are read, so that hundreds of thousands of them are never there at once."""

    def __init__(self, order: Integers, make: Callable[[Integers], list[Row]]) -> None:
        """make: the rows at these positions."""
        self._order = order
        self._make = make

    def __len__(self) -> int:
        return len(self._order)

    @overload
    def __getitem__(self, which: int) -> Row: ...
    @overload
    def __getitem__(self, which: slice) -> list[Row]: ...
    def __getitem__(self, which: int | slice) -> Row | list[Row]:
        if isinstance(which, slice):
            return self._make(self._order[which])
        return self._make(self._order[[which]])[0]


@dataclass(frozen=True)
class Table:
    """name: the rows' key in the answer. about: what stands beside the rows.

    body: the answer as JSON, where that is not simply the rows. file: its name, where that is not the rows' key.
    """

    name: str
    columns: Sequence[Column]
    rows: Sequence[Row]
    about: Mapping[str, object] = field(default_factory=dict)
    body: Mapping[str, object] | None = None
    file: str | None = None


Ask = Callable[[Snapshot], Awaitable[Table]]


async def answer_table(
    request: Request,
    format: ExportFormat,
    filters: Filters,
    ask: Ask,
    *,
    day_of: Callable[[Snapshot], date] | None = None,
) -> Response:
    """The table that `ask` makes of a snapshot; 304 where the client already has this version.

    filters: whose names are told where they find nothing and others are near. day_of: the day that the answer depends
    on beside the data and the request.
    """
    memory: Memory = request.app.state.indicators

    async def ask_once(connection: Connection) -> Response | tuple[Table, int]:
        async with open_snapshot(connection, memory) as snapshot:
            headers["ETag"] = f'"{snapshot.version}{f"-{day_of(snapshot)}" if day_of else ""}"'
            if known := _known_answer(request, memory, headers):
                return known
            return await _with_near_names(snapshot, await ask(snapshot), filters), snapshot.version

    headers = {"Cache-Control": "private, no-cache"}
    async with AsyncExitStack() as place:
        await place.enter_async_context(place_of_user(request))
        async with reader_of(request) as reader:
            answer = await reader.ask(ask_once)
        if isinstance(answer, Response):
            return answer
        table, version = answer
        if format is not ExportFormat.json:
            response = await export_response(
                request, format, table.file or table.name, table.columns, _batches(table), rows=len(table.rows)
            )
            response.headers.update(headers)
            return response
        if len(table.rows) > _rows_of(table, MADE_AT_ONCE):
            long = Download(body_pieces(table, version), media_type=JSON, headers=headers)
            long.held = place.pop_all()
            return long
        body = table_body(table, version)
        memory.bodies.put(_key(request, headers), body)
        return Response(body, media_type=JSON, headers=headers)


def _known_answer(request: Request, memory: Memory, headers: Mapping[str, str]) -> Response | None:
    """That the client has it, or one that was made before."""
    if client_has(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    body = memory.bodies.get(_key(request, headers))
    return None if body is None else Response(body, media_type=JSON, headers=headers)


def _key(request: Request, headers: Mapping[str, str]) -> tuple[str, str, bytes]:
    return headers["ETag"], request.url.path, request.scope["query_string"]


async def _with_near_names(snapshot: Snapshot, table: Table, filters: Filters) -> Table:
    if len(table.rows):
        return table
    near = await near_names(snapshot.connection, filters)
    return replace(table, about={**table.about, "sugestoes": near}) if near else table


def table_body(table: Table, version: int) -> bytes:
    answer = {table.name: table.rows[:]} if table.body is None else table.body
    return orjson.dumps({**answer, **table.about, "data_version": version})


def _rows_of(table: Table, size: int) -> int:
    """How many of the table's rows are about so many bytes of JSON."""
    longest = max((len(orjson.dumps(row)) for row in table.rows[:FIRST_ROWS]), default=1)
    return max(1, size // longest)


async def body_pieces(table: Table, version: int) -> AsyncGenerator[bytes, None]:
    """What table_body gives."""
    yield b"{%s:[" % orjson.dumps(table.name)
    count = _rows_of(table, SLICE)
    for start in range(0, len(table.rows), count):
        piece = await asyncio.to_thread(lambda first: orjson.dumps(table.rows[first : first + count]), start)
        yield (b"," if start else b"") + piece[1:-1]
    yield b"]," + orjson.dumps({**table.about, "data_version": version})[1:]


def client_has(request: Request, etag: str) -> bool:
    """If-None-Match compares weakly (RFC 9110, 13.1.2): a proxy may have put W/ in front."""
    asked = request.headers.get("if-none-match")
    if asked is None:
        return False
    return asked.strip() == "*" or etag in (tag.strip().removeprefix("W/") for tag in asked.split(","))


async def _batches(table: Table) -> AsyncGenerator[Batch, None]:
    count = _rows_of(table, SLICE)
    for start in range(0, len(table.rows), count):
        yield await asyncio.to_thread(_values, table.rows, start, count)


def _values(rows: Sequence[Row], start: int, count: int) -> Batch:
    return [tuple(row.values()) for row in rows[start : start + count]]


def answers(model: type[BaseModel]) -> dict[int | str, dict[str, Any]]:
    """OpenAPI `responses` of an indicator: the model or a file, 304, and the errors."""
    return {
        200: {"model": model, "content": EXPORT_CONTENT},
        304: {"description": "The client's version is the current one (If-None-Match)"},
        **problems(401, 422, 429, 503),
    }
