"""What a list's query may ask for beside its filters: in what order, which page, which fields."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Annotated, Any

from fastapi import Depends, Query
from pydantic import StringConstraints

from ..errors import Unprocessable
from ..http.field_types import Spelled
from ..http.paging import DEFAULT_LIMIT, NO_CURSOR, Limit
from .order import BY_ID, CURSOR_PATTERN, LONGEST_CURSOR, Order, Place, place_of
from .rows import Listed, Page

LARGEST_OFFSET = 2**31 - 1
LONGEST_FIELDS = 1_000

Cursor = Annotated[
    Annotated[str, StringConstraints(max_length=LONGEST_CURSOR), Spelled(CURSOR_PATTERN, NO_CURSOR)] | None,
    Query(
        description="From `proxima_pagina`, opaque: the rows after that page. It goes with the `sort` of that page",
    ),
]
Offset = Annotated[
    int, Query(ge=0, le=LARGEST_OFFSET, description="Rows to leave out; a cursor is faster for deep pages")
]


def keyset_page_of(listed: Listed) -> Callable[..., Awaitable[Page]]:
    """Dependency: the page that is asked of this list."""

    async def take(
        sort: Annotated[str, _sort_query(listed)] = listed.sort,
        fields: Annotated[str | None, _fields_query(listed)] = None,
        limit: Limit = DEFAULT_LIMIT,
        cursor: Cursor = None,
    ) -> Page:
        order = order_of(listed, sort)
        return Page(limit, 0, order, _place(cursor, order), None if fields is None else _fields_of(listed, fields))

    return take


def page_of(listed: Listed) -> Callable[..., Awaitable[Page]]:
    """As keyset_page_of, for the lists that also take an offset."""

    async def take(page: Annotated[Page, Depends(keyset_page_of(listed))], offset: Offset = 0) -> Page:
        if page.after is not None and offset:
            raise Unprocessable.field("query", "offset", msg="a cursor and an offset do not go together")
        return replace(page, offset=offset)

    return take


def _sort_query(listed: Listed) -> Any:
    """A pattern and no enum: generators make no name of a word with a minus in front."""
    names = ["id", *listed.keys]
    return Query(
        description=f"By {_listed(names, 'or')}; with `-` in front downwards. Ties go by id, upwards; rows without a "
        "value come last either way",
        json_schema_extra={"pattern": f"^-?({'|'.join(names)})$"},
        examples=[f"-{names[-1]}"],
    )


def order_of(listed: Listed, sort: str) -> Order:
    name = sort.removeprefix("-")
    keys = {"id": BY_ID.key, **listed.keys}
    if name not in keys:
        msg = f"this list can be sorted by {_listed(list(keys), 'or')}, each with - in front to go downwards"
        raise Unprocessable.field("query", "sort", msg=msg)
    return Order(name, keys[name], sort.startswith("-"))


def _place(cursor: str | None, order: Order) -> Place | None:
    try:
        return None if cursor is None else place_of(cursor, order)
    except ValueError:
        raise Unprocessable.field("query", "cursor", msg=f"not a cursor of this list in the order {order}") from None


def _fields_query(listed: Listed) -> Any:
    name = f"({'|'.join(listed.fields)})"
    return Query(
        max_length=LONGEST_FIELDS,
        description="Only these fields of each row, in this order, with commas between them; of a file, its columns",
        json_schema_extra={"pattern": f"^{name}(,{name})*$"},
        examples=[",".join(listed.fields[:2])],
    )


def _fields_of(listed: Listed, fields: str) -> Sequence[str]:
    names = list(dict.fromkeys(fields.split(",")))
    if unknown := [name for name in names if name not in listed.fields]:
        msg = f"unknown field {unknown[0]!r}; there are: {', '.join(listed.fields)}"
        raise Unprocessable.field("query", "fields", msg=msg)
    return names


def _listed(names: Sequence[str], word: str) -> str:
    return f"{', '.join(names[:-1])} {word} {names[-1]}" if len(names) > 1 else names[0]
