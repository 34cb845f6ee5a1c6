"""One stream for a page that stays open: the data's version, loads as they move on, rejects that changed."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import asyncpg
import httpx
import pytest
from conftest import ClientAs, client_of, make_settings, running_app
from fastapi import FastAPI
from listening import listening
from load_client import load_file, send, token_of

from logistics_indicators.live import routes
from logistics_indicators.live.news import MOST_ENDED, News

CUSTOMERS = "id;nome;email;telefone\n1;Íris;iris@example.com;\n"
VISIT = {"id_cliente": 1, "angel": "Íris", "polo": "CE - A", "data_limite": "2021-06-30"}


class Stream:
    """The events of an answer, one after the other."""

    def __init__(self, answer: httpx.Response) -> None:
        self._lines = answer.aiter_lines()

    async def next(self) -> tuple[str, Any]:
        """(name, data); a comment's name is empty. Raises StopAsyncIteration at the end."""
        name, data = "", None
        async with asyncio.timeout(60):
            while line := await anext(self._lines):
                word, _, value = line.partition(": ")
                name, data = (value, data) if word == "event" else (name, value if word else None)
        return name, json.loads(data) if data else None

    async def until(self, wanted: str, **found: Any) -> Any:
        """The data of the next event of this name, with these values."""
        while True:
            name, data = await self.next()
            if name == wanted and found.items() <= data.items():
                return data

    async def load(self, load_id: int, status: str) -> Any:
        """The load, once it is told with this status."""
        while True:
            for load in (await self.until("loads"))["loads"]:
                if (load["id"], load["status"]) == (load_id, status):
                    return load

    async def to_the_end(self) -> None:
        try:
            while True:
                await self.next()
        except StopAsyncIteration:
            pass

    async def quiet(self) -> None:
        """Nothing more comes of what happened so far."""
        while await self.next() != ("", None):
            pass


@asynccontextmanager
async def watching(app: FastAPI, token: str) -> AsyncIterator[Stream]:
    async with (
        listening(app) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {token}"}) as client,
        client.stream("GET", "/v1/events") as answer,
    ):
        assert answer.status_code == 200
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        yield Stream(answer)


@pytest.fixture
async def stream(app: FastAPI, connection: asyncpg.Connection) -> AsyncIterator[Stream]:
    async with watching(app, await token_of(app, connection, "viewer")) as opened:
        yield opened


@pytest.fixture
def soon_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """A comment comes where several looks found nothing."""
    monkeypatch.setattr(routes, "HEARTBEAT_SECONDS", 2.0)


async def version_of(client: httpx.AsyncClient) -> int:
    return int((await client.get("/v1/indicators/sla/polo")).json()["data_version"])


async def test_a_stream_begins_with_how_things_are(client: httpx.AsyncClient, stream: Stream) -> None:
    begun = dict([await stream.next(), await stream.next()])
    assert begun == {"loads": {"loads": []}, "data": {"data_version": await version_of(client)}}


async def test_every_commit_to_the_visits_is_told_by_its_version(client: httpx.AsyncClient, stream: Stream) -> None:
    await load_file(client, "customers", CUSTOMERS)
    before = (await stream.until("data"))["data_version"]
    for _ in range(3):
        assert (await client.post("/v1/services", json=VISIT)).status_code == 201
        version = await version_of(client)
        assert version > before
        await stream.until("data", data_version=version)
        before = version


async def test_a_load_is_told_as_it_comes_and_as_it_ends(client: httpx.AsyncClient, stream: Stream) -> None:
    load_id = (await send(client, "customers", CUSTOMERS)).json()["load"]["id"]
    told = await stream.load(load_id, "completed")
    assert told == (await client.get(f"/v1/loads/{load_id}")).json()
    await stream.until("rejects")


async def test_a_load_that_goes_on_is_told_to_whom_comes_later(
    database_url: str, connection: asyncpg.Connection
) -> None:
    async with running_app(make_settings(database_url, load_workers=0)) as app:
        token = await token_of(app, connection)
        async with client_of(app, token) as client, watching(app, token) as first:
            load = (await send(client, "customers", CUSTOMERS)).json()["load"]
            assert await first.load(load["id"], "received") == load
            async with watching(app, token) as second:
                assert await second.load(load["id"], "received") == load
                await connection.execute("UPDATE loads SET status = 'loading', chunks_done = 0, rows_read = 7")
                for stream in (first, second):
                    assert (await stream.load(load["id"], "loading"))["rows_read"] == 7


async def test_a_load_that_ended_before_is_told_once_it_is_undone(
    client_as: ClientAs, app: FastAPI, connection: asyncpg.Connection
) -> None:
    admin = await client_as("admin")
    load = await load_file(admin, "customers", CUSTOMERS)
    async with watching(app, await token_of(app, connection, "viewer")) as stream:
        assert await stream.until("loads") == {"loads": []}
        assert (await admin.delete(f"/v1/loads/{load['id']}")).status_code == 200
        assert (await stream.load(load["id"], "undone"))["rows_inserted"] == 1


@pytest.mark.usefixtures("soon_quiet")
async def test_rejects_that_are_dropped_are_told(client: httpx.AsyncClient, stream: Stream) -> None:
    load = await load_file(client, "customers", CUSTOMERS + "x;Ana;ana@example.com;\n")
    await stream.load(load["id"], "completed")
    await stream.quiet()
    assert (await client.post(f"/v1/loads/{load['id']}/mend", json={"drops": [3]})).status_code == 200
    await stream.until("rejects")


@pytest.mark.usefixtures("soon_quiet")
async def test_visits_that_wait_no_longer_are_told(client: httpx.AsyncClient, stream: Stream) -> None:
    visit = "id;id_cliente;angel;polo;data_limite;data_de_atendimento\n1;9;Íris;CE - A;30/06/2021;-\n"
    load = await load_file(client, "services", visit, unknown_customer="wait")
    await stream.load(load["id"], "completed")
    await stream.quiet()
    assert (await client.delete(f"/v1/loads/{load['id']}/waiting")).status_code == 200
    await stream.until("rejects")


def looking() -> int:
    return sum(task.get_name() == "live" for task in asyncio.all_tasks())


async def test_one_task_looks_for_all_readers_and_none_where_nobody_reads(
    app: FastAPI, connection: asyncpg.Connection
) -> None:
    token = await token_of(app, connection)
    assert looking() == 0
    async with AsyncExitStack() as opened:
        streams = [await opened.enter_async_context(watching(app, token)) for _ in range(3)]
        for stream in streams:
            await stream.until("data")
        assert looking() == 1
    async with asyncio.timeout(30):
        while looking():
            await asyncio.sleep(0.01)
    async with watching(app, token) as again:
        await again.until("data")


async def test_the_watch_outlives_its_sessions(app: FastAPI, connection: asyncpg.Connection) -> None:
    with app.state.watcher.reading() as news:
        assert await news.events(60)
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
            "AND application_name LIKE 'logistics-indicators%' AND pid <> pg_backend_pid()"
        )
        await connection.execute("UPDATE indicator_settings SET version = version + 1")
        assert "data_version" in "".join(await news.events(60))


async def test_a_slow_reader_is_told_the_latest_and_no_more_than_a_page_of_ended_loads() -> None:
    news = News()
    for number in range(3 * MOST_ENDED):
        news.tell_version(number)
        news.tell_loads([f'{{"live":{number}}}'], {number: f'{{"id":{number}}}'})
        news.tell_rejects()
    loads, rejects, data = await news.events(0)
    assert json.loads(loads.splitlines()[1].removeprefix("data: "))["loads"] == [
        {"live": 3 * MOST_ENDED - 1},
        *({"id": number} for number in range(2 * MOST_ENDED, 3 * MOST_ENDED)),
    ]
    assert rejects == "event: rejects\ndata: {}\n\n"
    assert f'"data_version":{3 * MOST_ENDED - 1}' in data
    assert await news.events(0) == []


async def test_a_quiet_stream_says_that_it_is_there_until_its_reader_may_no_longer(
    app: FastAPI, connection: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "HEARTBEAT_SECONDS", 0.05)
    async with watching(app, await token_of(app, connection, "analyst")) as stream:
        await stream.quiet()
        await connection.execute("UPDATE users SET role = 'viewer'")
        await stream.to_the_end()


async def test_a_stream_ends_after_its_time(
    app: FastAPI, connection: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "HARD_STOP_SECONDS", 2)
    async with watching(app, await token_of(app, connection)) as stream:
        await stream.until("data")
        await stream.to_the_end()


async def test_it_counts_among_the_streams_of_its_user(database_url: str, connection: asyncpg.Connection) -> None:
    async with running_app(make_settings(database_url, event_streams_per_user=1)) as app:
        token = await token_of(app, connection)
        async with watching(app, token), client_of(app, token) as client:
            answer = await client.get("/v1/events")
            assert (answer.status_code, answer.headers["Retry-After"]) == (429, "5")


async def test_a_service_that_ends_does_not_wait_for_streams(app: FastAPI, connection: asyncpg.Connection) -> None:
    headers = {"Authorization": f"Bearer {await token_of(app, connection)}"}
    async with asyncio.timeout(60), httpx.AsyncClient(headers=headers) as client:
        async with listening(app, patience=None) as port:
            request = client.build_request("GET", f"http://127.0.0.1:{port}/v1/events")
            answer = await client.send(request, stream=True)
            lines = answer.aiter_lines()
            assert (await anext(lines)).startswith("event: ")
        with pytest.raises(httpx.RemoteProtocolError):
            async for _ in lines:
                pass
