"""What is swept away: however long it takes, and without standing in anybody's way."""

from typing import Any

import asyncpg
import httpx
import pytest
from load_client import client_with, load_file, until_nothing_is_spooled
from mending import HEADER, ask, mended

from logistics_indicators.loads.working.sweeping import sweep

SLOW_DELETE = """
CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM pg_sleep(0.02); RETURN OLD; END $$;
CREATE TRIGGER slowly BEFORE DELETE ON load_chunks FOR EACH ROW EXECUTE FUNCTION slowly()
"""


async def test_a_spool_whose_end_outlasts_a_claim_goes_all_the_same(
    database_url: str, connection: asyncpg.Connection
) -> None:
    await connection.execute(SLOW_DELETE)
    rows = "".join(f"{n};Ana;ana{n}@mail.com;\n" for n in range(1, 301))
    async with client_with(connection, database_url, load_claim_seconds=1, load_chunk_bytes=64) as client:
        load = await load_file(client, "customers", rows)
        assert load["rows_inserted"] == 300
        assert await connection.fetchval("SELECT chunks FROM loads") > 60
        await until_nothing_is_spooled(connection)


@pytest.fixture
async def load(client: httpx.AsyncClient) -> dict[str, Any]:
    """Old, with one reject."""
    return await load_file(client, "customers", f"{HEADER}x;Ana;ana@mail.com;\n")


async def make_old(connection: asyncpg.Connection, load_id: int) -> None:
    await connection.execute("UPDATE loads SET finished_at = finished_at - interval '31 days' WHERE id = $1", load_id)


async def stored(connection: asyncpg.Connection) -> list[int]:
    return [row["id"] for row in await connection.fetch("SELECT id FROM loads ORDER BY id")]


@pytest.mark.parametrize("old", ["load", "mend"])
async def test_an_old_load_that_a_mend_is_at_is_swept_once_it_is_not(
    client: httpx.AsyncClient, connection: asyncpg.Connection, database_url: str, load: dict[str, Any], old: str
) -> None:
    """Each would wait for the other: whoever works on a mend locks it, and then the rejects that it mends."""
    mend = await mended(client, load, {"edits": {"2": {"nome": "Bia"}}})
    await make_old(connection, (load if old == "load" else mend)["id"])
    await connection.execute("SET lock_timeout = '3s'")
    other = await asyncpg.connect(database_url)
    async with other.transaction():
        await other.execute("SELECT FROM loads WHERE id = $1 FOR UPDATE", (mend if old == "load" else load)["id"])
        await sweep(connection, 30)
        assert await stored(connection) == [load["id"], mend["id"]]
        await other.execute("UPDATE load_rejects SET is_taken = false WHERE load_id = $1", load["id"])
    await other.close()
    await sweep(connection, 30)
    assert await stored(connection) == [(mend if old == "load" else load)["id"]]
    if old == "mend":
        assert (await ask(client, load, {"edits": {"2": {"id": 1}}})).status_code == 202


async def test_a_chunk_that_a_worker_holds_still_is_swept_once_it_does_not(
    client: httpx.AsyncClient, connection: asyncpg.Connection, database_url: str, load: dict[str, Any]
) -> None:
    await until_nothing_is_spooled(connection)
    await connection.execute(
        "INSERT INTO load_chunks (load_id, seq, first_line, body) VALUES ($1, 0, 1, '')", load["id"]
    )
    await connection.execute("SET lock_timeout = '3s'")
    other = await asyncpg.connect(database_url)
    async with other.transaction():
        await other.execute("SELECT FROM load_chunks FOR UPDATE")
        await sweep(connection, 30)
    await other.close()
    await sweep(connection, 30)
    assert await connection.fetchval("SELECT count(*) FROM load_chunks") == 0
