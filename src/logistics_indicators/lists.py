"""What the lists of tables share: filters as SQL, a page of rows in order of id, or all of them as a file."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Self, get_type_hints

from fastapi import Depends, Query, Request, Response

from .database import Connection
from .errors import Unprocessable, problems
from .exports.columns import Batches, Column
from .exports.response import EXPORT_CONTENT, ExportFormat, export_response
from .http.paging import DEFAULT_LIMIT, LINK_HEADER, Cursor, Limit, cut_page, page_response

LARGEST_OFFSET = 2**31 - 1
EXPORT_BATCH = 2_000
"""Rows; some milliseconds of work at a time, so that an export holds up nobody."""


@dataclass(frozen=True)
class Where:
    """Stands beside the type of a list's filter and says what the filter means.

    clause: SQL with a {} for the value, or a clause for each value. value: what the database is given for it.
    """

    clause: str | Mapping[object, str]
    value: Callable[[Any], object] = lambda asked: asked


def _filters_of(declared: type) -> tuple[tuple[str, Where], ...]:
    """Name and meaning of each; a filter without a meaning would find everything, so there is none."""
    hints = get_type_hints(declared, include_extras=True)
    return tuple((name, _meaning(hint)) for name, hint in hints.items())


def _meaning(hint: Any) -> Where:
    (where,) = (mark for mark in hint.__metadata__ if isinstance(mark, Where))
    return where


@dataclass
class Conditions:
    """Filters, all of which must hold, as SQL with numbered parameters."""

    clauses: list[str] = field(default_factory=list)
    values: list[object] = field(default_factory=list)

    @classmethod
    def of(cls, asked: Any, **resolved: object) -> Self:
        """Of a dataclass whose fields are filters, each with its Where; None asks for nothing.

        resolved: stands in for a value that the database had to be asked for.
        """
        conditions = cls()
        for name, where in _filters_of(type(asked)):
            value = resolved.get(name, getattr(asked, name))
            if value is None:
                continue
            if isinstance(where.clause, str):
                conditions.add(where.clause, where.value(value))
            else:
                conditions.add(where.clause[value])
        return conditions

    def add(self, clause: str, *values: object) -> None:
        """`clause` has a {} for each value."""
        first = len(self.values) + 1
        self.clauses.append(clause.format(*(f"${first + i}" for i in range(len(values)))))
        self.values += values

    def where(self) -> str:
        return "WHERE " + " AND ".join(self.clauses) if self.clauses else ""


@dataclass(frozen=True)
class Page:
    limit: int
    offset: int
    after: int | None
    """The last id of the page before, from its cursor."""


def _requested_page(
    limit: Limit = DEFAULT_LIMIT,
    offset: Annotated[
        int, Query(ge=0, le=LARGEST_OFFSET, description="Rows to leave out; a cursor is faster for deep pages")
    ] = 0,
    cursor: Cursor = None,
) -> Page:
    if cursor is not None and offset:
        raise Unprocessable.field("query", "offset", msg="a cursor and an offset do not go together")
    return Page(limit, offset, None if cursor is None else int(cursor))


RequestedPage = Annotated[Page, Depends(_requested_page)]


LIST_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"content": EXPORT_CONTENT, **LINK_HEADER},
    **problems(401, 422, 429, 503),
}
"""OpenAPI `responses` of a list."""


@dataclass(frozen=True)
class ListedTable:
    name: str
    """The list's key on the wire."""
    table: str
    columns: Sequence[Column]

    @property
    def select(self) -> str:
        return f"SELECT {', '.join(c.name for c in self.columns)} FROM {self.table}"


async def list_response(
    request: Request,
    connection: Connection,
    listed: ListedTable,
    conditions: Conditions,
    page: Page,
    format: ExportFormat,
) -> Response:
    """The page asked for as JSON, or all rows of the filter as a file."""
    if format is ExportFormat.json:
        rows, last_id = await fetch_page(connection, listed, conditions, page)
        return page_response(request, listed.name, rows, page.limit, cursor=last_id)
    _refuse_page_of_export(page)
    rows_to_come = await count_rows(connection, listed, conditions) if format is ExportFormat.xlsx else None
    batches = batches_of(connection, listed, conditions)
    return await export_response(format, listed.table, listed.columns, batches, rows=rows_to_come)


async def fetch_page(
    connection: Connection, listed: ListedTable, conditions: Conditions, page: Page
) -> tuple[Sequence[dict[str, Any]], int | None]:
    """The page's rows, and the last id where rows follow."""
    sql, values = page_query(listed, conditions, page)
    rows, more = cut_page([dict(row) for row in await connection.fetch(sql, *values)], page.limit)
    return rows, rows[-1]["id"] if more else None


def page_query(listed: ListedTable, conditions: Conditions, page: Page) -> tuple[str, Sequence[object]]:
    """One row more than the page has, to see whether another follows.

    Limit and offset are literals (they are checked integers): the planner then knows how few rows are wanted.
    """
    query = Conditions(list(conditions.clauses), list(conditions.values))
    if page.after is not None:
        query.add("id > {}::bigint", page.after)
    offset = page.offset
    if offset and not query.clauses:  # then the index of the ids alone tells where the page begins
        query.add(f"id >= (SELECT id FROM {listed.table} ORDER BY id LIMIT 1 OFFSET {offset})")
        offset = 0
    return f"{listed.select} {query.where()} ORDER BY id LIMIT {page.limit + 1} OFFSET {offset}", query.values


async def count_rows(connection: Connection, listed: ListedTable, conditions: Conditions) -> int:
    sql, values = count_query(listed, conditions)
    return int(await connection.fetchval(sql, *values))


def count_query(listed: ListedTable, conditions: Conditions) -> tuple[str, Sequence[object]]:
    return f"SELECT count(*) FROM {listed.table} {conditions.where()}", conditions.values


def _refuse_page_of_export(page: Page) -> None:
    """An export has all rows of the filter; to ask for a page of it is a mistake. (A form may send the defaults.)"""
    for name, asked, default in (("limit", page.limit, DEFAULT_LIMIT), ("offset", page.offset, 0)):
        if asked != default:
            raise Unprocessable.field("query", name, msg="an export has all rows of the filter; leave it out")
    if page.after is not None:
        raise Unprocessable.field("query", "cursor", msg="an export has all rows of the filter; leave it out")


async def batches_of(connection: Connection, listed: ListedTable, conditions: Conditions) -> Batches:
    """All rows of the filter in order of id, from a cursor on the server: one snapshot, constant memory."""
    async with connection.transaction(readonly=True):
        cursor = await connection.cursor(f"{listed.select} {conditions.where()} ORDER BY id", *conditions.values)
        while batch := await cursor.fetch(EXPORT_BATCH):
            yield batch
