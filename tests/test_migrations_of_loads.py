"""A database of the release before mends, undone updates and waiting visits: its loads are there as they were."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from typing import Any

import asyncpg
import httpx
import pytest
from conftest import client_of, make_settings, running_app
from earlier_schema import brought_up_to_date, copy_of, upgrade_to
from load_client import Report, assert_indicators_are_exact, counts, rejects_of, token_of
from mending import mended

from logistics_indicators.database import prepare_connection
from logistics_indicators.indicators.verification import verify
from logistics_indicators.running.embedded import EmbeddedPostgres

STORE_LOAD = """
INSERT INTO loads (kind, status, filename, bytes, sha256, encoding, delimiter, columns, has_header, header,
    column_names, on_conflict, username, chunks, chunks_done, rows_read, rows_inserted, rows_updated, rows_rejected,
    rejects, rejects_stored, rejects_bytes, received_at, started_at, finished_at)
VALUES ('services', 'completed', $1, 90, 'abc', 'utf-8', ';',
    '{id,id_cliente,angel,polo,data_limite,data_de_atendimento}', false, $2, '{"id": "id"}', $3, 'eva', 1, 1,
    $4::bigint + $5::bigint + $6::bigint, $4, $5, $6, $7, $6, 40, now(), now(), now())
RETURNING id
"""
HEADER = "id;id_cliente;angel;polo;data_limite;data_de_atendimento"
REJECTED = [(3, "data_limite", "invalid_date", "A DEFINIR", "900;1;Rui;SP - Santos;A DEFINIR;-")]
STORE_REJECT = (
    'INSERT INTO load_rejects (load_id, line, "column", reason, value, "row") VALUES ($1, $2, $3, $4, $5, $6)'
)
FIGURES = """
SELECT COALESCE(data_de_atendimento::date, data_limite), polo, angel, count(*),
    count(*) FILTER (WHERE data_de_atendimento::date <= data_limite)
FROM {} GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""


@dataclass(frozen=True)
class Earlier:
    """The loads of the earlier version, and the figures that it had."""

    url: str
    inserting: int
    updating: int
    figures: list[Any]


async def prepare(url: str) -> Earlier:
    """Revision 0012, filled; then brought up to date. One load inserted 200 visits, another updated some of them."""
    await upgrade_to(url, "0012")
    old = await asyncpg.connect(url)
    await prepare_connection(old)
    summary = [{"reason": "invalid_date", "rows": 1, "first_line": 3}]
    inserting = await old.fetchval(STORE_LOAD, "a.csv", HEADER, "reject", 200, 0, 1, summary)
    updating = await old.fetchval(STORE_LOAD, "b.csv", HEADER, "update", 0, 5, 0, [])
    await old.executemany(STORE_REJECT, [(inserting, *reject) for reject in REJECTED])
    await old.execute("UPDATE services SET load_id = $1 WHERE id > 1000", inserting)
    figures = await old.fetch(FIGURES.format("services"))
    await old.close()
    await upgrade_to(url, "head")
    return Earlier(url, inserting, updating, figures)


@pytest.fixture(scope="module")
def prepared(server: EmbeddedPostgres) -> Iterator[tuple[str, Earlier]]:
    with brought_up_to_date(server, prepare) as made:
        yield made


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


async def test_the_figures_are_as_they_were(
    earlier: Earlier, connection: asyncpg.Connection, admin: httpx.AsyncClient
) -> None:
    assert await connection.fetch(FIGURES.format("visits")) == earlier.figures
    verification = await verify(connection)
    assert (verification.visits, verification.differences) == (400, 0)
    await assert_indicators_are_exact(admin, connection)


async def test_its_loads_are_shown_with_what_is_known_of_them(earlier: Earlier, admin: httpx.AsyncClient) -> None:
    found = (await admin.get("/v1/loads")).json()["loads"]
    assert [load["id"] for load in found] == [earlier.updating, earlier.inserting]
    load = (await admin.get(f"/v1/loads/{earlier.inserting}")).json()
    assert (load["status"], load["user"], load["format"], load["effect"]) == ("completed", "eva", "csv", None)
    assert (load["mends"], load["preset"], load["unknown_customer"], load["rows_waiting"]) == (None, None, "reject", 0)
    assert counts(load) == (201, 200, 0, 0, 1)
    assert await rejects_of(admin, earlier.inserting) == [reject[:4] for reject in REJECTED]


async def test_its_rejects_are_open_and_can_be_mended(
    earlier: Earlier, admin: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    (found,) = (await admin.get("/v1/rejects")).json()["rejects"]
    assert (found["load"], found["line"], found["state"], found["row"]) == (
        earlier.inserting, 3, "open", REJECTED[0][4],
    )  # fmt: skip
    load: Report = {"id": earlier.inserting}
    mend = await mended(admin, load, {"edits": {"3": {"data_limite": "30/06/2021"}}})
    assert counts(mend) == (1, 1, 0, 0, 0)
    assert (await admin.get("/v1/rejects")).json()["rejects"] == []
    await assert_indicators_are_exact(admin, connection)


async def test_a_load_that_updated_stays_and_one_that_only_inserted_is_undone(
    earlier: Earlier, admin: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    refused = await admin.delete(f"/v1/loads/{earlier.updating}")
    assert refused.status_code == 409
    assert "did not keep their values" in refused.json()["detail"]
    assert (await admin.delete(f"/v1/loads/{earlier.inserting}")).json()["status"] == "undone"
    assert await connection.fetchval("SELECT count(*) FROM services") == 200
    await assert_indicators_are_exact(admin, connection)
    assert (await verify(connection)).differences == 0
