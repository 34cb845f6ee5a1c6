"""`logistics-indicators distribute`: visits on the servers of a Citus cluster, and users see what they saw before.

TEST_CITUS_BIN names the folder of programs of a PostgreSQL that has the extension; elsewhere these are skipped.
"""

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import asyncpg
import httpx
import pytest
from citus_cluster import Cluster, citus_cluster
from command_line import Run
from conftest import SAMPLES, client_of, make_settings, running_app
from load_client import load_file

from logistics_indicators.accounts.tokens import issue_access_token
from logistics_indicators.running.distributing import refuse_unless_idle
from logistics_indicators.running.local_database import CommandFailed
from logistics_indicators.running.migrations import migrate
from logistics_indicators.settings import Settings

TRUTH = json.loads((SAMPLES / "truth.json").read_text())
CUSTOMERS, VISITS = (SAMPLES / "customers.csv").read_bytes(), (SAMPLES / "services.csv").read_bytes()
A_LOAD_OF_EACH_STATUS = """
INSERT INTO loads (kind, status)
SELECT 'services', unnest('{receiving,received,loading,completed,failed,undone}'::text[])
"""
WHERE_VISITS_LIE = """
SELECT count(DISTINCT nodename) FROM citus_shards WHERE table_name = 'services'::regclass AND shard_size > 0
"""


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with citus_cluster() as made:
        yield made


@pytest.fixture
async def url(cluster: Cluster) -> AsyncIterator[str]:
    """Of a migrated database on the coordinator, not distributed yet."""
    async with cluster.database() as made:
        await migrate(made)
        yield made


async def admin_of(app: Any) -> httpx.AsyncClient:
    insert = """
        INSERT INTO users (username, email, password_hash, role) VALUES ('ana', 'ana@example.com', '!', 'admin')
        ON CONFLICT (username) DO UPDATE SET active = true RETURNING id
    """
    return client_of(app, issue_access_token(app.state.token_key, await app.state.pool.fetchval(insert)))


async def indicators(client: httpx.AsyncClient) -> dict[str, Any]:
    paths = ("sla/angel", "sla/polo", "productivity", "summary", "lateness/angel", "trend")
    answers = {path: (await client.get(f"/v1/indicators/{path}")).json() for path in paths}
    return {path: {k: v for k, v in answer.items() if k != "data_version"} for path, answer in answers.items()}


async def verified(client: httpx.AsyncClient) -> tuple[int, int]:
    found = (await client.get("/v1/indicators/verify")).json()
    return found["visits"], found["differences"]


async def test_a_database_without_the_extension_is_told_what_it_needs(locally: Run) -> None:
    refused = await locally("distribute")
    assert (refused.code, refused.err.count("\n"), "CREATE EXTENSION citus" in refused.err) == (2, 1, True)


async def test_a_database_whose_service_runs_or_whose_loads_wait_is_left_as_it_is(
    settings: Settings, connection: asyncpg.Connection
) -> None:
    async with running_app(settings):
        with pytest.raises(CommandFailed, match="The service runs on this database"):
            await refuse_unless_idle(connection)
    await refuse_unless_idle(connection)
    await connection.execute(A_LOAD_OF_EACH_STATUS)
    with pytest.raises(CommandFailed, match=r"^3 loads have not ended"):
        await refuse_unless_idle(connection)


async def test_a_filled_database_is_distributed_once_and_its_figures_stay(locally: Run, url: str) -> None:
    async with running_app(make_settings(url)) as app, await admin_of(app) as client:
        await load_file(client, "customers", CUSTOMERS)
        visits = await load_file(client, "services", VISITS)
        before = await indicators(client)
        page = (await client.get("/v1/services?limit=50")).json()
        refused = await locally("distribute", DATABASE_URL=url)
        assert (refused.code, "The service runs" in refused.err) == (2, True), refused.err

    done = await locally("distribute", DATABASE_URL=url)
    assert (done.code, done.out[:44]) == (0, "The visits lie on 2 servers now, in 4 parts,"), done.err
    reader = await locally("grant-reader", "bi", DATABASE_URL=url, LOGISTICS_READER_PASSWORD="a reader's")
    assert (reader.code, "lie on several servers" in reader.err) == (2, True)
    again = await locally("distribute", "--json", DATABASE_URL=url)
    assert json.loads(again.out) == {"distributed": False, "servers": 2, "parts": 4}

    async with running_app(make_settings(url)) as app, await admin_of(app) as client:
        assert await app.state.pool.fetchval(WHERE_VISITS_LIE) == 2
        assert await indicators(client) == before
        assert (await client.get("/v1/services?limit=50")).json() == page
        changed = await load_file(client, "services", VISITS.replace(b" - ", b" - NOVO "), on_conflict="update")
        assert changed["rows_updated"] > 0
        assert await indicators(client) != before
        assert (await client.delete(f"/v1/loads/{visits['id']}")).status_code == 409
        assert (await client.delete(f"/v1/loads/{changed['id']}")).json()["status"] == "undone"
        assert await indicators(client) == before
        assert (await client.post("/v1/indicators/rebuild")).status_code == 200
        assert await verified(client) == (TRUTH["stored"], 0)
        assert (await client.delete(f"/v1/loads/{visits['id']}")).json()["status"] == "undone"
        assert await verified(client) == (0, 0)


@pytest.fixture
async def client(locally: Run, url: str) -> AsyncIterator[httpx.AsyncClient]:
    """An admin's, of a distributed database without rows, whose chunks are small."""
    done = await locally("distribute", DATABASE_URL=url)
    assert done.code == 0, done.err
    async with running_app(make_settings(url, load_chunk_bytes=64 * 1024)) as app, await admin_of(app) as made:
        yield made


async def test_the_samples_load_to_their_truth_though_visits_come_first(client: httpx.AsyncClient) -> None:
    tried = await load_file(client, "services", VISITS, validate_only="true")
    assert tried["rows_inserted"] == 0
    visits = await load_file(client, "services", VISITS, unknown_customer="wait")
    assert visits["rows_inserted"] == 0
    await load_file(client, "customers", CUSTOMERS)
    visits = await load_file(client, "services", VISITS)
    counted = {"angel": "sla/angel", "polo": "sla/polo"}
    for dimension, path in counted.items():
        rows = (await client.get(f"/v1/indicators/{path}")).json()[path.replace("/", "_")]
        counts = {r[dimension]: [r["total_de_atendimentos"], r["total_de_atendimentos_no_prazo"]] for r in rows}
        assert counts == TRUTH[dimension]
    assert (await verified(client))[1] == 0


async def test_customers_that_a_file_changed_get_their_values_back(client: httpx.AsyncClient) -> None:
    first = await load_file(client, "customers", CUSTOMERS)
    before = (await client.get("/v1/customers?limit=1000")).json()
    changed = await load_file(client, "customers", CUSTOMERS.replace(b"@", b"@novo."), on_conflict="update")
    assert changed["rows_updated"] == first["rows_inserted"]
    assert (await client.delete(f"/v1/loads/{changed['id']}")).json()["status"] == "undone"
    assert (await client.get("/v1/customers?limit=1000")).json() == before
    assert (await client.delete(f"/v1/loads/{first['id']}")).json()["status"] == "undone"
    assert (await client.get("/v1/customers/total")).json() == {"total": 0}


async def test_single_rows_are_written_and_refused_as_ever(client: httpx.AsyncClient) -> None:
    customer = {"nome": "Bia", "email": "bia@example.com"}
    bia = (await client.post("/v1/customers", json=customer)).json()["id"]
    assert (await client.post("/v1/customers", json=customer)).status_code == 409
    visit = {
        "id_cliente": bia,
        "angel": "A",
        "polo": "SP - B",
        "data_limite": "2021-01-02",
        "data_de_atendimento": None,
    }
    stored = await client.post("/v1/services", json=visit)
    assert stored.status_code == 201
    unknown = await client.post("/v1/services", json=visit | {"id_cliente": bia + 1})
    assert (unknown.status_code, unknown.json()["errors"][0]["loc"]) == (422, ["body", "id_cliente"])
    place = f"/v1/services/{stored.json()['id']}"
    assert (await client.put(place, json=visit | {"angel": "C"})).json()["angel"] == "C"
    assert (await client.get("/v1/services?angel=C")).json()["total_por_pagina"] == 1
    assert (await client.delete(f"/v1/customers/{bia}")).status_code == 409
    assert await verified(client) == (1, 0)
