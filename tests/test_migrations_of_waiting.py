"""Visits that waited in a database of revision 0019 wait on, among the rejects and within their bound; presets stay."""

from collections.abc import AsyncIterator, Iterator

import asyncpg
import httpx
import pytest
from conftest import client_of, make_settings, running_app
from earlier_schema import brought_up_to_date, copy_of, upgrade_to
from load_client import assert_indicators_are_exact, token_of
from test_load_waiting import settled

from logistics_indicators.database import prepare_connection
from logistics_indicators.running.embedded import EmbeddedPostgres

ROWS = ["901;77;Rui;SP - Santos;2021-06-30;-", "902;78;Rui;SP - Santos;2021-06-30;-"]
STORE_LOAD = """
INSERT INTO loads (kind, status, encoding, delimiter, columns, has_header, sha256, unknown_customer, rows_read,
    rows_waiting, chunks, chunks_done, received_at, started_at, finished_at)
VALUES ('services', 'completed', 'utf-8', ';', '{id,id_cliente,angel,polo,data_limite,data_de_atendimento}', false,
    'abc', 'wait', 2, 2, 1, 1, now(), now(), now())
RETURNING id
"""
LET_WAIT = """
INSERT INTO services_waiting (load_id, line, id, id_cliente, angel, polo, data_limite, "row")
VALUES ($1, $2, 900 + $2::bigint, 76 + $2::bigint, 'Rui', 'SP - Santos', '2021-06-30', $3)
"""
STORE_PRESET = "INSERT INTO presets (name, kind, options) VALUES ('matriz', 'services', '{\"encoding\": \"cp850\"}')"


async def prepare(url: str) -> None:
    await upgrade_to(url, "0019")
    old = await asyncpg.connect(url)
    load_id = await old.fetchval(STORE_LOAD)
    await old.executemany(LET_WAIT, [(load_id, line, row) for line, row in enumerate(ROWS, 1)])
    await old.execute(STORE_PRESET)
    await old.close()
    await upgrade_to(url, "head")


@pytest.fixture(scope="module")
def prepared(server: EmbeddedPostgres) -> Iterator[str]:
    with brought_up_to_date(server, prepare) as (database, _):
        yield database


@pytest.fixture
async def database_url(server: EmbeddedPostgres, prepared: str) -> AsyncIterator[str]:
    async with copy_of(server, prepared) as url:
        yield url


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database_url)
    await prepare_connection(connection)
    yield connection
    await connection.close()


@pytest.fixture
async def client(database_url: str, connection: asyncpg.Connection) -> AsyncIterator[httpx.AsyncClient]:
    async with (
        running_app(make_settings(database_url)) as app,
        client_of(app, await token_of(app, connection)) as client,
    ):
        yield client


async def test_what_waited_is_listed_counted_and_loaded_when_its_customer_comes(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    taken = "SELECT waiting_bytes FROM loads"
    assert await connection.fetchval(taken) == sum(map(len, ROWS))
    found = (await client.get("/v1/rejects?state=waiting")).json()["rejects"]
    assert [(visit["line"], visit["value"], visit["row"]) for visit in found] == [
        (1, "77", ROWS[0]),
        (2, "78", ROWS[1]),
    ]
    (load,) = (await client.get("/v1/loads")).json()["loads"]
    customer = {"nome": "Bia", "email": "bia@example.com"}
    await connection.execute("SELECT setval(pg_get_serial_sequence('customers', 'id'), 76)")
    assert (await client.post("/v1/customers", json=customer)).json()["id"] == 77
    assert (await settled(client, load, 1))["rows_inserted"] == 1
    assert (await client.get("/v1/services/901")).json()["id_cliente"] == 77
    assert await connection.fetchval(taken) == len(ROWS[1])
    assert (await client.delete(f"/v1/loads/{load['id']}/waiting")).status_code == 200
    assert await connection.fetchval(taken) == 0
    await assert_indicators_are_exact(client, connection)


async def test_a_preset_stays_and_is_for_no_header(client: httpx.AsyncClient) -> None:
    preset = (await client.get("/v1/presets/matriz")).json()
    assert (preset["encoding"], preset["for_header"]) == ("cp850", None)
