"""An unknown query parameter is 422 and names the ones that exist: a misspelt filter never answers with everything."""

from typing import Any, get_args, get_origin

from fastapi import Request
from fastapi.dependencies.utils import get_flat_params
from fastapi.params import Query
from fastapi.routing import APIRoute

from ..errors import FieldError, Unprocessable


def _query_fields(route: APIRoute) -> dict[str, bool]:
    """Whether it may be given several times, by name."""
    fields = get_flat_params(route.dependant)
    return {f.alias: _is_list(f.field_info.annotation) for f in fields if isinstance(f.field_info, Query)}


def _is_list(annotation: Any) -> bool:
    return any(get_origin(kind) is list for kind in (annotation, *get_args(annotation)))


class KnownQuery:
    """Dependency of every route of one app, whose parameters it remembers."""

    def __init__(self) -> None:
        self._fields: dict[str, dict[str, bool]] = {}

    def _fields_of(self, route: APIRoute) -> dict[str, bool]:
        if route.unique_id not in self._fields:
            self._fields[route.unique_id] = _query_fields(route)
        return self._fields[route.unique_id]

    async def __call__(self, request: Request) -> None:
        route = request.scope.get("route")
        if not isinstance(route, APIRoute) or not request.query_params or not route.include_in_schema:
            return  # the page and the documents take any: links get marks of who sent them on the way
        if b"%00" in request.scope["query_string"] or b"\0" in request.scope["query_string"]:
            raise Unprocessable.field("query", msg="a query holds no NUL")
        _refuse_unknown(request, self._fields_of(route))


def _refuse_unknown(request: Request, fields: dict[str, bool]) -> None:
    known = sorted(fields)
    unknown = [name for name in request.query_params if name not in known]
    once = (name for name, may_be_repeated in fields.items() if not may_be_repeated)
    repeated = [name for name in once if len(request.query_params.getlist(name)) > 1]
    if not unknown and not repeated:
        return
    exist = ", ".join(known) if known else "none"
    errors = [FieldError(loc=["query", n], msg=f"unknown query parameter; there are: {exist}") for n in unknown]
    errors += [FieldError(loc=["query", n], msg="given more than once") for n in repeated]
    raise Unprocessable("The query has parameters that cannot be taken; see errors.", errors=errors)
