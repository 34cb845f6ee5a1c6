"""The rows of a list, by its declaration: a page, how many there are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from ..database import Connection
from ..http.paging import cut_page
from .asked import Page
from .filters import Conditions


@dataclass(frozen=True)
class Listed:
    """The list of a thing: all else about it follows from here, from its filters and from its page's model."""

    name: str
    """The list's key on the wire."""
    table: str
    columns: Mapping[str, type[int] | type[str] | type[bool] | type[date] | type[datetime]]

    @property
    def select(self) -> str:
        return f"SELECT {', '.join(self.columns)} FROM {self.table}"


async def fetch_page(
    connection: Connection, listed: Listed, conditions: Conditions, page: Page
) -> tuple[Sequence[dict[str, Any]], int | None]:
    """The page's rows, and the last id where rows follow."""
    sql, values = page_query(listed, conditions, page)
    rows, more = cut_page([dict(row) for row in await connection.fetch(sql, *values)], page.limit)
    return rows, rows[-1]["id"] if more else None


def page_query(listed: Listed, conditions: Conditions, page: Page) -> tuple[str, Sequence[object]]:
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


async def count_rows(connection: Connection, listed: Listed, conditions: Conditions) -> int:
    sql, values = count_query(listed, conditions)
    return int(await connection.fetchval(sql, *values))


def count_query(listed: Listed, conditions: Conditions) -> tuple[str, Sequence[object]]:
    return f"SELECT count(*) FROM {listed.table} {conditions.where()}", conditions.values
