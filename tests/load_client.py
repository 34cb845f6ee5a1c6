"""Sending files to the app under test and waiting for their loads."""

import asyncio
from pathlib import Path
from typing import Any

import httpx

Report = dict[str, Any]


async def send(client: httpx.AsyncClient, kind: str, content: bytes | str | Path, **query: Any) -> httpx.Response:
    data = content.read_bytes() if isinstance(content, Path) else content
    data = data.encode() if isinstance(data, str) else data
    return await client.post(f"/v1/{kind}/batch", files={"file": ("file.csv", data, "text/csv")}, params=query)


async def finished(client: httpx.AsyncClient, load_id: int, seconds: float = 60) -> Report:
    """The load once it has ended."""
    async with asyncio.timeout(seconds):
        while True:
            load: Report = (await client.get(f"/v1/loads/{load_id}")).json()
            if load["status"] in ("completed", "failed", "undone"):
                return load
            await asyncio.sleep(0.02)


async def load_file(client: httpx.AsyncClient, kind: str, content: bytes | str | Path, **query: Any) -> Report:
    """Send, expect 202, and wait for the end."""
    response = await send(client, kind, content, **query)
    assert response.status_code == 202, response.text
    return await finished(client, response.json()["load"]["id"])


async def rejects_of(client: httpx.AsyncClient, load_id: int) -> list[tuple[int, str | None, str, str | None]]:
    page = (await client.get(f"/v1/loads/{load_id}/rejects", params={"limit": 1000})).json()
    return [(r["line"], r["column"], r["reason"], r["value"]) for r in page["rejects"]]


def counts(load: Report) -> tuple[int, int, int, int, int]:
    """(read, inserted, updated, unchanged, rejected)"""
    names = ("rows_read", "rows_inserted", "rows_updated", "rows_unchanged", "rows_rejected")
    return tuple(load[name] for name in names)  # type: ignore[return-value]
