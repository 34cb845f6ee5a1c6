"""Health, metrics, and the line in the log that every request leaves."""

import asyncio
import math
import uuid
from datetime import UTC, datetime, timedelta

import asyncpg
import httpx
import psutil
from conftest import ClientAs, client_of, make_settings, running_app
from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families
from structlog.testing import capture_logs

from logistics_indicators import __version__
from logistics_indicators.monitoring.health import HealthProbe

TOKEN = "a-token-of-the-scraper-0123456789"

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


async def scrape(client: httpx.AsyncClient, path: str = "/metrics", **headers: str) -> Samples:
    answer = await client.get(path, headers={"Accept": "text/plain", **headers})
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def value(samples: Samples, name: str, **labels: str) -> float:
    return samples[name, frozenset(labels.items())]


async def test_health_is_public_and_says_that_all_is_well(anonymous: httpx.AsyncClient) -> None:
    answer = await anonymous.get("/v1/health")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "database": "ok", "version": __version__, "embedded": False}


async def test_health_does_not_queue_behind_a_full_pool(app: FastAPI, anonymous: httpx.AsyncClient) -> None:
    held = [await app.state.pool.acquire() for _ in range(app.state.pool.get_max_size())]
    async with asyncio.timeout(5):
        assert (await anonymous.get("/v1/health")).status_code == 200
    for connection in held:
        await app.state.pool.release(connection)


async def test_health_asks_the_database_once_for_many_who_ask_at_once(
    app: FastAPI, anonymous: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    answers = await asyncio.gather(*(anonymous.get("/v1/health") for _ in range(50)))
    assert {answer.status_code for answer in answers} == {200}
    probes = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE $1"
    assert await connection.fetchval(probes, "%health") == 1


async def test_health_survives_the_end_of_its_own_connection(
    app: FastAPI, anonymous: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    assert (await anonymous.get("/v1/health")).status_code == 200
    await connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND application_name LIKE '%health'"
    )
    async with asyncio.timeout(20):
        while (await anonymous.get("/v1/health")).status_code != 200 or not app.state.health.is_connected():
            await asyncio.sleep(0.1)


async def test_a_database_that_is_not_there_is_noticed() -> None:
    probe = HealthProbe("postgresql://postgres@127.0.0.1:1/none")
    assert await probe.database_answers() is False


async def test_metrics_as_json_tell_of_the_machine(client_as: ClientAs) -> None:
    body = (await (await client_as("viewer")).get("/v1/metrics")).json()
    assert set(body) == {"system", "cpu", "memory", "disk"}
    assert set(body["system"]) == {"os", "release", "machine", "processor"}
    assert all(body["system"].values())
    assert body["cpu"]["cores"] == psutil.cpu_count()
    for percent in (body["cpu"]["usage"], body["memory"]["used_percent"], body["disk"]["used_percent"]):
        assert 0 <= percent <= 100


async def test_both_paths_answer_a_scraper_and_openmetrics_too(client: httpx.AsyncClient) -> None:
    for path in ("/metrics", "/v1/metrics"):
        assert value(await scrape(client, path), "logistics_database_up") == 1
        answer = await client.get(path, headers={"Accept": "application/openmetrics-text;version=1.0.0,*/*;q=0.1"})
        assert answer.headers["Content-Type"].startswith("application/openmetrics-text")
        assert answer.text.endswith("# EOF\n")
        for dialect in ("application/openmetrics-text;version=abc", "text/plain; version=1.x"):
            assert (await client.get(path, headers={"Accept": dialect})).status_code == 200


async def test_requests_are_counted_by_template_and_never_by_path(client: httpx.AsyncClient) -> None:
    before = await scrape(client)
    for number in range(1, 4):
        await client.get(f"/v1/customers/{number}")
    secret = uuid.uuid4().hex
    await client.get(f"/{secret}")
    await client.request(secret[:8].upper(), "/v1/customers")
    after = await scrape(client)

    labels = {"method": "GET", "route": "/v1/customers/{customer_id}"}
    assert value(after, "http_requests_total", status="404", **labels) == 3
    assert value(after, "http_request_duration_seconds_count", **labels) == 3
    assert value(after, "http_requests_total", method="GET", route="unmatched", status="404") == 1
    assert value(after, "http_requests_total", method="GET", route="/metrics", status="200") == 1
    assert secret not in str(after)
    assert secret[:8].upper() not in str(after)
    assert len(after) - len(before) < 100


async def test_rows_loads_pool_and_ages_are_told(client: httpx.AsyncClient, connection: asyncpg.Connection) -> None:
    await connection.execute(
        """
        INSERT INTO customers (id, nome, email) SELECT i, 'x', i || '@b.co' FROM generate_series(1, 7) i;
        INSERT INTO loads (kind, status, received_at, finished_at)
        VALUES ('customers', 'completed', LOCALTIMESTAMP, LOCALTIMESTAMP - interval '90 seconds'),
               ('services', 'failed', LOCALTIMESTAMP, LOCALTIMESTAMP), ('customers', 'receiving', NULL, NULL)
        """
    )
    an_hour_ago = (datetime.now(UTC) - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%S")
    visit = {"id_cliente": 1, "angel": "A", "polo": "CE - X", "data_limite": "2021-06-30"}
    made = await client.post("/v1/services", json=visit | {"data_de_atendimento": an_hour_ago})
    assert made.status_code == 201
    samples = await scrape(client)
    assert value(samples, "logistics_rows", table="customers") == 7
    assert value(samples, "logistics_rows", table="services") == 1
    assert value(samples, "logistics_loads", kind="customers", status="completed") == 1
    assert value(samples, "logistics_loads", kind="services", status="failed") == 1
    assert value(samples, "logistics_loads", kind="services", status="received") == 0
    assert value(samples, "logistics_rollup_commits_waiting") in {0, 1}
    assert math.isclose(value(samples, "logistics_data_age_seconds", of="customers"), 90, abs_tol=60)
    assert math.isclose(value(samples, "logistics_data_age_seconds", of="newest_visit"), 3600, abs_tol=60)
    assert ("logistics_data_age_seconds", frozenset({("of", "services")})) not in samples
    assert value(samples, "logistics_pool_connections", state="idle") >= 0
    assert value(samples, "logistics_info", version=__version__) == 1


async def test_metrics_are_for_users_and_for_a_scraper_with_the_token(database_url: str) -> None:
    async with (
        running_app(make_settings(database_url, metrics_token=TOKEN)) as app,
        client_of(app, TOKEN) as scraper,
        client_of(app) as stranger,
        client_of(app, TOKEN + "x") as wrong,
    ):
        await scrape(scraper)
        await scrape(scraper, "/v1/metrics")
        assert (await scraper.get("/v1/customers")).status_code == 401
        for client in (stranger, wrong):
            for path in ("/metrics", "/v1/metrics"):
                answer = await client.get(path)
                assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")


async def test_without_a_token_in_the_settings_no_token_of_a_scraper_is_taken(app: FastAPI) -> None:
    for token in ("None", "", TOKEN):
        async with client_of(app, token) as client:
            assert (await client.get("/metrics")).status_code == 401


async def test_every_request_leaves_one_line_and_what_was_asked_for_is_not_in_it(client: httpx.AsyncClient) -> None:
    with capture_logs() as lines:
        answer = await client.get("/v1/customers/7?", headers={"X-Request-ID": "mine-1"})
        await client.get("/v1/customers", params={"email": "iris@example.com"})
    assert answer.headers["X-Request-ID"] == "mine-1"
    requests = [line for line in lines if line["event"] == "request"]
    assert len(requests) == 2
    assert dict(requests[0]) | {"duration_ms": 0, "user": ""} == {
        "event": "request", "log_level": "info", "method": "GET", "route": "/v1/customers/{customer_id}",
        "status": 404, "duration_ms": 0, "request_id": "mine-1", "user": "", "exc_info": None,
    }  # fmt: skip
    assert requests[0]["duration_ms"] > 0
    assert requests[0]["user"].startswith("analyst-")
    assert "iris@example.com" not in str(lines)


async def test_a_request_id_that_is_not_sane_is_replaced(anonymous: httpx.AsyncClient) -> None:
    for bad in ("", "a b", "x" * 129, "é"):
        answer = await anonymous.get("/v1/health", headers={b"X-Request-ID": bad.encode()})
        assert answer.headers["X-Request-ID"] not in {bad, ""}
