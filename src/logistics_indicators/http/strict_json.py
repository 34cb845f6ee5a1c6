"""What a parser of JSON would change in silence is refused: a name twice in an object says two things, of which it
would take the last, and a number with more digits than a binary one has would become another.
"""

import json
from collections.abc import Iterable
from decimal import Decimal, DecimalException
from typing import Any

from fastapi import Request
from fastapi.routing import APIRoute

from ..errors import Unprocessable
from ..texts import printable

SHOWN_NAME = 100


LARGEST_EXACT = 2**53

ROUNDED = object()
"""In the place of a number that would become a whole one."""


class _Rounded(Exception):
    """Its words are the name."""


class _Doubled(Exception):
    """Its words are the name."""


async def refuse_inexact_json(request: Request) -> None:
    """Of routes with a model of their body, which was read as JSON by now; others read theirs by themselves."""
    route = request.scope.get("route")
    if isinstance(route, APIRoute) and route.body_field is not None:
        refuse_in(await request.body())


def refuse_in(body: bytes) -> None:
    """Raises Unprocessable. What is no JSON at all is told by whoever reads it."""
    try:
        json.loads(body or b"null", object_pairs_hook=_once, parse_int=str, parse_float=_rounded_or_none)
    except _Doubled as error:
        raise doubled(str(error)) from None
    except _Rounded as error:
        msg = "this is no whole number, and has too many digits to be kept"
        raise Unprocessable.field("body", printable(str(error))[:SHOWN_NAME], msg=msg) from None
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
    for name, value in pairs:
        if value is ROUNDED or (isinstance(value, list) and ROUNDED in value):
            raise _Rounded(name)


def _rounded_or_none(digits: str) -> object | None:
    number = float(digits)
    if not number.is_integer() or abs(number) > LARGEST_EXACT:
        return None
    try:
        return None if Decimal(digits) == number else ROUNDED
    except DecimalException:  # its exponent is none
        return ROUNDED
