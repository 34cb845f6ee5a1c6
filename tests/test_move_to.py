"""move-to: a database goes to another server as it is, readers are served meanwhile, and nothing is lost."""

import asyncio
import os
import re
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
import structlog
from command_line import Run
from conftest import SAMPLES, SECRET, client_of, make_settings, running_app
from load_client import assert_indicators_are_exact, client_with, finished, load_file, send
from other_servers import PostgreSQL15, empty_database, server_beside
from waiting import blocked_by

from logistics_indicators.database import Lock
from logistics_indicators.running.client_programs import called, without_password
from logistics_indicators.running.embedded import EmbeddedPostgres
from logistics_indicators.running.local_database import CommandFailed
from logistics_indicators.running.migrations import MigrationError, migrate
from logistics_indicators.running.moving import UNFINISHED, compare, copy_database
from logistics_indicators.running.writers_held import (
    AlreadyMoved,
    open_gate,
    refuse_what_was_moved,
    shut_for_good,
    writers_held,
)

ANSWERS = ("/v1/indicators/sla/polo", "/v1/indicators/productivity", "/v1/services?limit=100", "/v1/customers/total")
NEW_CUSTOMER = {"nome": "Íris", "email": "iris@example.com"}
HELD = "INSERT INTO customers (nome, email) VALUES ('Rui', 'rui@example.com')"
SHUT_BY_0_1 = """
CREATE OR REPLACE FUNCTION logistics_gate() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION
'the database takes no changes: it is moved' USING ERRCODE = 'read_only_sql_transaction'; RETURN NULL; END$$
"""
TRIGGERS = "SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal AND tgname <> 'customers_stay'"


@pytest.fixture(scope="module")
def beside() -> Iterator[EmbeddedPostgres]:
    with server_beside(EmbeddedPostgres) as server:
        yield server


@pytest.fixture
async def target(beside: EmbeddedPostgres) -> AsyncIterator[str]:
    async with empty_database(beside.url("postgres")) as url:
        yield url


@pytest.fixture(params=[EmbeddedPostgres, PostgreSQL15], ids=["the same version", "PostgreSQL 15"])
async def any_target(request: pytest.FixtureRequest) -> AsyncIterator[str]:
    with server_beside(request.param) as server:
        async with empty_database(server.url("postgres")) as url:
            yield url


async def answers(client: httpx.AsyncClient) -> list[Any]:
    return [(await client.get(path)).json() for path in ANSWERS]


async def refusal(client: httpx.AsyncClient) -> tuple[int, str, str]:
    answer = await client.post("/v1/customers", json=NEW_CUSTOMER)
    return answer.status_code, answer.headers["Retry-After"], answer.json()["detail"]


REFUSED = 503, "10", "The database takes no changes for now; what is there can be read. Try again in a moment."
MOVED = (
    *(503, "10"),
    "The database was moved to another server, and takes no changes here any more; what is there can be read. Whoever "
    "runs the service starts it on the new one: its log says where that is.",
)


async def test_a_database_is_moved_as_it_is_and_its_loads_go_on_there(
    connection: asyncpg.Connection, database_url: str, any_target: str, locally: Run
) -> None:
    async with client_with(connection, database_url) as client:
        for kind in ("customers", "services"):
            await load_file(client, kind, SAMPLES / f"{kind}.csv")
    async with client_with(connection, database_url, load_workers=0) as client:
        customer = (await client.get("/v1/customers?limit=1")).json()["clientes"][0]["id"]
        row = f"900001;{customer};Rui;SP - Santos;2021-06-30;2021-06-29 10:00:00"
        waiting = (await send(client, "services", row, header="none")).json()["load"]["id"]
        before = await answers(client)
        place = without_password(any_target)
        moved = await locally("move-to", any_target)
        assert moved.code == 0, moved.err
        assert "Next: stop the service, and start it with DATABASE_URL" in moved.out
        assert await answers(client) == before
        with structlog.testing.capture_logs() as lines:
            assert await refusal(client) == MOVED
        (line,) = [line for line in lines if line["event"] == "database_failure"]
        assert place in str(line["exc_info"])
        again = await locally("move-to", any_target)
        by_hand = await locally("undo", 1)
        for refused in (again, by_hand):
            assert (refused.code, refused.out) == (2, "")
            assert f"was moved away already. It is at {place} now: name that one, as DATABASE_URL." in refused.err
        assert (await locally("loads")).code == 0
        opened = await locally("move-to", "--reopen")
        assert (opened.code, opened.out) == (0, "The database takes changes again.\n")
        assert (await client.post("/v1/customers", json=NEW_CUSTOMER)).status_code == 201
        assert await connection.fetchval(TRIGGERS) == 0

    there = await asyncpg.connect(any_target)
    assert await there.fetchval(TRIGGERS) == 0
    async with client_with(there, any_target) as client:
        assert (await finished(client, waiting))["rows_inserted"] == 1
        assert (await client.get("/v1/services/900001")).json()["angel"] == "Rui"
        assert (await client.post("/v1/customers", json=NEW_CUSTOMER)).status_code == 201
        await assert_indicators_are_exact(client, there)
    await there.close()


async def start_moving(database_url: str, target: str) -> Process:
    words = "-m", "logistics_indicators", "move-to"
    settings = {"DATABASE_URL": database_url, "JWT_SECRET_KEY": SECRET, "LOGISTICS_MOVE_TO": target}
    return await asyncio.create_subprocess_exec(
        sys.executable, *words, env=os.environ | settings, stdin=DEVNULL, stdout=PIPE, stderr=PIPE
    )


async def test_a_write_under_way_is_waited_for_and_moves_too_while_readers_are_served_and_writers_refused(
    client: httpx.AsyncClient, connection: asyncpg.Connection, database_url: str, target: str
) -> None:
    made = await client.post("/v1/tokens", json={"name": "painel", "role": "viewer", "scopes": ["read"]})
    async with connection.transaction():
        # As a write that began behind the gate's triggers, while nobody held it yet.
        await connection.execute("SELECT pg_advisory_xact_lock_shared($1)", Lock.moving.value)
        moving = await start_moving(database_url, target)
        await blocked_by(connection)
        assert await refusal(client) == REFUSED
        assert (await client.get("/v1/indicators/sla/polo")).status_code == 200
        with_token = {"Authorization": f"Bearer {made.json()['token']}"}
        assert (await client.get("/v1/customers/total", headers=with_token)).json() == {"total": 0}
        await connection.execute(HELD)
    _, err = await moving.communicate()
    assert moving.returncode == 0, err
    there = await asyncpg.connect(target)
    assert await there.fetchval("SELECT nome FROM customers") == "Rui"
    await there.close()
    assert await refusal(client) == MOVED


async def test_a_move_that_is_killed_leaves_the_old_database_as_it_was_and_can_be_made_again(
    client: httpx.AsyncClient, connection: asyncpg.Connection, database_url: str, target: str, locally: Run
) -> None:
    async with connection.transaction():
        await connection.execute("LOCK TABLE presets IN EXCLUSIVE MODE")
        moving = await start_moving(database_url, target)
        assert await blocked_by(connection)
        moving.kill()
        await moving.wait()
    async with asyncio.timeout(60):
        while (await client.post("/v1/customers", json=NEW_CUSTOMER)).status_code == 503:
            await asyncio.sleep(0.05)
    await copy_database(database_url, target, lambda _: None)  # as one that was killed when all was copied
    assert (await client.post("/v1/customers", json={"nome": "Bia", "email": "bia@example.com"})).status_code == 201

    moved = await locally("move-to", target)
    assert moved.code == 0, moved.err
    there = await asyncpg.connect(target)
    assert await there.fetchval("SELECT array_agg(nome ORDER BY nome) FROM customers") == ["Bia", "Íris"]
    await there.close()


async def test_a_place_of_any_spelling_is_told_as_it_is(connection: asyncpg.Connection) -> None:
    place = "postgresql://ana@advisory-db/x?options=$$'{gate}%\\"
    async with writers_held(connection):
        await shut_for_good(connection, place)
    with pytest.raises(AlreadyMoved) as told:
        await refuse_what_was_moved(connection)
    assert place in str(told.value)
    with pytest.raises(asyncpg.ReadOnlySQLTransactionError) as refused:
        await connection.execute(HELD)
    assert refused.value.hint == place
    await open_gate(connection)
    await connection.execute(HELD)


async def test_a_database_that_an_earlier_release_shut_is_told_as_moved(
    client: httpx.AsyncClient, connection: asyncpg.Connection, locally: Run
) -> None:
    async with writers_held(connection):
        await connection.execute(SHUT_BY_0_1)
    assert await refusal(client) == REFUSED
    assert "This database was moved away already. `move-to --reopen`" in (await locally("undo", 1)).err


async def test_a_copy_that_is_cut_off_leaves_nothing(database_url: str, target: str) -> None:
    def cut(_: int) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        await copy_database(database_url, target, cut)
    there = await asyncpg.connect(target)
    assert await there.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0
    await there.close()


async def test_nobody_begins_to_use_a_copy_that_the_next_move_throws_away(database_url: str, target: str) -> None:
    await copy_database(database_url, target, lambda _: None)
    with pytest.raises(MigrationError, match="the copy of a move that did not end: run move-to again"):
        await migrate(target)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ana:s%40crt@db:5433/visits?sslmode=require",
        "postgresql://ana@db:5433/visits?sslmode=require&password=s%40crt",
    ],
)
def test_a_password_is_seen_on_no_command_line(url: str) -> None:
    command, environment = called("psql", url)
    assert command[1:] == ["--dbname", "postgresql://ana@db:5433/visits?sslmode=require"]
    assert environment["PGPASSWORD"] == "s@crt"


def test_a_passphrase_that_would_be_seen_is_refused() -> None:
    with pytest.raises(CommandFailed, match="passphrase"):
        called("psql", "postgresql://ana@db/visits?sslkey=k.pem&sslpassword=s")


async def test_a_row_that_is_not_the_same_there_is_noticed(
    connection: asyncpg.Connection, database_url: str, target: str
) -> None:
    await connection.execute(HELD)
    await copy_database(database_url, target, lambda _: None)
    there = await asyncpg.connect(target)
    assert await compare(connection, there) > 1
    await there.execute("UPDATE customers SET telefone = '1'")
    with pytest.raises(CommandFailed, match="customers is not the same there: 1 rows here, 1 there"):
        await compare(connection, there)
    await there.close()


async def test_a_database_that_holds_something_or_is_not_utf8_is_refused_and_nothing_changes(
    client: httpx.AsyncClient, database_url: str, target: str, beside: EmbeddedPostgres, locally: Run
) -> None:
    there = await asyncpg.connect(target)
    await there.execute("CREATE TABLE notes (note text); INSERT INTO notes VALUES ('mine')")
    await there.execute(f"CREATE TEMPORARY TABLE {UNFINISHED} ()")  # which anyone may
    refused = await locally("move-to", target)
    assert (refused.code, refused.err[:40]) == (2, "Error: The database has tables already. ")
    assert await there.fetchval("SELECT note FROM notes") == "mine"
    await there.close()
    itself = await locally("move-to", database_url)
    assert (itself.code, itself.err[:40]) == (2, "Error: The database has tables already. ")
    ascii_only = "ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0"
    async with empty_database(beside.url("postgres"), ascii_only) as other:
        assert "encoding is SQL_ASCII" in (await locally("move-to", other)).err
    nowhere = await locally("move-to", "postgresql://a-user:a-secret-word@127.0.0.1:1/x")
    assert nowhere.code == 2
    assert "a-secret-word" not in nowhere.err + nowhere.out
    assert (await client.post("/v1/customers", json=NEW_CUSTOMER)).status_code == 201


async def test_a_service_starts_on_a_database_that_was_moved_away_and_answers(
    database_url: str, target: str, locally: Run
) -> None:
    assert (await locally("move-to", target)).code == 0
    async with running_app(make_settings(database_url)) as app, client_of(app) as client:
        assert (await client.get("/v1/health")).status_code == 200
        login = {"username": "ana", "password": "a long password of the tests", "email": "ana@example.com"}
        assert (await client.post("/v1/auth/register", json=login)).status_code == 503


async def test_a_backup_is_restored_into_either_version_and_verified(
    client: httpx.AsyncClient, any_target: str, locally: Run, tmp_path: Path
) -> None:
    for kind in ("customers", "services"):
        load = await load_file(client, kind, SAMPLES / f"{kind}.csv")
    dump = tmp_path / "logistics.dump"
    assert (await locally("backup", dump)).code == 0
    restored = await locally("restore", dump, "--verify", DATABASE_URL=any_target)
    visits = f"{load['rows_inserted']:,} visits, 0 differences"
    assert (restored.code, restored.out) == (0, f"Restored. {visits}. Start the service on it.\n"), restored.err


async def test_a_database_that_no_move_shut_is_not_opened_again(locally: Run, database_url: str) -> None:
    outcome = await locally("move-to", "--reopen")
    assert outcome.out == "Nothing to do: no move shut this database, and it takes changes as ever.\n", outcome.err


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://localhost/x", "its URL is not one of PostgreSQL. One is postgresql://user@host:5432/name."),
        ("logistics", "its URL is not one of PostgreSQL."),
        ("postgresql://ana@127.0.0.1:9/x", "nothing there answers as PostgreSQL does. Look at host, port"),
        ("postgresql://ana@127.0.0.1:x/x", "its URL is not one of PostgreSQL."),
        ("postgresql://ana:s3cret@no-such-host.invalid/x", "there is no host of that name."),
    ],
)
async def test_a_target_that_cannot_be_reached_is_told_in_a_sentence(locally: Run, url: str, why: str) -> None:
    outcome = await locally("move-to", url)
    assert (outcome.code, outcome.err.count("\n")) == (2, 1), outcome.err
    assert outcome.err.startswith(f"Error: The database to move to: {why}")
    assert "s3cret" not in outcome.err


async def test_a_server_that_lets_nobody_in_or_has_no_such_database_is_told(locally: Run, target: str) -> None:
    nowhere = await locally("move-to", re.sub(r"/\w+\?", "/no_such?", target))
    assert nowhere.err == (
        "Error: The database to move to: the server has no database of that name. Make it there first.\n"
    )
    nobody = await locally("move-to", re.sub("//[^@]+@", "//nobody@", target))
    assert nobody.err.startswith("Error: The database to move to: the server does not let this user in."), target
