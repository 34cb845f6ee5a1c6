"""An unknown query parameter is 422 and names the ones that exist: a misspelt filter never answers with everything."""

from fastapi import Request
from fastapi.dependencies.utils import get_flat_params
from fastapi.params import Query
from fastapi.routing import APIRoute

from ..errors import FieldError, Unprocessable


def _query_names(route: APIRoute) -> tuple[str, ...]:
    fields = get_flat_params(route.dependant)
    return tuple(sorted(field.alias for field in fields if isinstance(field.field_info, Query)))


async def refuse_unknown_query(request: Request) -> None:
    route = request.scope.get("route")
    if not isinstance(route, APIRoute) or not request.query_params:
        return
    if b"%00" in request.scope["query_string"] or b"\0" in request.scope["query_string"]:
        raise Unprocessable.field("query", msg="a query holds no NUL")
    known = _query_names(route)
    unknown = [name for name in request.query_params if name not in known]
    repeated = [name for name in known if len(request.query_params.getlist(name)) > 1]
    if not unknown and not repeated:
        return
    exist = ", ".join(known) if known else "none"
    errors = [FieldError(loc=["query", n], msg=f"unknown query parameter; there are: {exist}") for n in unknown]
    errors += [FieldError(loc=["query", n], msg="given more than once") for n in repeated]
    raise Unprocessable("The query has parameters that cannot be taken; see errors.", errors=errors)
