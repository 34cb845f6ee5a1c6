"""A real streaming replica answers what only reads, and nobody notices: not that it is behind, nor that it dies."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import asyncpg
import httpx
import pytest
from conftest import Settle, client_of, make_settings, running_app
from fastapi import FastAPI, Request
from load_client import counts, finished, load_file, send, token_of
from replicating import Pair, replicating

from logistics_indicators.reading import Reader
from logistics_indicators.settings import Settings

VISIT = {"id_cliente": 1, "angel": "A", "polo": "SP - X", "data_limite": "2021-06-30"}
QUESTIONS = (
    "/v1/indicators/sla/angel",
    "/v1/indicators/summary",
    "/v1/customers",
    "/v1/customers?format=csv",
    "/v1/services?format=parquet",
    "/v1/services/total",
    "/v1/polos",
)


@pytest.fixture(scope="module")
def pair(settle: Settle) -> Iterator[Pair]:
    with replicating(settle) as running:
        yield running


@pytest.fixture
def settings(pair: Pair) -> Settings:
    """A question waits long for the replica: whether it comes in time is not what is asked here."""
    urls = {"database_read_url": pair.replica.url(), "database_read_lag_seconds": 10}
    return make_settings(pair.primary.url(), **urls, exports_per_user=100, database_pool_size=20)


@asynccontextmanager
async def signed_in(app: FastAPI, url: str) -> AsyncIterator[httpx.AsyncClient]:
    connection = await asyncpg.connect(url)
    token = await token_of(app, connection)
    await connection.close()
    async with client_of(app, token) as client:
        yield client


@pytest.fixture
async def client(app: FastAPI, pair: Pair) -> AsyncIterator[httpx.AsyncClient]:
    async with signed_in(app, pair.primary.url()) as client:
        await load_file(client, "customers", "id;nome;email;telefone\n1;Ana;ana@mail.com;\n")
        yield client


async def metric(client: httpx.AsyncClient, name: str) -> float | None:
    lines = (await client.get("/metrics")).text.splitlines()
    return next((float(line.split()[-1]) for line in lines if line.startswith(f"{name} ")), None)


async def served_by(client: httpx.AsyncClient, server: str, path: str = "/v1/customers") -> bool:
    """Whether it was this one that answered just now."""
    name = f'logistics_reads_total{{server="{server}"}}'
    before = await metric(client, name)
    assert (await client.get(path)).status_code == 200
    return await metric(client, name) != before


async def until_served_by(client: httpx.AsyncClient, server: str) -> None:
    async with asyncio.timeout(60):
        while not await served_by(client, server):
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("path", QUESTIONS)
async def test_the_replica_answers_what_only_reads(client: httpx.AsyncClient, path: str) -> None:
    await until_served_by(client, "replica")
    assert await served_by(client, "replica", path)
    assert not await served_by(client, "primary", path)


async def test_who_has_written_sees_it_in_the_next_answer_whoever_gives_it(
    client: httpx.AsyncClient, settings: Settings, pair: Pair
) -> None:
    await until_served_by(client, "replica")
    version = 0
    async with running_app(settings) as other, signed_in(other, pair.primary.url()) as second:
        for turn in range(20):
            created = await client.post("/v1/services", json=VISIT | {"angel": f"N{turn}"})
            asked = second if turn % 2 else client
            shown = await asked.get(created.headers["Location"])
            assert (shown.status_code, shown.json()) == (200, created.json())
            summary = await asked.get("/v1/indicators/backlog/angel", params={"angel": f"N{turn}"})
            assert [row["angel"] for row in summary.json()["backlog_angel"]] == [f"N{turn}"]
            assert summary.json()["data_version"] > version
            version = summary.json()["data_version"]
            etag = {"If-None-Match": summary.headers["ETag"]}
            unchanged = await client.get("/v1/indicators/backlog/angel", params={"angel": f"N{turn}"}, headers=etag)
            assert unchanged.status_code == 304
    assert await served_by(client, "replica")


async def test_while_the_replica_is_behind_the_primary_answers(pair: Pair, settings: Settings) -> None:
    settings = settings.model_copy(update={"database_read_lag_seconds": 0.05})
    async with running_app(settings) as app, signed_in(app, pair.primary.url()) as client:
        await until_served_by(client, "replica")
        await pair.on_replica("SELECT pg_wal_replay_pause()")
        try:
            customer = {"nome": "Bia", "email": "bia@mail.com", "telefone": None}
            created = await client.post("/v1/customers", json=customer)
            assert (await client.get(created.headers["Location"])).json() == created.json()
            assert await served_by(client, "primary")
            assert (await metric(client, "logistics_replica_lag_bytes") or 0) > 0
        finally:
            await pair.on_replica("SELECT pg_wal_replay_resume()")
        await until_served_by(client, "replica")


async def test_a_replica_that_dies_costs_no_answer_and_is_asked_again_when_it_is_back(
    client: httpx.AsyncClient, pair: Pair
) -> None:
    await until_served_by(client, "replica")
    over, statuses = asyncio.Event(), set[int]()

    async def read(path: str) -> None:
        while not over.is_set():
            statuses.add((await client.get(path)).status_code)

    async with asyncio.TaskGroup() as group:
        for path in QUESTIONS:
            group.create_task(read(path))
        pair.kill(pair.replica)
        await until_served_by(client, "primary")
        assert await metric(client, "logistics_replica_up") == 0
        await asyncio.to_thread(pair.replica.revive)
        await until_served_by(client, "replica")
        over.set()
    assert statuses == {200}
    assert await metric(client, "logistics_replica_up") == 1


async def test_what_is_in_the_way_of_the_primary_s_work_is_asked_there_again(
    app: FastAPI, client: httpx.AsyncClient, pair: Pair
) -> None:
    await until_served_by(client, "replica")
    await pair.on_primary("CREATE TABLE IF NOT EXISTS swept AS SELECT generate_series(1, 1000)")
    asked = list[bool]()

    async def question(connection: Any) -> int:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            await connection.fetchval("SELECT count(*) FROM swept")
            asked.append(await connection.fetchval("SELECT pg_is_in_recovery()"))
            if asked == [True]:
                await pair.on_primary("DELETE FROM swept")
                await pair.on_primary("VACUUM swept")
                await connection.fetchval("SELECT pg_sleep(30)")  # ended by the replay
            return int(await connection.fetchval("SELECT count(*) FROM swept"))

    async with AsyncExitStack() as stack:
        reader = Reader(stack, Request({"type": "http", "app": app}))
        assert await reader.ask(question) == 0
    assert asked == [True, False]


async def test_the_service_starts_and_answers_without_its_replica(pair: Pair, settings: Settings) -> None:
    nowhere = settings.model_copy(update={"database_read_url": _url("postgresql://postgres@127.0.0.1:1/logistics")})
    async with running_app(nowhere) as app, signed_in(app, pair.primary.url()) as client:
        assert (await client.get("/v1/customers")).status_code == 200


async def test_a_standby_of_another_server_is_not_asked(pair: Pair, settings: Settings) -> None:
    with replicating(None) as other:
        for _ in range(3):
            await other.on_primary("SELECT pg_switch_wal()")  # it has replayed more than ours ever wrote
        await other.on_primary("CREATE TABLE marks (mark text)")
        async with asyncio.timeout(60):
            while not await other.ask_replica("SELECT to_regclass('marks') IS NOT NULL"):
                await asyncio.sleep(0.05)
        elsewhere = settings.model_copy(update={"database_read_url": _url(other.replica.url())})
        async with running_app(elsewhere) as app, signed_in(app, pair.primary.url()) as client:
            assert not await served_by(client, "replica")
            assert (await client.get("/v1/customers")).status_code == 200


def _url(url: str) -> Any:
    return make_settings(url).database_url


async def test_a_promoted_replica_has_every_load_that_got_its_202(settle: Settle) -> None:
    with replicating(settle) as pair:
        await pair.on_primary("ALTER SYSTEM SET synchronous_standby_names = '*'")
        await pair.on_primary("SELECT pg_reload_conf()")
        accepted = list[tuple[int, int]]()
        async with running_app(make_settings(pair.primary.url())) as app, signed_in(app, pair.primary.url()) as client:
            enough = asyncio.Event()

            async def upload(first: int) -> None:
                for number in range(first, first + 100):
                    answer = await send(client, "customers", f"{number};C;c{number}@mail.com;\n")
                    if answer.status_code != 202:
                        return
                    accepted.append((answer.json()["load"]["id"], number))
                    if len(accepted) > 5:
                        enough.set()

            async with asyncio.TaskGroup() as group:
                for first in (1000, 2000, 3000):
                    group.create_task(upload(first))
                await enough.wait()
                pair.kill(pair.primary)
        await pair.on_replica("SELECT pg_promote()")
        async with running_app(make_settings(pair.replica.url())) as app, signed_in(app, pair.replica.url()) as client:
            for load_id, number in accepted:
                assert counts(await finished(client, load_id))[:2] == (1, 1)
                assert (await client.get(f"/v1/customers/{number}")).status_code == 200
