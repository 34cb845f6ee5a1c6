"""An unknown query parameter is 422 and names the ones that exist: a misspelt filter never answers with everything.
So is a number or a truth in a spelling of Python's own."""

import re
from collections.abc import Iterator
from types import NoneType
from typing import Annotated, Any, NamedTuple, get_args, get_origin

from fastapi import Request
from fastapi.dependencies.utils import get_flat_params
from fastapi.params import Query
from fastapi.routing import APIRoute
from pydantic import TypeAdapter, ValidationError

from ..errors import FieldError, Unprocessable


class Spelling(NamedTuple):
    """Of a type's values in an address. pydantic also takes others, as 1_0, 10.0 and yes."""

    pattern: re.Pattern[str]
    fault: str
    taken: TypeAdapter[Any]


SPELLINGS: dict[type, Spelling] = {
    int: Spelling(re.compile("-?[0-9]+"), "must be a number in digits alone", TypeAdapter(int)),
    bool: Spelling(re.compile("true|false"), "must be true or false", TypeAdapter(bool)),
}


class Asked(NamedTuple):
    """several: it may be given several times."""

    several: bool
    spelling: Spelling | None


def _query_fields(route: APIRoute) -> dict[str, Asked]:
    """By name."""
    fields = get_flat_params(route.dependant)
    return {f.alias: _asked(f.field_info.annotation) for f in fields if isinstance(f.field_info, Query)}


def _asked(annotation: Any) -> Asked:
    several = any(get_origin(kind) is list for kind in (annotation, *get_args(annotation)))
    kinds = set(_plain_kinds(annotation)) - {NoneType}
    return Asked(several, SPELLINGS.get(kinds.pop()) if len(kinds) == 1 else None)


def _plain_kinds(annotation: Any) -> Iterator[Any]:
    """The types that a value may be of, whatever they are wrapped in."""
    if not (inner := get_args(annotation)):
        yield annotation
    for kind in inner[:1] if get_origin(annotation) is Annotated else inner:
        yield from _plain_kinds(kind)


class KnownQuery:
    """Dependency of every route of one app, whose parameters it remembers."""

    def __init__(self) -> None:
        self._fields: dict[str, dict[str, Asked]] = {}

    def _fields_of(self, route: APIRoute) -> dict[str, Asked]:
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


def _refuse_unknown(request: Request, fields: dict[str, Asked]) -> None:
    known = sorted(fields)
    unknown = [name for name in request.query_params if name not in known]
    once = (name for name, asked in fields.items() if not asked.several)
    repeated = [name for name in once if len(request.query_params.getlist(name)) > 1]
    exist = ", ".join(known) if known else "none"
    errors = [FieldError(loc=["query", n], msg=f"unknown query parameter; there are: {exist}") for n in unknown]
    errors += [FieldError(loc=["query", n], msg="given more than once") for n in repeated]
    errors += [
        FieldError(loc=["query", name], msg=spelling.fault)
        for name, value in request.query_params.multi_items()
        if name in fields and (spelling := fields[name].spelling) and _is_python_s_own(value, spelling)
    ]
    if errors:
        raise Unprocessable("The query has parameters that cannot be taken; see errors.", errors=errors)


def _is_python_s_own(value: str, spelling: Spelling) -> bool:
    """What no spelling takes is told of later, with all else that is wrong."""
    if spelling.pattern.fullmatch(value):
        return False
    try:
        spelling.taken.validate_python(value)
    except ValidationError:
        return False
    return True
