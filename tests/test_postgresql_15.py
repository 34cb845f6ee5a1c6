"""The oldest PostgreSQL that is promised: the schema migrates on it, and the samples load to their truth."""

import asyncio
import json
import os
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import httpx
import pytest
from conftest import SAMPLES, ClientAs
from load_client import load_file

from logistics_indicators.running.embedded import EmbeddedPostgres

TRUTH = json.loads((SAMPLES / "truth.json").read_text())
BINARIES = [Path("/usr/lib/postgresql/15/bin"), Path("/usr/pgsql-15/bin")]


class PostgreSQL15(EmbeddedPostgres):
    """The machine's own PostgreSQL 15, run as the embedded one is."""

    def _reachable_binaries(self) -> Path:
        return next(path for path in BINARIES if path.exists())


@pytest.fixture(scope="module")
def server_url() -> Iterator[str]:
    """URL of a PostgreSQL 15: the machine's own in a folder for the moment, or the one that TEST_POSTGRES_URL names.

    That one's version is TEST_POSTGRES_MAJOR.
    """
    if given := os.environ.get("TEST_POSTGRES_URL"):
        yield given
        return
    if not any(path.exists() for path in BINARIES):
        pytest.skip("no PostgreSQL 15 here: neither TEST_POSTGRES_URL nor Debian's or Red Hat's package")
    with tempfile.TemporaryDirectory(prefix="li-pg15-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        options = {"fsync": "off", "shared_buffers": "64MB", "max_connections": "50"}
        server = PostgreSQL15(Path(folder) / "data", options)
        server.start()
        yield server.url("postgres")
        server.stop()


@pytest.fixture
async def database_url(server_url: str) -> AsyncIterator[str]:
    """An empty database there; the app of the test migrates it."""
    name = f"test_{uuid.uuid4().hex}"
    admin = await asyncpg.connect(server_url)
    await admin.execute(f"CREATE DATABASE {name}")
    yield urlsplit(server_url)._replace(path=f"/{name}").geturl()
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await admin.close()


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
