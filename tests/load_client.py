"""Sending files to the app under test and waiting for their loads."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import httpx
from conftest import client_of, make_settings, running_app
from fastapi import FastAPI

from logistics_indicators.accounts.tokens import issue_access_token

Report = dict[str, Any]


async def send(client: httpx.AsyncClient, kind: str, content: bytes | str | Path, **query: Any) -> httpx.Response:
    data = content.read_bytes() if isinstance(content, Path) else content
    data = data.encode() if isinstance(data, str) else data
    return await client.post(f"/v1/{kind}/batch", files={"file": ("file.csv", data, "text/csv")}, params=query)


async def finished(client: httpx.AsyncClient, load_id: int, seconds: float = 180) -> Report:
    """The load once it has ended. Asked ever less often, for a load waits for the processor that a question takes."""
    pause = 0.01
    async with asyncio.timeout(seconds):
        while True:
            load: Report = (await client.get(f"/v1/loads/{load_id}")).json()
            if load["status"] in ("completed", "failed", "undone"):
                return load
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, 0.3)


async def empty_tables(connection: asyncpg.Connection) -> None:
    """Takes all rows out. The service works meanwhile, and PostgreSQL may choose us to give way in a deadlock."""
    for attempt in range(5):
        try:
            await connection.execute("TRUNCATE customers, services, loads CASCADE")
            return
        except asyncpg.DeadlockDetectedError:
            if attempt == 4:
                raise


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
    return tuple(load[name] for name in names)


async def token_of(app: FastAPI, connection: asyncpg.Connection, role: str = "analyst") -> str:
    """An access token of a user written straight into the database."""
    name = f"{role}-{uuid.uuid4().hex[:8]}"
    insert = "INSERT INTO users (username, email, password_hash, role) VALUES ($1, $1, '!', $2) RETURNING id"
    token: str = issue_access_token(app.state.token_key, await connection.fetchval(insert, name, role))
    return token


@asynccontextmanager
async def client_with(
    connection: asyncpg.Connection, database_url: str, **changes: object
) -> AsyncIterator[httpx.AsyncClient]:
    """A client with the role analyst, of an app whose settings have these changes."""
    async with (
        running_app(make_settings(database_url, **changes)) as app,
        client_of(app, await token_of(app, connection)) as client,
    ):
        yield client


GROUPED = """
SELECT {0}, count(*) FILTER (WHERE data_de_atendimento IS NOT NULL),
    count(*) FILTER (WHERE data_de_atendimento::date <= data_limite)
FROM visits GROUP BY 1 HAVING count(data_de_atendimento) > 0
"""


async def assert_indicators_are_exact(client: httpx.AsyncClient, connection: asyncpg.Connection) -> None:
    """What the indicators answer is what a GROUP BY over the rows gives."""
    for dimension in ("angel", "polo"):
        rows = (await client.get(f"/v1/indicators/sla/{dimension}")).json()[f"sla_{dimension}"]
        found = {(r[dimension], r["total_de_atendimentos"], r["total_de_atendimentos_no_prazo"]) for r in rows}
        assert found == {tuple(row) for row in await connection.fetch(GROUPED.format(dimension))}


SPOOLED = """
SELECT EXISTS (
    SELECT FROM load_chunks c JOIN loads l ON l.id = c.load_id WHERE NOT (l.validate_only AND l.status = 'completed')
)
"""
"""But for what may be confirmed."""


async def until_nothing_is_spooled(connection: asyncpg.Connection) -> None:
    """A load is seen to have ended before its spool goes."""
    async with asyncio.timeout(30):
        while await connection.fetchval(SPOOLED):
            await asyncio.sleep(0.01)
