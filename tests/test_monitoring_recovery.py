"""The database goes away, hangs, dies: health says so in time, and the service recovers by itself."""

import asyncio
import os
import re
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest
from conftest import Settle, client_of, make_settings, running_app
from data_folders import reachable_folder

from logistics_indicators.accounts.tokens import issue_access_token
from logistics_indicators.running.embedded import EmbeddedPostgres
from logistics_indicators.settings import Settings

QUICK = {"fsync": "off", "shared_buffers": "16MB", "max_connections": "40", "min_wal_size": "32MB"}


@pytest.fixture
def folder(settle: Settle) -> Iterator[Path]:
    """Of a server that is its own."""
    with reachable_folder() as made:
        settle(made / "data")
        yield made / "data"


@pytest.fixture
def own_server(folder: Path) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(folder, QUICK)
    server.start()
    yield server
    server.stop()


@pytest.fixture
async def own_client(own_server: EmbeddedPostgres) -> AsyncIterator[httpx.AsyncClient]:
    """An administrator of an app on a server of its own."""
    async with running_app(make_settings(own_server.url(), metrics_token="a-token-of-the-scraper-0123456789")) as app:
        add = (
            "INSERT INTO users (username, email, password_hash, role) VALUES ('a', 'a@b.co', '!', 'admin') RETURNING id"
        )
        user_id = await app.state.pool.fetchval(add)
        async with client_of(app, issue_access_token(app.state.token_key, user_id)) as client:
            yield client


async def status_of(client: httpx.AsyncClient, path: str) -> int:
    async with asyncio.timeout(10):
        return (await client.get(path)).status_code


async def wait_for(client: httpx.AsyncClient, path: str, status: int) -> None:
    async with asyncio.timeout(60):
        while await status_of(client, path) != status:
            await asyncio.sleep(0.1)


async def test_the_service_recovers_by_itself_after_its_database_was_restarted(
    own_server: EmbeddedPostgres, own_client: httpx.AsyncClient
) -> None:
    customer = {"nome": "Íris", "email": "iris@example.com"}
    assert (await own_client.post("/v1/customers", json=customer)).status_code == 201
    assert await status_of(own_client, "/v1/health") == 200

    await asyncio.to_thread(own_server.stop)
    await wait_for(own_client, "/v1/health", 503)
    health = await own_client.get("/v1/health")
    assert health.json() | {"version": ""} == {
        "status": "unavailable", "database": "unavailable", "version": "", "embedded": False,
    }  # fmt: skip
    refused = await own_client.get("/v1/customers")
    assert (refused.status_code, refused.headers["Content-Type"]) == (503, "application/problem+json")
    assert "Retry-After" in refused.headers
    scraped = await own_client.get("/metrics", headers={"Authorization": "Bearer a-token-of-the-scraper-0123456789"})
    assert "logistics_database_up 0.0" in scraped.text
    assert 'http_requests_total{method="POST",route="/v1/customers",status="201"} 1.0' in scraped.text

    await asyncio.to_thread(own_server.start)
    await wait_for(own_client, "/v1/customers", 200)
    await wait_for(own_client, "/v1/health", 200)
    assert (await own_client.get("/v1/customers/1")).json()["nome"] == "Íris"


@contextmanager
def hanging(server: EmbeddedPostgres) -> Iterator[None]:
    """Every process of the server stands still: connections stay open, and nothing answers."""
    postmaster = psutil.Process(server.postmaster_pid())
    stopped = [postmaster, *postmaster.children(recursive=True)]
    try:
        for process in stopped:
            process.suspend()
        yield
    finally:
        for process in stopped:
            process.resume()


async def test_health_says_in_time_that_the_database_hangs(
    own_server: EmbeddedPostgres, own_client: httpx.AsyncClient
) -> None:
    assert await status_of(own_client, "/v1/health") == 200
    with hanging(own_server):
        await wait_for(own_client, "/v1/health", 503)
        answers = await asyncio.gather(*(status_of(own_client, "/v1/health") for _ in range(20)))
        assert set(answers) == {503}
    await wait_for(own_client, "/v1/health", 200)
    await wait_for(own_client, "/v1/customers", 200)


async def test_the_embedded_database_is_started_again_when_it_dies(folder: Path) -> None:
    token = "a-token-of-the-scraper-0123456789"
    settings = Settings(data_dir=folder, metrics_token=token)
    async with running_app(settings) as app, client_of(app, token) as client:
        first = EmbeddedPostgres(folder).postmaster_pid()
        assert (await client.get("/v1/health")).json()["embedded"] is True
        scraped = (await client.get("/metrics")).text
        assert re.search(r"^logistics_disk_floor_bytes 5\.36870912e\+08$", scraped, re.MULTILINE)
        assert re.search(r"^logistics_disk_free_bytes [0-9.e+]+$", scraped, re.MULTILINE)
        os.kill(first, signal.SIGKILL)
        async with asyncio.timeout(60):
            while not (EmbeddedPostgres(folder).is_running() and EmbeddedPostgres(folder).postmaster_pid() != first):
                await asyncio.sleep(0.1)
        await wait_for(client, "/v1/health", 200)
