"""A database of revision 0025, in which visits held names, is the same to everybody once they hold ids."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from typing import Any

import asyncpg
import httpx
import pytest
from conftest import client_of, make_settings, running_app
from earlier_schema import NAMES, brought_up_to_date, copy_of, upgrade_to
from load_client import assert_indicators_are_exact, token_of

from logistics_indicators.database import prepare_connection
from logistics_indicators.indicators.verification import verify
from logistics_indicators.loads.kinds import KINDS, Kind
from logistics_indicators.running.embedded import EmbeddedPostgres

VISITS = """
SELECT id, id_cliente, angel, polo, data_limite, data_de_atendimento, load_id, updated_by_load FROM {} ORDER BY id
"""
READERS = """
SELECT id, id_cliente, angel, polo, uf, data_limite, data_de_atendimento, no_prazo,
       CASE WHEN no_prazo IS NOT NULL THEN dias_de_atraso END AS dias_de_atraso
FROM bi_atendimentos ORDER BY id
"""
INDEXES = "SELECT indexname, replace(indexdef, '_id)', ')') FROM pg_indexes WHERE tablename = 'services' ORDER BY 1"
ODD = """it's ":name" 100% \\ {x}"""
STORE_LOAD = """
INSERT INTO loads (kind, status, encoding, delimiter, columns, has_header, sha256, on_conflict, rows_read,
    rows_updated, chunks, chunks_done, received_at, started_at, finished_at)
VALUES ('services', 'completed', 'utf-8', ';', '{id,id_cliente,angel,polo,data_limite,data_de_atendimento}', false,
    'abc', 'update', 1, 1, 1, 1, now(), now(), now())
RETURNING id
"""
KEEP_BEFORE = """
INSERT INTO services_before (load_id, id, id_cliente, data_de_atendimento, data_limite, angel, polo)
SELECT $1, id, id_cliente, data_de_atendimento, data_limite, $2, polo FROM services WHERE id = 7
"""


@dataclass(frozen=True)
class Earlier:
    """What the earlier version had, and its load that updated visit 7."""

    url: str
    load_id: int
    visits: list[Any]
    readers: list[Any]
    indexes: list[Any]
    reader: str


async def prepare(url: str) -> Earlier:
    await upgrade_to(url, "0025")
    old = await asyncpg.connect(url)
    await old.execute("UPDATE angels SET name = $1 WHERE name = 'Rui'", ODD)
    await old.execute("UPDATE services SET angel = $1 WHERE angel = 'Rui'", ODD)
    load_id = await old.fetchval(STORE_LOAD)
    await old.execute("UPDATE services SET updated_by_load = $1 WHERE id = 7", load_id)
    await old.execute(KEEP_BEFORE, load_id, "Somebody of whom there is no visit")
    reader = f"reader_{os.urandom(6).hex()}"
    await old.execute(f"CREATE ROLE {reader}; GRANT SELECT ON bi_atendimentos TO {reader}")
    visits, readers, indexes = [await old.fetch(q) for q in (VISITS.format("services"), READERS, INDEXES)]
    await old.close()
    await upgrade_to(url, "head")
    return Earlier(url, load_id, visits, readers, indexes, reader)


@pytest.fixture(scope="module")
def prepared(server: EmbeddedPostgres) -> Iterator[tuple[str, Earlier]]:
    with brought_up_to_date(server, prepare) as made:
        yield made
    asyncio.run(drop_role(server, made[1].reader))


async def drop_role(server: EmbeddedPostgres, name: str) -> None:
    """What it was granted went with the database."""
    admin = await asyncpg.connect(server.url("postgres"))
    await admin.execute(f"DROP ROLE {name}")
    await admin.close()


@pytest.fixture
async def earlier(server: EmbeddedPostgres, prepared: tuple[str, Earlier]) -> AsyncIterator[Earlier]:
    database, earlier = prepared
    async with copy_of(server, database) as url:
        yield replace(earlier, url=url)


@pytest.fixture
async def connection(earlier: Earlier) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(earlier.url)
    await prepare_connection(connection)
    yield connection
    await connection.close()


@pytest.fixture
async def admin(earlier: Earlier, connection: asyncpg.Connection) -> AsyncIterator[httpx.AsyncClient]:
    async with (
        running_app(make_settings(earlier.url)) as app,
        client_of(app, await token_of(app, connection, "admin")) as client,
    ):
        yield client


async def test_every_visit_has_its_names_its_indexes_and_its_readers(
    earlier: Earlier, connection: asyncpg.Connection
) -> None:
    assert await connection.fetch(VISITS.format("visits")) == earlier.visits
    assert await connection.fetch(INDEXES) == earlier.indexes
    assert set(KINDS[Kind.services].indexes) < {row["indexname"] for row in earlier.indexes}
    await connection.execute(f"SET ROLE {earlier.reader}")
    assert await connection.fetch(READERS) == earlier.readers
    await connection.execute("RESET ROLE")
    verification = await verify(connection)
    assert (verification.visits, verification.differences) == (len(earlier.visits), 0)


async def test_visits_are_found_listed_changed_and_loaded_by_their_names(
    earlier: Earlier, admin: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    found = (await admin.get("/v1/services", params={"angel": ODD, "limit": 1000})).json()["atendimentos"]
    assert [visit["id"] for visit in found] == [row["id"] for row in earlier.visits if row["angel"] == ODD]
    assert {visit["angel"] for visit in found} == {ODD}
    changed = found[0] | {"angel": "José Lima", "polo": "SP - Nova"}
    assert (await admin.put(f"/v1/services/{changed['id']}", json=changed)).json() == changed
    assert (await admin.get(f"/v1/services/{changed['id']}")).json() == changed
    await assert_indicators_are_exact(admin, connection)


async def test_what_an_earlier_load_updated_gets_its_earlier_names_back(
    earlier: Earlier, admin: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    assert (await admin.delete(f"/v1/loads/{earlier.load_id}")).status_code == 200
    assert (await admin.get("/v1/services/7")).json()["angel"] == "Somebody of whom there is no visit"
    assert NAMES[0] in {row["angel"] for row in await connection.fetch(VISITS.format("visits"))}
    await assert_indicators_are_exact(admin, connection)
    assert (await verify(connection)).differences == 0
