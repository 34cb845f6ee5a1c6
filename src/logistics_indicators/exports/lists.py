"""The answer of a list: a page as JSON, or all rows of the filter as a file."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from fastapi import Request, Response

from ..database import Connection, snapshot_while_sent
from ..errors import Unprocessable, problems
from ..http.paging import DEFAULT_LIMIT, LINK_HEADER, page_response
from ..lists.filters import Conditions
from ..lists.rows import Listed, Page, count_rows, fetch_page
from ..reading import Reader
from .columns import Batches, Column
from .response import EXPORT_CONTENT, ExportFormat, export_response

EXPORT_BATCH = 2_000
"""Rows; some milliseconds of work at a time, so that an export holds up nobody."""

LIST_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"content": EXPORT_CONTENT, **LINK_HEADER},
    **problems(401, 422, 429, 503),
}
"""OpenAPI `responses` of a list."""


NearNames = Callable[[], Awaitable[Mapping[str, Sequence[str]]]]


async def list_response(
    request: Request,
    reader: Reader,
    listed: Listed,
    conditions: Conditions,
    page: Page,
    format: ExportFormat,
    near_names: NearNames | None = None,
) -> Response:
    """The page asked for as JSON, or all rows of the filter as a file.

    near_names: asked where the list is empty, for names by filter that would find something.
    """
    if format is ExportFormat.json:
        rows, cursor = await fetch_page(reader, listed, conditions, page)
        is_empty = not rows and page.after is None and not page.offset
        near = await near_names() if is_empty and near_names else {}
        about = {"sugestoes": near} if near else {}
        return page_response(request, listed.name, rows, page.limit, about=about, cursor=cursor)
    refuse_page_of_export(page)
    rows_to_come = await count_rows(reader, listed, conditions) if format is ExportFormat.xlsx else None

    async def file(connection: Connection) -> Response:
        batches = batches_of(connection, listed, conditions, page)
        return await export_response(
            request, format, listed.table, columns_of(listed, page), batches, rows=rows_to_come
        )

    return await reader.ask(file)


def columns_of(listed: Listed, page: Page) -> Sequence[Column]:
    return [Column(name, listed.columns[name]) for name in page.fields or listed.fields]


def refuse_page_of_export(page: Page) -> None:
    """An export has all rows of the filter; to ask for a page of it is a mistake. (A form may send the defaults.)"""
    for name, asked, default in (("limit", page.limit, DEFAULT_LIMIT), ("offset", page.offset, 0)):
        if asked != default:
            raise Unprocessable.field("query", name, msg=f"an export has all rows of the filter; leave {name} out")
    if page.after is not None:
        raise Unprocessable.field("query", "cursor", msg="an export has all rows of the filter; leave the cursor out")


async def batches_of(connection: Connection, listed: Listed, conditions: Conditions, page: Page) -> Batches:
    """All rows of the filter in the page's order, from a cursor on the server: one snapshot, constant memory."""
    async with snapshot_while_sent(connection):
        select = listed.select_of(page.fields or listed.fields)
        sql = f"{select} {conditions.where()} ORDER BY {page.order.sql}"
        statement = await connection.prepare(sql)
        cursor = await statement.cursor(*conditions.values)
        while batch := await cursor.fetch(EXPORT_BATCH):
            yield batch
