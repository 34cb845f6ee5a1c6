"""What a list's query may ask for beside its filters: which page."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Query

from ..errors import Unprocessable
from ..http.paging import DEFAULT_LIMIT, Cursor, Limit

LARGEST_OFFSET = 2**31 - 1


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
