"""The oldest PostgreSQL that is promised: the schema migrates on it, and the samples load to their truth."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Iterator
from typing import Any

import asyncpg
import httpx
import pytest
from conftest import SAMPLES, ClientAs
from load_client import load_file
from other_servers import PostgreSQL15, empty_database, server_beside

TRUTH = json.loads((SAMPLES / "truth.json").read_text())


@pytest.fixture(scope="module")
def server_url() -> Iterator[str]:
    """URL of a PostgreSQL 15: the machine's own in a folder for the moment, or the one that TEST_POSTGRES_URL names.

    That one's version is TEST_POSTGRES_MAJOR.
    """
    if given := os.environ.get("TEST_POSTGRES_URL"):
        yield given
        return
    with server_beside(PostgreSQL15) as server:
        yield server.url("postgres")


@pytest.fixture
async def database_url(server_url: str) -> AsyncIterator[str]:
    """An empty database there; the app of the test migrates it."""
    async with empty_database(server_url) as url:
        yield url


async def test_the_samples_load_to_their_truth_and_can_be_undone(
    client_as: ClientAs, connection: asyncpg.Connection
) -> None:
    assert connection.get_server_version().major == int(os.environ.get("TEST_POSTGRES_MAJOR", "15"))
    client = await client_as("admin")
    assert (await load_file(client, "customers", SAMPLES / "customers.csv"))["rows_inserted"] == TRUTH["customers"]
    services = await load_file(client, "services", SAMPLES / "services.csv")
    assert services["status"] == "completed"
    assert {reject["reason"]: reject["rows"] for reject in services["rejects"]} == TRUTH["rejected"]

    for dimension in ("angel", "polo"):
        rows = (await client.get(f"/v1/indicators/sla/{dimension}")).json()[f"sla_{dimension}"]
        counts = {r[dimension]: [r["total_de_atendimentos"], r["total_de_atendimentos_no_prazo"]] for r in rows}
        assert counts == TRUTH[dimension]

    sums = await sla_of_polos(client)
    changed = (SAMPLES / "services.csv").read_bytes().replace(b" - ", b" - NOVO ")
    update = await load_file(client, "services", changed, on_conflict="update")
    assert update["rows_updated"] > 0
    assert await sla_of_polos(client) != sums
    assert (await client.delete(f"/v1/loads/{update['id']}")).json()["status"] == "undone"
    assert await sla_of_polos(client) == sums
    assert (await client.delete(f"/v1/loads/{services['id']}")).json()["status"] == "undone"
    assert await sla_of_polos(client) == []


async def test_the_samples_visits_wait_for_their_customers(client_as: ClientAs, connection: asyncpg.Connection) -> None:
    client = await client_as("analyst")
    services = await load_file(client, "services", SAMPLES / "services.csv", unknown_customer="wait")
    assert services["rows_inserted"] == 0
    await load_file(client, "customers", SAMPLES / "customers.csv")
    unknown = TRUTH["rejected"]["unknown_customer"]
    async with asyncio.timeout(60):
        while (load := (await client.get(f"/v1/loads/{services['id']}")).json())["rows_waiting"] > unknown:
            await asyncio.sleep(0.05)
    assert load["rows_waiting"] == unknown
    for dimension in ("angel", "polo"):
        rows = (await client.get(f"/v1/indicators/sla/{dimension}")).json()[f"sla_{dimension}"]
        counts = {r[dimension]: [r["total_de_atendimentos"], r["total_de_atendimentos_no_prazo"]] for r in rows}
        assert counts == TRUTH[dimension]


async def sla_of_polos(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await client.get("/v1/indicators/sla/polo")).json()["sla_polo"]
    return found
