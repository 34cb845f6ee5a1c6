"""`?format=` of a list: the same rows as a file, all of them, in constant memory.

A route declares `format: RequestedFormat` and, where it is not json, answers with `export_response(...)`.
"""

import asyncio
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import IO, Annotated, Any, Literal

from fastapi import Depends, Query, Request, Response
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from ..accounts.current_user import Viewer
from ..errors import ExportsBusy, Unprocessable
from ..http.leaving import Leaving, client_leaving, unless_left
from ..http.per_user import LimitPerUser
from ..priority import give_way
from ..settings import Settings
from . import csv_text, parquet_file, xlsx_file
from .columns import Batch, Batches, Column

PIECE = 256 * 1024


class ExportFormat(StrEnum):
    """`excel` is csv with `?safe=excel`."""

    json = "json"
    csv = "csv"
    excel = "excel"
    xlsx = "xlsx"
    parquet = "parquet"


DIALECTS = {ExportFormat.csv: csv_text.PLAIN, ExportFormat.excel: csv_text.EXCEL}

MEDIA_TYPES = {
    **dict.fromkeys(DIALECTS, "text/csv; charset=utf-8; header=present"),
    ExportFormat.xlsx: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ExportFormat.parquet: "application/vnd.apache.parquet",
}

EXPORT_CONTENT: dict[str, Any] = {
    "text/csv": {"schema": {"type": "string", "description": "RFC 4180, UTF-8, a header line"}},
    MEDIA_TYPES[ExportFormat.xlsx]: {"schema": {"type": "string", "format": "binary"}},
    MEDIA_TYPES[ExportFormat.parquet]: {"schema": {"type": "string", "format": "binary"}},
}
"""OpenAPI `content` of a 200 that may also be a file: `responses={200: {"content": EXPORT_CONTENT}}`."""

WriteFile = Callable[[Path, Sequence[Column], Iterable[Batch]], None]
WRITE_FILE: dict[ExportFormat, WriteFile] = {
    ExportFormat.xlsx: xlsx_file.write,
    ExportFormat.parquet: parquet_file.write,
}


def exports_per_user(settings: Settings) -> LimitPerUser:
    return LimitPerUser(settings.exports_per_user, "You have as many exports under way as you may at once.")


async def _requested_format(
    request: Request,
    user: Viewer,
    format: Annotated[
        Literal["json", "csv", "xlsx", "parquet"],
        Query(
            description="`json`, or a file with all rows of the filter: `csv` (RFC 4180, UTF-8, comma; values as they "
            f"are, so that a load takes it back unchanged), `xlsx` (up to {xlsx_file.MOST_ROWS} rows, 422 above), "
            "`parquet`"
        ),
    ] = "json",
    safe: Annotated[
        Literal["excel"] | None,
        Query(
            description="With `format=csv` alone: what Excel in Brazil opens by a double click. A byte order mark, "
            "semicolons, decimal commas, and an apostrophe in front of a text that it would take for a formula"
        ),
    ] = None,
) -> AsyncIterator[ExportFormat]:
    """The format. A file also takes a place of the user and one of the process, for as long as it is read."""
    if safe and format != "csv":
        raise Unprocessable.field("query", "safe", msg="safe goes with format=csv; another format has no formulas")
    asked = ExportFormat.excel if safe else ExportFormat(format)
    if asked is ExportFormat.json:
        yield asked
        return
    with request.app.state.user_exports.one_more(user.id):
        slots: asyncio.Semaphore = request.app.state.export_slots
        if slots.locked():
            raise ExportsBusy
        async with slots:
            yield asked


RequestedFormat = Annotated[ExportFormat, Depends(_requested_format)]


def export_slots(pool_size: int) -> asyncio.Semaphore:
    """Exports that a process runs at once: each holds a connection, and most must stay free for the others."""
    return asyncio.Semaphore(max(1, pool_size // 3))


async def export_response(
    request: Request,
    format: ExportFormat,
    name: str,
    columns: Sequence[Column],
    batches: Batches,
    *,
    rows: int | None = None,
) -> Response:
    """A download `name-YYYYMMDD-HHMMSS.format`. Give `rows` where it is known, so that a too long xlsx costs nothing.

    CSV is sent while it is read. The other formats carry their index at the end or in front, so they are written
    to a temporary file first. Either way an error in the first batch is a plain error answer, and one that comes
    later breaks the transfer, so that half a file never looks like a whole one.
    Raises ClientDisconnect where the client goes away before there is anything to send.
    """
    if format is ExportFormat.xlsx and rows is not None:
        xlsx_file.refuse_too_many_rows(rows)
    ending = "csv" if format in DIALECTS else format
    headers = {"Content-Disposition": f'attachment; filename="{name}-{datetime.now(UTC):%Y%m%d-%H%M%S}.{ending}"'}
    if dialect := DIALECTS.get(format):
        async with client_leaving(request.receive) as leaving:
            first = await _next_batch(batches, leaving)
        body = _csv_pieces(dialect, columns, first or [], batches)
    else:
        async with _closing(batches), client_leaving(request.receive) as leaving:
            file, size = await _written_file(WRITE_FILE[format], columns, batches, leaving)
        headers["Content-Length"] = str(size)
        body = _file_pieces(file)
    download = Download(body, media_type=MEDIA_TYPES[format], headers=headers)
    download.source = batches
    return download


class Download(StreamingResponse):
    """Lets go of its cursor and its file as soon as it ends, also where the client went away."""

    body_iterator: AsyncGenerator[bytes, None]
    source: Batches | None = None
    """The rows that the body is made of. A body that was never read, as on HEAD, does not close them."""

    held: AsyncExitStack | None = None
    """What is let go of when it has been sent."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self.held or nullcontext():
            try:
                await super().__call__(scope, receive, send)
            finally:
                await self.body_iterator.aclose()
                if isinstance(self.source, AsyncGenerator):
                    await self.source.aclose()


@asynccontextmanager
async def _closing(batches: Batches) -> AsyncGenerator[None, None]:
    """Closes a generator at the end, so that its cursor is closed now, not when garbage is collected."""
    try:
        yield
    finally:
        if isinstance(batches, AsyncGenerator):
            await batches.aclose()


async def _next_batch(batches: Batches, leaving: Leaving) -> Batch | None:
    """None behind the last one."""

    async def following() -> Batch | None:
        return await anext(batches, None)

    return await unless_left(leaving, following())


async def _csv_pieces(
    dialect: csv_text.Dialect, columns: Sequence[Column], first: Batch, rest: Batches
) -> AsyncGenerator[bytes, None]:
    async with _closing(rest):
        yield dialect.header(columns) + dialect.lines(columns, first)
        async for batch in rest:
            yield await asyncio.to_thread(dialect.lines, columns, batch)


_writers = ThreadPoolExecutor(thread_name_prefix="export", initializer=give_way)
"""Of their own: each waits for batches that are made in asyncio's threads."""


async def _written_file(
    write: WriteFile, columns: Sequence[Column], batches: Batches, leaving: Leaving
) -> tuple[IO[bytes], int]:
    """The file, open for reading and already without a name, so that nothing is left behind; and its size.

    When it returns or raises, nobody reads the batches any more.
    """
    loop = asyncio.get_running_loop()

    def batches_for_thread() -> Iterator[Batch]:
        while (batch := asyncio.run_coroutine_threadsafe(_next_batch(batches, leaving), loop).result()) is not None:
            yield batch

    def work() -> tuple[IO[bytes], int]:
        with tempfile.TemporaryDirectory(prefix="logistics-indicators-export-") as folder:
            path = Path(folder) / "export"
            write(path, columns, batches_for_thread())
            return path.open("rb"), path.stat().st_size

    written = loop.run_in_executor(_writers, work)
    try:
        return await asyncio.shield(written)
    finally:
        leaving.cancel()
        await asyncio.wait((written,))


async def _file_pieces(file: IO[bytes]) -> AsyncGenerator[bytes, None]:
    with file:
        while piece := await asyncio.to_thread(file.read, PIECE):
            yield piece
