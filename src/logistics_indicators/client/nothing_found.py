"""A file without a row is told of, with the names that are near to one that no visit ever had."""

import shlex
from collections.abc import Mapping
from typing import Any

import httpx
from rich.text import Text

from .connecting import ServiceError, body_of
from .inert import inert
from .running_work import errors

LARGEST_EMPTY_FILE = 16 * 1024
"""Bytes, of any format: a larger file has rows."""

NOT_OF_ROWS = frozenset({"format", "safe", "limit", "offset"})
"""Parameters that do not choose them."""

PAGED = frozenset({"customers", "services", "rejects"})
"""Lists, of which one row is enough to see."""


async def tell_of_nothing(client: httpx.AsyncClient, path: str, parameters: list[tuple[str, Any]], size: int) -> None:
    """size: of the file that was written, and is right, whatever comes of asking once more for the same rows."""
    asked = [(name, value) for name, value in parameters if name not in NOT_OF_ROWS]
    if not asked or size > LARGEST_EMPTY_FILE:
        return
    one = [("limit", "1")] if path.rpartition("/")[2] in PAGED else []
    try:
        answer: Mapping[str, Any] = body_of(await client.get(path, params=httpx.QueryParams([*asked, *one])))
    except (ServiceError, httpx.HTTPError):
        return
    if any(isinstance(rows, list) and rows for rows in answer.values()):
        return
    near = answer.get("sugestoes") or {}
    options = [f"--where {shlex.quote(f'{by}={name}')}" for by, names in near.items() for name in names]
    said = f" Near to what was asked: {', '.join(options)}" if options else ""
    errors.print(Text(inert(f"Nothing matches, so the file has no rows.{said}")))
