"""Answers that take long, events and files: how many a user may have, and that none outlives its reader's rights."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import asyncpg
import httpx
import pytest
from conftest import SECRET, ClientAs, client_of, make_settings, running_app
from fastapi import FastAPI
from listening import listening
from load_client import load_file, send

from logistics_indicators.accounts.tokens import TokenKey, issue_access_token
from logistics_indicators.loads import events

ADD_USER = (
    "INSERT INTO users (username, email, password_hash, role) VALUES ($1, $1 || '@example.com', '!', $2) RETURNING id"
)


@pytest.fixture
async def waiting_app(database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FastAPI]:
    """An app whose loads never end, and whose heart beats fast."""
    monkeypatch.setattr(events, "LOOK_SECONDS", 0.02)
    monkeypatch.setattr(events, "HEARTBEAT_SECONDS", 0.05)
    async with running_app(make_settings(database_url, load_workers=0, event_streams_per_user=2)) as app:
        yield app


@pytest.fixture
async def load_path(waiting_app: FastAPI, connection: asyncpg.Connection) -> str:
    sender = await connection.fetchval(ADD_USER, "sender", "analyst")
    async with client_of(waiting_app, issue_access_token(waiting_app.state.token_key, sender)) as client:
        load = (await send(client, "customers", "1;A;a@mail.com;1\n")).json()["load"]
    return f"/v1/loads/{load['id']}/events"


DISABLED = "UPDATE users SET active = false WHERE id = $1"
REMOVED = "DELETE FROM users WHERE id = $1"
DEMOTED = "UPDATE users SET role = 'viewer' WHERE id = $1"
SIGNED_OUT = "UPDATE sessions SET revoked_at = LOCALTIMESTAMP WHERE user_id = $1"


@asynccontextmanager
async def watching(app: FastAPI, path: str, token: str) -> AsyncIterator[httpx.Response]:
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        listening(app) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers) as client,
        client.stream("GET", path) as answer,
    ):
        assert answer.status_code == 200
        yield answer


async def told_until_the_end(lines: AsyncIterator[str]) -> list[str]:
    async with asyncio.timeout(30):
        return [line async for line in lines]


@pytest.mark.parametrize("change", [DISABLED, REMOVED, DEMOTED, SIGNED_OUT], ids=lambda change: change.split()[0])
async def test_a_stream_ends_when_its_reader_may_no_longer(
    waiting_app: FastAPI, load_path: str, connection: asyncpg.Connection, change: str
) -> None:
    reader = await connection.fetchval(ADD_USER, "reader", "analyst")
    session = await connection.fetchval(
        "INSERT INTO sessions (user_id, expires_at) VALUES ($1, LOCALTIMESTAMP + interval '1 day') RETURNING id", reader
    )
    token = issue_access_token(waiting_app.state.token_key, reader, session)
    async with watching(waiting_app, load_path, token) as answer:
        lines = answer.aiter_lines()
        assert await anext(lines) == "event: load"
        while await anext(lines) != ": still there":
            pass
        await connection.execute(change, reader)
        await connection.execute("UPDATE loads SET rows_read = 7")
        assert not [line for line in await told_until_the_end(lines) if '"rows_read":7' in line]


async def test_a_stream_ends_with_its_token(
    waiting_app: FastAPI, load_path: str, connection: asyncpg.Connection
) -> None:
    reader = await connection.fetchval(ADD_USER, "reader", "viewer")
    token = issue_access_token(TokenKey(SECRET, access_seconds=2), reader)
    async with watching(waiting_app, load_path, token) as answer:
        assert answer.status_code == 200
        assert (await told_until_the_end(answer.aiter_lines()))[0] == "event: load"


async def test_a_stream_goes_on_for_whom_nothing_changed(
    waiting_app: FastAPI, load_path: str, connection: asyncpg.Connection
) -> None:
    reader = await connection.fetchval(ADD_USER, "reader", "viewer")
    token = issue_access_token(waiting_app.state.token_key, reader)
    async with watching(waiting_app, load_path, token) as answer:
        lines = answer.aiter_lines()
        for _ in range(3):
            while await anext(lines) != ": still there":
                pass
        await connection.execute("UPDATE users SET role = 'admin' WHERE id = $1", reader)
        await connection.execute("UPDATE loads SET status = 'failed', error = 'x', finished_at = clock_timestamp()")
        assert '"status":"failed"' in "".join(await told_until_the_end(lines))


async def test_a_user_watches_so_many_loads_at_once_and_a_closed_stream_makes_room(
    waiting_app: FastAPI, load_path: str, connection: asyncpg.Connection
) -> None:
    tokens = [
        issue_access_token(waiting_app.state.token_key, await connection.fetchval(ADD_USER, name, "viewer"))
        for name in ("one", "other")
    ]
    mine, others = ({"Authorization": f"Bearer {token}"} for token in tokens)
    async with (
        listening(waiting_app) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client,
        AsyncExitStack() as opened,
    ):
        async with client.stream("GET", load_path, headers=mine):
            await opened.enter_async_context(client.stream("GET", load_path, headers=mine))
            refused = await client.get(load_path, headers=mine)
            assert (refused.status_code, refused.headers["Retry-After"]) == (429, "5")
            assert refused.headers["Content-Type"] == "application/problem+json"
            async with client.stream("GET", load_path, headers=others) as answer:
                assert answer.status_code == 200
        async with asyncio.timeout(30):
            while (await client.head(load_path, headers=mine)).status_code == 429:
                await asyncio.sleep(0.01)
        for _ in range(5):  # a HEAD gives its place back, and so does a load that there is not
            assert (await client.head(load_path, headers=others)).status_code == 200
            assert (await client.get("/v1/loads/999/events", headers=others)).status_code == 404


@pytest.mark.parametrize("path", ["/v1/customers", "/v1/services", "/v1/indicators/sla/angel", "/v1/loads/{}/rejects"])
async def test_a_user_has_so_many_files_coming_at_once(app: FastAPI, client_as: ClientAs, path: str) -> None:
    mine, others = await client_as("analyst"), await client_as("analyst")
    path = path.format((await load_file(mine, "customers", "x;C;c@mail.com;\n"))["id"])
    me = (await mine.get("/v1/auth/me")).json()["id"]
    with app.state.user_exports.one_more(me), app.state.user_exports.one_more(me):
        refused = await mine.get(path, params={"format": "csv"})
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, "5")
        assert (await mine.get(path)).status_code == 200
        assert (await others.get(path, params={"format": "csv"})).status_code == 200
    for _ in range(4):
        assert (await mine.get(path, params={"format": "csv"})).status_code == 200
