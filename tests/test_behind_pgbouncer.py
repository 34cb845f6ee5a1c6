"""The service behind a real pgbouncer that lends a session for one transaction at a time: the main paths, once more.

Any other test runs so with `pytest -p behind_pgbouncer`.
"""

import asyncio
import io
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack

import asyncpg
import httpx
import polars as pl
import pytest
from bouncing import SESSIONS, Bouncer, bouncing
from command_line import PASSWORD
from conftest import SAMPLES, ClientAs, client_of, make_settings, running_app
from fastapi import FastAPI
from load_client import Report, counts, finished, load_file, send, token_of
from mending import lines, mended
from openpyxl import load_workbook
from test_live import watching
from test_load_samples import TRUTH
from test_load_waiting import settled
from tus import CUSTOMERS, append, created, load_id_of

from logistics_indicators.database import open_pool
from logistics_indicators.running.embedded import EmbeddedPostgres
from logistics_indicators.settings import Settings

VISITS = "id;id_cliente;angel;polo;data_limite;data_de_atendimento\n"


@pytest.fixture(scope="module")
def bouncer(server: EmbeddedPostgres) -> Iterator[Bouncer]:
    with bouncing(server) as running:
        yield running


@pytest.fixture
def settings(database_url: str, bouncer: Bouncer) -> Settings:
    """Nothing is found by looking for it again and again: what wakes a worker is a notification."""
    return make_settings(bouncer.url(database_url), database_direct_url=database_url, load_poll_seconds=60)


@pytest.fixture
async def second(app: FastAPI, settings: Settings, connection: asyncpg.Connection) -> AsyncIterator[httpx.AsyncClient]:
    """A client of another service on the same database; the two keep more connections than the pooler has sessions."""
    async with running_app(settings) as other, client_of(other, await token_of(other, connection)) as client:
        yield client


async def test_the_samples_give_exactly_the_truth_whichever_service_is_asked(
    client: httpx.AsyncClient, second: httpx.AsyncClient
) -> None:
    await load_file(client, "customers", SAMPLES / "customers.csv")
    services = await load_file(second, "services", SAMPLES / "services.csv")
    assert {entry["reason"]: entry["rows"] for entry in services["rejects"]} == TRUTH["rejected"]

    async def indicator(asked: httpx.AsyncClient, by: str) -> None:
        rows = (await asked.get(f"/v1/indicators/sla/{by}")).json()[f"sla_{by}"]
        found = {row[by]: [row["total_de_atendimentos"], row["total_de_atendimentos_no_prazo"]] for row in rows}
        assert found == TRUTH[by]

    async def listed(asked: httpx.AsyncClient, by: str) -> None:
        name = next(iter(TRUTH[by]))
        rows = (await asked.get("/v1/services", params={"limit": 1000, by: name})).json()["atendimentos"]
        assert {row[by] for row in rows} == {name}

    async with asyncio.TaskGroup() as group:
        for asked in (client, second) * 3:
            for by in ("angel", "polo"):
                group.create_task(indicator(asked, by))
                group.create_task(listed(asked, by))
    files = {}
    for format in ("csv", "parquet", "xlsx"):
        files[format] = (await client.get("/v1/services", params={"format": format})).content
    assert pl.read_csv(files["csv"]).height == pl.read_parquet(files["parquet"]).height == TRUTH["stored"]
    assert load_workbook(io.BytesIO(files["xlsx"])).worksheets[0].max_row == TRUTH["stored"] + 1


async def test_one_signs_in_and_out(anonymous: httpx.AsyncClient) -> None:
    await anonymous.post("/v1/auth/register", json={"username": "ana", "email": "ana@mail.com", "password": PASSWORD})
    login = (await anonymous.post("/v1/auth/login", json={"username": "ana", "password": PASSWORD})).json()
    token = {"Authorization": f"Bearer {login['access_token']}"}
    assert (await anonymous.get("/v1/auth/me", headers=token)).json()["username"] == "ana"
    refreshed = await anonymous.post("/v1/auth/refresh", json={"refresh_token": login["refresh_token"]})
    refresh_token = refreshed.json()["refresh_token"]
    leave = await anonymous.post("/v1/auth/logout", json={"refresh_token": refresh_token})
    assert (refreshed.status_code, leave.status_code) == (200, 204)
    assert (await anonymous.get("/v1/auth/me", headers=token)).status_code == 401


async def test_rejects_are_mended_and_a_load_is_undone(client_as: ClientAs, second: httpx.AsyncClient) -> None:
    admin = await client_as("admin")
    await load_file(admin, "customers", "id;nome;email;telefone\n1;Ana;ana@mail.com;\n")
    load = await load_file(admin, "services", f"{VISITS}1;1;A;SP - X;2021-06-30;-\n2;7;A;SP - X;2021-06-30;-\n")
    assert await lines(second, load) == [3]
    assert counts(await mended(second, load, {"edits": {"3": {"id_cliente": 1}}})) == (1, 1, 0, 0, 0)
    assert await lines(admin, load) == []
    assert (await admin.delete(f"/v1/loads/{load['id']}")).status_code == 200
    assert (await second.get("/v1/services/total")).json() == {"total": 1}


async def test_a_file_in_pieces_and_visits_that_wait_for_it_are_loaded(
    client: httpx.AsyncClient, second: httpx.AsyncClient
) -> None:
    visits = f"{VISITS}1;300;A;SP - X;2021-06-30;2021-06-29 10:00:00\n"
    waiting = await load_file(second, "services", visits, unknown_customer="wait")
    assert waiting["rows_waiting"] == 1
    address, half = await created(client, len(CUSTOMERS)), len(CUSTOMERS) // 2
    await append(client, address, 0, CUSTOMERS[:half])
    last = await append(second_of(second, client), address, half, CUSTOMERS[half:])
    assert counts(await finished(second, load_id_of(last))) == (300, 300, 0, 0, 0)
    await settled(client, waiting)
    sla = (await client.get("/v1/indicators/sla/angel")).json()["sla_angel"]
    assert [(row["angel"], row["total_de_atendimentos"]) for row in sla] == [("A", 1)]


def second_of(second: httpx.AsyncClient, owner: httpx.AsyncClient) -> httpx.AsyncClient:
    """The other service, asked by the upload's owner."""
    second.headers["Authorization"] = owner.headers["Authorization"]
    return second


async def test_a_page_hears_of_loads_and_of_changes(
    app: FastAPI, client: httpx.AsyncClient, second: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    async with watching(app, await token_of(app, connection, "viewer")) as stream:
        load: Report = (await send(second, "customers", "1;Ana;ana@mail.com;\n")).json()["load"]
        await stream.load(load["id"], "completed")
        visit = {"id_cliente": 1, "angel": "A", "polo": "SP - X", "data_limite": "2021-06-30"}
        before = (await client.get("/v1/indicators/sla/polo")).json()["data_version"]
        assert (await second.post("/v1/services", json=visit)).status_code == 201
        assert (await stream.until("data"))["data_version"] > before


async def test_an_admin_verifies_and_rebuilds_the_indicators(client_as: ClientAs) -> None:
    admin = await client_as("admin")
    await load_file(admin, "customers", SAMPLES / "customers.csv")
    await load_file(admin, "services", SAMPLES / "services.csv")
    assert (await admin.post("/v1/indicators/rebuild")).json()["visits"] == TRUTH["stored"]
    assert (await admin.get("/v1/indicators/verify")).json()["differences"] == 0


async def test_what_reads_outside_of_a_transaction_waits_for_a_lock_as_long_as_the_server_says(
    settings: Settings, connection: asyncpg.Connection
) -> None:
    name = await connection.fetchval("SELECT current_database()")
    await connection.execute(f"ALTER DATABASE {name} SET lock_timeout = '200ms'")
    async with running_app(settings) as app, client_of(app, await token_of(app, connection)) as client:
        async with connection.transaction():
            await connection.execute("LOCK TABLE services")
            locked = await client.get("/v1/services/1")
        assert (locked.status_code, locked.headers["Retry-After"]) == (503, "1")
        assert "is changing what this one needs" in locked.json()["detail"]
        assert (await client.get("/v1/services/1")).status_code == 404


LEFT = "SELECT pg_backend_pid(), current_setting('statement_timeout'), count(*) FROM pg_prepared_statements"


async def test_nothing_is_left_in_a_session_that_was_lent(
    settings: Settings, client: httpx.AsyncClient, bouncer: Bouncer, database_url: str
) -> None:
    await load_file(client, "customers", SAMPLES / "customers.csv")
    answers = await asyncio.gather(*(client.get("/v1/customers") for _ in range(SESSIONS)))
    answers.append(await client.get("/v1/customers", params={"format": "csv"}))
    assert {answer.status_code for answer in answers} == {200}
    pool = await open_pool(settings.server_url(), settings, lent=True)
    async with pool.acquire() as connection, connection.transaction():
        assert await connection.fetchval("SHOW statement_timeout") == "30s"
    await pool.close()
    async with AsyncExitStack() as stack:
        found = [await _of_a_session(stack, bouncer.url(database_url)) for _ in range(SESSIONS)]
    assert len({pid for pid, *_ in found}) == SESSIONS
    assert {(timeout, prepared) for _, timeout, prepared in found} == {("0", 0)}


async def _of_a_session(stack: AsyncExitStack, url: str) -> tuple[int, str, int]:
    """Kept in a transaction until the stack ends, so that the next one is another's."""
    connection = await asyncpg.connect(url, statement_cache_size=0)
    stack.push_async_callback(connection.close)
    await stack.enter_async_context(connection.transaction())
    return tuple(await connection.fetchrow(LEFT))
