"""A database of an earlier version is brought to the normal form of texts, and stays exact."""

from collections.abc import AsyncIterator

import asyncpg
import pytest
from conftest import client_of, make_settings, running_app
from earlier_schema import database_of_0007, upgrade_to
from load_client import assert_indicators_are_exact, load_file, token_of

from logistics_indicators.database import prepare_connection
from logistics_indicators.indicators.verification import verify
from logistics_indicators.rollup.merging import merge_everything
from logistics_indicators.running.embedded import EmbeddedPostgres


@pytest.fixture
async def old_url(server: EmbeddedPostgres) -> AsyncIterator[str]:
    async with database_of_0007(server) as url:
        yield url


async def test_an_earlier_database_gets_normal_forms_and_stays_exact(old_url: str) -> None:
    await upgrade_to(old_url, "head")
    connection = await asyncpg.connect(old_url)
    await prepare_connection(connection)
    verification = await verify(connection)
    assert (verification.visits, verification.differences) == (400, 0)
    names = {row[0] for row in await connection.fetch("SELECT DISTINCT angel FROM visits")}
    assert names == {"José Lima", "Rui", "Ana", "Zé B"}
    polos = await connection.fetch("SELECT DISTINCT polo, uf FROM visits JOIN polos ON name = polo ORDER BY 1")
    assert [tuple(row) for row in polos] == [
        ("SE/ARACAJU", "SE"),
        ("SP - Santos", "SP"),
        ("XX - LUA", None),
        ("rs – X", "RS"),
    ]
    scopes = await connection.fetch("SELECT scope, name FROM calendar_days WHERE source = 'local' ORDER BY name")
    assert [tuple(row) for row in scopes][1:] == [("SP - Santos", "Dia B"), ("SE/ARACAJU", "Dia C")]
    await connection.close()


RECENT_OF_0011 = """
WITH commit AS (INSERT INTO rollup_waiting (cells) VALUES (1) RETURNING id), moved AS (DELETE FROM rollup)
INSERT INTO rollup_recent (commit_id, grain, block, polo_id, angel_id, days_late, total, seconds)
SELECT commit.id, level.grain, level.block, p.id, a.id, days_late, count(*),
    COALESCE(sum(EXTRACT(epoch FROM data_limite::timestamp - data_de_atendimento)), 0)
FROM commit, services s JOIN polos p ON p.name = polo JOIN angels a ON a.name = angel,
    LATERAL (SELECT COALESCE(data_de_atendimento::date, data_limite),
        GREATEST(COALESCE(data_de_atendimento::date - data_limite, 0), 0)) AS late (day, days_late),
    LATERAL (VALUES (0, day), (2, date_trunc('month', day)::date), (4, date_trunc('year', day)::date), (6, day))
        AS level (grain, block)
WHERE (grain = 6) = (data_de_atendimento IS NULL) GROUP BY 1, 2, 3, 4, 5, 6
UNION ALL
SELECT commit.id, 5, data_de_atendimento::date, 0, 0, 0, count(*), 0
FROM commit, services WHERE data_de_atendimento IS NOT NULL GROUP BY 1, 3
"""


async def test_what_waited_to_be_merged_stays_exact(old_url: str) -> None:
    await upgrade_to(old_url, "0011")
    connection = await asyncpg.connect(old_url)
    await prepare_connection(connection)
    await connection.execute(f"DELETE FROM rollup_late; {RECENT_OF_0011}")
    await upgrade_to(old_url, "head")
    assert await connection.fetchval("SELECT count(*) FROM rollup_recent WHERE grain = 10") > 0
    verification = await verify(connection)
    assert (verification.visits, verification.differences) == (400, 0)
    await merge_everything(connection)
    assert (await verify(connection)).differences == 0
    await connection.close()


async def test_only_texts_that_differ_are_written_and_what_is_nothing_stays(old_url: str) -> None:
    connection = await asyncpg.connect(old_url)
    before = dict(await connection.fetch("SELECT id, ctid::text FROM customers"))
    await upgrade_to(old_url, "head")
    rows = await connection.fetch("SELECT id, nome, email, telefone FROM customers ORDER BY id")
    assert [tuple(row) for row in rows] == [
        (1, "José Lima", "jose@mail.com", "11 987"),
        (2, "José", "JOSE@mail.com", None),
        (3, "Ana", "Jose@Mail.com", "1"),
        (4, "\u200b", "ana@mail.com", "\u200b"),
        (5, "Íris", "iris@mail.com", "5"),
        (6, "x", "i\u200bris@mail.com", "6"),  # the address is another customer's
    ]
    after = dict(await connection.fetch("SELECT id, ctid::text FROM customers"))
    assert after[5] == before[5]
    await connection.close()


async def test_customers_that_differ_by_case_alone_stay_and_no_other_joins_them(old_url: str) -> None:
    connection = await asyncpg.connect(old_url)
    async with running_app(make_settings(old_url)) as app, client_of(app, await token_of(app, connection)) as client:
        await assert_indicators_are_exact(client, connection)
        found = (await client.get("/v1/customers", params={"email": "jOSE@mail.com"})).json()["clientes"]
        assert [row["id"] for row in found] == [1, 2, 3]
        answer = await client.post("/v1/customers", json={"nome": "n", "email": "JosE@mail.com"})
        assert answer.status_code == 409
        for email, status in (("JOSE@mail.com", 200), ("JOSE@MAIL.com", 200), ("iris@mail.com", 409)):
            put = await client.put("/v1/customers/2", json={"nome": "José", "email": email})
            assert put.status_code == status, put.text
        load = await load_file(client, "customers", "2;J;jose@mail.com;\n9;K;jose@mail.com;\n", on_conflict="update")
        assert [(reject["reason"], reject["rows"]) for reject in load["rejects"]] == [("duplicate_email", 1)]
        assert load["rows_updated"] == 1
    await connection.close()
