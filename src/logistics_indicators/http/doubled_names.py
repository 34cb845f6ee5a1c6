"""A body with a name twice in one of its objects says two things, of which a parser would take the last in silence."""

import json
from collections.abc import Iterable
from typing import Any

from fastapi import Request
from fastapi.routing import APIRoute

from ..errors import Unprocessable
from ..texts import printable

SHOWN_NAME = 100


class _Doubled(Exception):
    """Its words are the name."""


async def refuse_doubled_names(request: Request) -> None:
    """Of routes with a model of their body, which was read as JSON by now; others read theirs by themselves."""
    route = request.scope.get("route")
    if isinstance(route, APIRoute) and route.body_field is not None:
        refuse_in(await request.body())


def refuse_in(body: bytes) -> None:
    """Raises Unprocessable. What is no JSON at all is told by whoever reads it."""
    try:
        json.loads(body or b"null", object_pairs_hook=_once, parse_int=str, parse_float=str)
    except _Doubled as error:
        raise doubled(str(error)) from None
    except (ValueError, RecursionError):
        return


def doubled(name: str) -> Unprocessable:
    return Unprocessable.field("body", printable(name)[:SHOWN_NAME], msg="this name stands there twice")


def first_doubled(names: Iterable[str]) -> str | None:
    known: set[str] = set()
    for name in names:
        if name in known:
            return name
        known.add(name)
    return None


def _once(pairs: list[tuple[str, Any]]) -> None:
    """What the objects hold is nothing to us."""
    if (name := first_doubled(name for name, _ in pairs)) is not None:
        raise _Doubled(name)
