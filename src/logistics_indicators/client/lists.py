"""The rows of a list, page by page."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx

from .connecting import body_of

LARGEST_PAGE = 1000


async def pages(
    client: httpx.AsyncClient, path: str, key: str, asked: Mapping[str, object], limit: int
) -> AsyncIterator[list[dict[str, Any]]]:
    """Up to `limit` rows in all; `asked` may name what is not asked, as None. Raises ServiceError."""
    query = {name: str(value) for name, value in asked.items() if value is not None}
    answer = body_of(await client.get(path, params={**query, "limit": str(min(limit, LARGEST_PAGE))}))
    while True:
        page: list[dict[str, Any]] = answer[key][:limit]
        yield page
        limit -= len(page)
        if limit <= 0 or "proxima_pagina" not in answer:
            return
        answer = body_of(await client.get(answer["proxima_pagina"]))


async def rows_of(
    client: httpx.AsyncClient, path: str, key: str, asked: Mapping[str, object], limit: int = 10_000
) -> list[dict[str, Any]]:
    return [row async for page in pages(client, path, key, asked, limit) for row in page]
