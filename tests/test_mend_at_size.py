"""As many rows as a mend may have, in tables of which the planner knows nothing yet: their statistics are older.

A plan that compares each row with each other takes minutes here. The claim is short, so that it would be cut off.
"""

from collections.abc import AsyncIterator

import asyncpg
import httpx
import pytest
from load_client import client_with, counts, load_file
from mending import HEADER, VISITS, mended

ROWS = 20_000
RULE = {"where": {"column": "nome"}, "set": {"nome": "Rui"}}
"""Their addresses are wrong, too: each is rejected once more."""

JUST_WRITTEN = ("load_rejects", "customers", "customers_before", "services", "services_before", "services_waiting")


@pytest.fixture
async def client(database_url: str, connection: asyncpg.Connection) -> AsyncIterator[httpx.AsyncClient]:
    """Statistics are those that a test asks for."""
    for table in JUST_WRITTEN:
        await connection.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = off)")
    async with client_with(connection, database_url, load_claim_seconds=10) as client:
        yield client


async def test_a_large_mend_whose_rows_are_rejected_again(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    load = await load_file(client, "customers", HEADER + "".join(f"{n};;a@b;\n" for n in range(1, ROWS + 1)))
    await connection.execute("ANALYZE")
    mend = await mended(client, load, {"rule": RULE})
    assert (mend["status"], counts(mend)) == ("completed", (ROWS, 0, 0, 0, ROWS))
    found = (await client.get("/v1/rejects/counts", params={"load": load["id"]})).json()
    assert found["counts"] == [{"reason": "invalid_email", "column": "email", "value": "a@b", "rows": ROWS}]


async def test_the_undo_of_a_large_mend(client: httpx.AsyncClient, connection: asyncpg.Connection) -> None:
    load = await load_file(client, "customers", HEADER + "".join(f"{n};;a@b;\n" for n in range(1, ROWS + 1)))
    mend = await mended(client, load, {"rule": RULE})
    await connection.execute("ANALYZE")
    again = await mended(client, load, {"rule": {"where": {"reason": "invalid_email"}, "set": {"email": "x@y"}}})
    assert counts(again) == (ROWS, 0, 0, 0, ROWS)
    await connection.execute("UPDATE users SET role = 'admin'")
    undone = await client.delete(f"/v1/loads/{again['id']}")
    assert undone.status_code == 200, undone.text
    found = (await client.get("/v1/rejects/counts", params={"load": load["id"]})).json()
    assert [(group["value"], group["rows"]) for group in found["counts"]] == [("a@b", ROWS)]
    assert mend["status"] == "completed"


async def test_the_undo_of_a_large_update(client: httpx.AsyncClient, connection: asyncpg.Connection) -> None:
    def customers(name: str) -> str:
        return HEADER + "".join(f"{n};{name};a{n}@mail.com;\n" for n in range(1, ROWS + 1))

    await load_file(client, "customers", customers("Ana"))
    await connection.execute("ANALYZE")
    load = await load_file(client, "customers", customers("Bia"), on_conflict="update")
    assert counts(load) == (ROWS, 0, ROWS, 0, 0)
    await connection.execute("UPDATE users SET role = 'admin'")
    undone = await client.delete(f"/v1/loads/{load['id']}")
    assert undone.status_code == 200, undone.text
    assert await connection.fetchval("SELECT count(*) FROM customers WHERE nome = 'Ana'") == ROWS


async def test_the_undo_of_a_large_update_of_visits(client: httpx.AsyncClient, connection: asyncpg.Connection) -> None:
    def visits(name: str) -> str:
        return VISITS + "".join(f"{n};1;{name};CE - SOBRAL;30/06/2021;29/06/2021\n" for n in range(1, ROWS + 1))

    await load_file(client, "customers", HEADER + "1;Ana;ana@mail.com;\n")
    await load_file(client, "services", visits("Ana"))
    await connection.execute("ANALYZE")
    load = await load_file(client, "services", visits("Bia"), on_conflict="update")
    assert counts(load) == (ROWS, 0, ROWS, 0, 0)
    await connection.execute("UPDATE users SET role = 'admin'")
    undone = await client.delete(f"/v1/loads/{load['id']}")
    assert undone.status_code == 200, undone.text
    assert await connection.fetchval("SELECT count(*) FROM visits WHERE angel = 'Ana'") == ROWS


async def test_a_long_wait_of_a_mend_that_ends(client: httpx.AsyncClient, connection: asyncpg.Connection) -> None:
    load = await load_file(
        client, "services", VISITS + "".join(f"{n};7;Ana;CE - X;30/06/2021;-\n" for n in range(1, ROWS + 1))
    )
    await connection.execute("ANALYZE")
    rule = {"where": {"reason": "unknown_customer"}, "set": {}}
    mend = await mended(client, load, {"rule": rule}, unknown_customer="wait")
    assert mend["rows_waiting"] == ROWS
    ended = await client.delete(f"/v1/loads/{mend['id']}/waiting")
    assert ended.status_code == 200, ended.text
    found = (await client.get("/v1/rejects/counts", params={"load": load["id"]})).json()
    assert [(group["reason"], group["rows"]) for group in found["counts"]] == [("unknown_customer", ROWS)]
