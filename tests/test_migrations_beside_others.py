"""A later version's migration while the tables are in use: it lets go of them, tries again, and loads give it room."""

import asyncio
import os
import sys
from pathlib import Path

import asyncpg
import httpx
from behind_haproxy import later_version
from conftest import ClientAs
from load_client import finished, load_file, send
from waiting import blocked_by

from logistics_indicators.database import Lock, is_migrating

UPGRADE = "from logistics_indicators.running.migrations import upgrade; upgrade()"
ADDED = "SELECT count(*) FROM information_schema.columns WHERE column_name = 'of_a_later_version'"
HAS_TABLE = "SELECT EXISTS (SELECT FROM pg_locks WHERE pid = $1 AND mode = 'AccessExclusiveLock' AND granted)"
ASKED_SINCE = """
SELECT EXISTS (
    SELECT FROM pg_stat_activity
    WHERE datname = current_database() AND query LIKE '%pg_try_advisory_xact_lock_shared%'
        AND query_start AT TIME ZONE 'UTC' > (SELECT max(received_at) FROM loads)
)
"""
CUSTOMER = "id;nome;email;telefone\n1;Íris;iris@example.com;\n"


async def test_a_migration_lets_go_of_what_it_has_while_it_cannot_have_all(
    tmp_path: Path, database_url: str, connection: asyncpg.Connection
) -> None:
    environment = os.environ | {"DATABASE_URL": database_url, "PYTHONPATH": str(later_version(tmp_path))}
    async with connection.transaction():
        await connection.execute("LOCK TABLE services IN ROW EXCLUSIVE MODE")  # as whoever writes visits has it
        upgrade = await asyncio.create_subprocess_exec(sys.executable, "-c", UPGRADE, env=environment)
        (waiting,) = await blocked_by(connection)
        assert await connection.fetchval(HAS_TABLE, waiting)  # customers, which come first
        async with asyncio.timeout(30):
            while await connection.fetchval(HAS_TABLE, waiting):
                await asyncio.sleep(0.01)
        await connection.execute("INSERT INTO customers (nome, email) VALUES ('Íris', 'iris@example.com')")
    assert await upgrade.wait() == 0
    assert await connection.fetchval(ADDED) == 4


async def test_loads_begin_nothing_while_a_migration_goes_on(
    client: httpx.AsyncClient, connection: asyncpg.Connection, database_url: str
) -> None:
    migrating = await asyncpg.connect(database_url)
    assert not await is_migrating(connection)
    await migrating.execute("SELECT pg_advisory_lock($1)", Lock.migrations.value)
    assert await is_migrating(connection)
    load_id = (await send(client, "customers", CUSTOMER)).json()["load"]["id"]
    async with asyncio.timeout(30):
        while not await connection.fetchval(ASKED_SINCE):
            await asyncio.sleep(0.01)
    assert (await client.get(f"/v1/loads/{load_id}")).json()["status"] == "received"
    await migrating.close()
    assert (await finished(client, load_id))["rows_inserted"] == 1


async def test_a_load_goes_on_in_a_process_of_the_version_before(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    await load_file(client, "customers", CUSTOMER)  # its statements are prepared now
    await connection.execute("ALTER TABLE loads ADD COLUMN of_a_later_version text")
    for _ in range(2):
        again = await load_file(client, "customers", CUSTOMER)
        assert (again["status"], again["rows_unchanged"]) == ("completed", 1)
    assert await connection.fetchval("SELECT max(attempts) FROM loads") == 0


async def test_a_request_of_the_version_before_is_told_to_come_again_at_the_worst(
    client_as: ClientAs, connection: asyncpg.Connection
) -> None:
    admin = await client_as("admin")
    loads = [await load_file(admin, "customers", f"id;nome;email;telefone\n{n};A;{n}@b.co;\n") for n in (1, 2)]
    assert (await admin.delete(f"/v1/loads/{loads[0]['id']}")).status_code == 200
    await connection.execute("ALTER TABLE loads ADD COLUMN of_a_later_version text")
    undone = await admin.delete(f"/v1/loads/{loads[1]['id']}")
    if undone.status_code == 503:
        assert undone.headers["Retry-After"] == "1"
        undone = await admin.delete(f"/v1/loads/{loads[1]['id']}")
    assert undone.status_code == 200
