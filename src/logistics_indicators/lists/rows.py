"""The rows of a list, by its declaration: a page, how many there are, all of them in order."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from ..database import Connection
from ..http.paging import PAGE_BYTES, cut_page
from .filters import Conditions
from .order import BY_ID, Key, Order, Place, Run, runs_of

NO_KEYS: Mapping[str, Key] = {}
NO_COLUMNS: Mapping[str, type[int]] = {}
NO_NAMES: Mapping[str, str] = {}


@dataclass(frozen=True)
class Listed:
    """The list of a thing: all else about it follows from here, from its filters and from its page's model.

    columns: of the table, and of a file with its rows. keys: what it can be sorted by beside the id, each with an
    index. Where what is shown is not the columns: `selected` is what is read of the table, `shape` makes of that what
    is shown, and `shown` are its names.
    """

    name: str
    """The list's key on the wire."""
    table: str
    columns: Mapping[str, type[int] | type[str] | type[bool] | type[date] | type[datetime]] = field(
        default_factory=lambda: NO_COLUMNS
    )
    keys: Mapping[str, Key] = field(default_factory=lambda: NO_KEYS)
    sort: str = "id"
    """Its order where none is asked for."""
    selected: str = ""
    shape: Callable[[Any], Mapping[str, Any]] = dict
    shown: Sequence[str] = ()
    size: str = ""
    """SQL of a row's bytes, where rows may be long: a page ends at about PAGE_BYTES then, whatever its limit."""
    rows: str = ""
    """A view of the table that has the columns, where the table has not."""
    looked_up: Mapping[str, str] = field(default_factory=lambda: NO_NAMES)
    """Such columns as SQL of the table's row: for the few rows of a page, once it is known which they are."""

    @property
    def fields(self) -> Sequence[str]:
        return self.shown or tuple(self.columns)

    @property
    def read(self) -> Sequence[str]:
        return (self.selected,) if self.selected else tuple(self.columns)

    @property
    def source(self) -> str:
        return self.rows or self.table

    @property
    def select(self) -> str:
        return self.select_of(self.read)

    def select_of(self, names: Sequence[str]) -> str:
        return f"SELECT {', '.join(names)} FROM {self.source}"

    def select_of_page(self, names: Sequence[str]) -> str:
        read = (f"{self.looked_up[name]} AS {name}" if name in self.looked_up else name for name in names)
        return f"SELECT {', '.join(read)} FROM {self.table}"


@dataclass(frozen=True)
class Page:
    """fields: the names that are asked for, in their order; None: all."""

    limit: int
    offset: int = 0
    order: Order = BY_ID
    after: Place | None = None
    fields: Sequence[str] | None = None


KEY = "_key"
"""What a row is ordered by, beside its columns."""

SIZE, FOUND = "_size", "_found"
"""Of a list of long rows: a row's bytes, and how many rows were found before the page was cut for its bytes."""

BOUNDED = f"""
WITH found AS ({{found}}),
page AS (SELECT *, sum({SIZE}) OVER (ROWS UNBOUNDED PRECEDING) - {SIZE} AS before FROM found)
SELECT *, (SELECT count(*) FROM found) AS {FOUND} FROM page WHERE before < {PAGE_BYTES} LIMIT {{limit}}
"""
"""A window without an order takes the rows as they come."""


async def fetch_page(
    connection: Connection, listed: Listed, conditions: Conditions, page: Page
) -> tuple[Sequence[Mapping[str, Any]], str | None]:
    """The page's rows with the fields that are asked for, and its cursor where rows follow."""
    sql, values = page_query(listed, conditions, page)
    found = await connection.fetch(sql, *values)
    if listed.size:
        rows, more = found, bool(found) and found[0][FOUND] > len(found)
    else:
        rows, more = cut_page(found, page.limit)
    cursor = Place(rows[-1]["id"], rows[-1][KEY]).cursor(page.order) if more else None
    return [only(page.fields or listed.fields, listed.shape(row)) for row in rows], cursor


def only(names: Sequence[str], row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in names}


def page_query(listed: Listed, conditions: Conditions, page: Page) -> tuple[str, Sequence[object]]:
    """One row more than the page has, to see whether another follows.

    Of a list of long rows: the page itself, and how many those were.

    Limit and offset are literals (they are checked integers): the planner then knows how few rows are wanted. Runs are
    appended in their order, and one that is not needed is not begun.
    """
    values = list(conditions.values)
    clauses, offset = list(conditions.clauses), page.offset
    if offset and not clauses and page.order.is_by_id:  # the index of the ids alone tells where the page begins
        clauses, offset = [_from_offset(listed, page)], 0
    read = [*listed.read, f"{page.order.key.sql} AS {KEY}", *([f"{listed.size} AS {SIZE}"] if listed.size else [])]
    select, most = listed.select_of_page(read), page.limit + 1
    runs = [
        f"{select} {_where(run, clauses, values)} ORDER BY {run.order} LIMIT {most + offset}"
        for run in runs_of(page.order, page.after)
    ]
    one = runs[0].removesuffix(f" LIMIT {most + offset}") if len(runs) == 1 else f"({') UNION ALL ('.join(runs)})"
    sql = f"{one} LIMIT {most} OFFSET {offset}"
    return BOUNDED.format(found=sql, limit=page.limit) if listed.size else sql, values


def _from_offset(listed: Listed, page: Page) -> str:
    """For pages in order of id alone."""
    compared = "<=" if page.order.descending else ">="
    return f"id {compared} (SELECT id FROM {listed.table} ORDER BY {page.order.sql} LIMIT 1 OFFSET {page.offset})"


def _where(run: Run, clauses: Sequence[str], values: list[object]) -> str:
    """Both together; the values of the run are added to those of the others."""
    both = Conditions(list(clauses), values)
    for clause, of_clause in run.clauses:
        both.add(clause, *of_clause)
    return both.where()


async def count_rows(connection: Connection, listed: Listed, conditions: Conditions) -> int:
    sql, values = count_query(listed, conditions)
    return int(await connection.fetchval(sql, *values))


def count_query(listed: Listed, conditions: Conditions) -> tuple[str, Sequence[object]]:
    return f"SELECT count(*) FROM {listed.source} {conditions.where()}", conditions.values
