"""Pages of a list: what a request may ask for, what the answer says, and its link to the next page."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, TypeVar
from urllib.parse import quote, urlencode

import orjson
from fastapi import Query, Request, Response
from pydantic import BaseModel, Field

from .field_types import Spelled

Row = TypeVar("Row")

DEFAULT_LIMIT = 30
Limit = Annotated[int, Query(ge=1, le=1000, description="Rows on a page")]
NO_CURSOR = "not a cursor: take it as it stands in proxima_pagina"
Cursor = Annotated[
    Annotated[str, Spelled("^[0-9]{1,18}$", NO_CURSOR)] | None,
    Query(description="From `proxima_pagina`, opaque: the rows after that page"),
]
"""The last id of the page before. It fits into a bigint."""

PAGE_BYTES = 2 * 1024 * 1024
"""A page whose rows may be long ends with the one that makes it as large."""

LINK_HEADER: Mapping[str, Any] = {
    "headers": {"Link": {"description": 'The next page, as `<…>; rel="next"`', "schema": {"type": "string"}}}
}
"""Of the OpenAPI answer 200 of a list."""


def _without_default(schema: dict[str, Any]) -> None:
    schema.pop("default")
    schema["format"] = "uri-reference"


class PageModel(BaseModel):
    """Beside these two, a page has its rows, under a name of its own."""

    total_por_pagina: int = Field(description="Rows on this page")
    proxima_pagina: str = Field(
        "", description="Relative URL of the next page; absent on the last one", json_schema_extra=_without_default
    )


NOTHING: Mapping[str, object] = {}


def cut_page(rows: Sequence[Row], limit: int) -> tuple[Sequence[Row], bool]:
    """(the page, whether more follow) of rows that were fetched with limit + 1."""
    return rows[:limit], len(rows) > limit


def page_response(
    request: Request,
    name: str,
    rows: Sequence[Mapping[str, Any] | BaseModel],
    limit: int,
    *,
    about: Mapping[str, object] = NOTHING,
    **following: int | str | None,
) -> Response:
    """The rows as JSON under that name, and where more follow the next page, in the body and in a Link header.

    `following`: the query parameters that say where the next page begins; None on the last page. `about`: what the
    body says beside the rows.
    """
    body: dict[str, Any] = {name: rows, "total_por_pagina": len(rows), **about}
    headers = {}
    if None not in following.values():
        body["proxima_pagina"] = _next_url(request, {"limit": limit, **following})
        headers["Link"] = f'<{body["proxima_pagina"]}>; rel="next"'
    return Response(orjson.dumps(body, default=_as_json), media_type="application/json", headers=headers)


def _next_url(request: Request, asked: Mapping[str, object]) -> str:
    """Relative to the server, with the filters as they were asked."""
    kept = [(name, value) for name, value in request.query_params.multi_items() if name not in {*asked, "offset"}]
    return f"{quote(request.url.path)}?{urlencode([*kept, *asked.items()])}"


def _as_json(model: BaseModel) -> dict[str, Any]:
    return model.model_dump(mode="json")
