"""Objects of JSON as cells of a record. A number keeps its digits; what is nested is no cell."""

import json
from typing import Any, Never

from .records import plain_number

NO_VALUE = "-"
"""Of a record in which nothing has a value: it is no blank one, which would be passed over."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("an object has a name twice")
    return found


def _no_constant(name: str) -> Never:
    raise ValueError(f"{name} is no JSON")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_once,
    parse_int=str,
    parse_float=plain_number,
    parse_constant=_no_constant,
)


def parse(text: str) -> Any:
    """Numbers as texts. Raises ValueError, also where it is nested too deep."""
    try:
        return _DECODER.decode(text)
    except RecursionError:
        raise ValueError("it is nested too deep") from None


def is_nested(value: Any) -> bool:
    return isinstance(value, list | dict)


def as_text(value: Any) -> str:
    """Of a value that is not nested."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    return str(value)
