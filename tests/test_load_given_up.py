import asyncio
import time
from typing import Any

import asyncpg
import httpx
import pytest
from load_client import client_with, counts, finished, load_file, send, until_nothing_is_spooled
from structlog.testing import capture_logs

from logistics_indicators.loads.parsing.chunk import ParsedChunk, parse_chunk
from logistics_indicators.loads.working import chunks
from logistics_indicators.loads.working.work import MOST_ATTEMPTS

CUSTOMERS = "1;Ana;ana@mail.com;\n2;Rui;rui@mail.com;\n"
SERVICES = "\n".join(f"{i};1;Ana;CE - SOBRAL;30/06/2021;29/06/2021" for i in range(1, 9))


async def test_a_load_that_cannot_go_on_fails_alone_and_leaves_nothing(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    await load_file(client, "customers", CUSTOMERS)
    await connection.execute("ALTER TABLE services ADD CONSTRAINT never_seven CHECK (id <> 7)")
    load = await load_file(client, "services", SERVICES)
    assert load["status"] == "failed"
    assert load["error"] == "The load met an error on our side; the log has it."
    assert await connection.fetchval("SELECT count(*) FROM services") == 0
    assert (await client.get("/v1/indicators/sla/angel")).json()["sla_angel"] == []
    await until_nothing_is_spooled(connection)

    await connection.execute("ALTER TABLE services DROP CONSTRAINT never_seven")
    assert (await load_file(client, "services", SERVICES))["rows_inserted"] == 8


SLOW_DELETE = """
CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM pg_sleep(0.02); RETURN OLD; END $$;
CREATE TRIGGER slowly BEFORE DELETE ON customers FOR EACH ROW EXECUTE FUNCTION slowly()
"""


async def test_a_load_whose_taking_back_outlasts_a_claim_fails_all_the_same(
    database_url: str, connection: asyncpg.Connection
) -> None:
    """It would be tried again for ever, and every later load would wait for it."""
    await connection.execute(SLOW_DELETE)
    rows = "".join(f"{n};Ana;ana{n}@mail.com;\n" for n in range(1, 101))
    async with client_with(connection, database_url, load_claim_seconds=1, load_chunk_bytes=512) as client:
        load = await load_file(client, "customers", f"id;nome;email;telefone\n{rows}email;id;nome;telefone\n")
        assert load["status"] == "failed"
        assert "is another header" in load["error"]
        assert await connection.fetchval("SELECT count(*) FROM customers") == 0
        assert (await load_file(client, "customers", CUSTOMERS))["rows_inserted"] == 2


SLOW_INSERT = """
CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM pg_sleep(30); RETURN NEW; END $$;
CREATE TRIGGER slowly BEFORE INSERT ON customers FOR EACH ROW WHEN (NEW.id = 7) EXECUTE FUNCTION slowly();
ALTER TABLE customers ENABLE ALWAYS TRIGGER slowly
"""


async def test_a_load_whose_step_is_always_too_slow_fails_and_others_go_on(
    database_url: str, connection: asyncpg.Connection
) -> None:
    await connection.execute(SLOW_INSERT)
    async with client_with(connection, database_url, load_claim_seconds=1) as client:
        load = await load_file(client, "customers", "7;Ana;ana7@mail.com;\n")
        assert load["status"] == "failed"
        assert load["error"].startswith("A step of the load took longer than LOAD_CLAIM_SECONDS, 5 times in a row")
        assert (await load_file(client, "customers", CUSTOMERS))["rows_inserted"] == 2


RACED_INSERT = """
CREATE SEQUENCE tries;
CREATE FUNCTION raced() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF nextval('tries') <= 30 THEN RAISE unique_violation; END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER raced BEFORE INSERT ON customers FOR EACH ROW EXECUTE FUNCTION raced();
ALTER TABLE customers ENABLE ALWAYS TRIGGER raced
"""


async def test_a_load_whose_keys_others_write_meanwhile_goes_on_far_beyond_other_failures(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    """As if somebody had written and taken back a key of it, between the look for it and its row, each time.

    An attempt inserts twice at most, so 30 refusals are at least 15 attempts.
    """
    await connection.execute(RACED_INSERT)
    load = await load_file(client, "customers", CUSTOMERS)
    assert (load["status"], counts(load)) == ("completed", (2, 2, 0, 0, 0))


async def test_a_chunk_that_is_read_for_longer_than_a_claim_is_loaded(
    database_url: str, connection: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def at_leisure(*given: Any) -> ParsedChunk:
        time.sleep(2.5)
        return parse_chunk(*given)

    monkeypatch.setattr(chunks, "parse_chunk", at_leisure)
    async with client_with(connection, database_url, load_claim_seconds=1) as client:
        assert counts(await load_file(client, "customers", CUSTOMERS)) == (2, 2, 0, 0, 0)


async def test_a_load_that_waits_for_others_is_not_given_up(database_url: str, connection: asyncpg.Connection) -> None:
    async with client_with(connection, database_url, load_claim_seconds=1) as client:
        with capture_logs() as logs:
            async with connection.transaction():
                await connection.execute("LOCK TABLE customers IN ACCESS EXCLUSIVE MODE")
                load = (await send(client, "customers", CUSTOMERS)).json()["load"]
                async with asyncio.timeout(60):
                    while sum("LockNotAvailableError" in str(entry.get("reason")) for entry in logs) <= MOST_ATTEMPTS:
                        await asyncio.sleep(0.05)
        assert counts(await finished(client, load["id"])) == (2, 2, 0, 0, 0)
