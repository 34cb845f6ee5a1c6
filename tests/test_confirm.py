"""Looking at a file, and then loading it from the bytes that the service has still."""

import asyncio
from unittest.mock import AsyncMock, patch

import asyncpg
import httpx
import pytest
from conftest import ClientAs, client_of, make_settings, running_app
from load_client import (
    client_with,
    counts,
    finished,
    load_file,
    rejects_of,
    send,
    token_of,
    until_nothing_is_spooled,
)
from workbooks import by_openpyxl

from logistics_indicators.accounts.audit import Actor
from logistics_indicators.accounts.current_user import Role, User
from logistics_indicators.errors import InsufficientStorage
from logistics_indicators.loads.confirming import Changes, confirm_load
from logistics_indicators.loads.receiving.room import Room
from logistics_indicators.loads.working.sweeping import sweep

CUSTOMERS = "Código;Nome;E-mail;Obs\n1;Íris;iris@example.com;x\n2;;bia@example.com;\n"
AS_SENT = [["1", "Íris", "iris@example.com", "x"], ["2", "", "bia@example.com", ""]]
SPOOLED = "SELECT count(*) FROM load_chunks"


async def confirmed(client: httpx.AsyncClient, load_id: int, **query: str) -> httpx.Response:
    return await client.post(f"/v1/loads/{load_id}/confirm", params=query)


async def preview(client: httpx.AsyncClient, load_id: int, **query: int) -> httpx.Response:
    return await client.get(f"/v1/loads/{load_id}/preview", params=query)


async def test_what_was_tried_is_loaded_without_being_sent_again(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    trial = await load_file(client, "customers", CUSTOMERS, validate_only=True)
    answer = await confirmed(client, trial["id"])
    assert answer.status_code == 202
    load = await finished(client, answer.json()["load"]["id"])
    assert answer.headers["Location"] == f"/v1/loads/{load['id']}"
    assert (load["confirms"], load["validate_only"], load["status"]) == (trial["id"], False, "completed")
    assert counts(load) == counts(trial) == (2, 1, 0, 0, 1)
    assert await rejects_of(client, load["id"]) == await rejects_of(client, trial["id"])
    same = ("kind", "filename", "bytes", "sha256", "format", "encoding", "header", "columns", "ignored", "warnings")
    assert {name: load[name] for name in same} == {name: trial[name] for name in same}
    assert await connection.fetchval("SELECT nome FROM customers") == "Íris"
    await until_nothing_is_spooled(connection)
    assert await connection.fetchval(SPOOLED) == 0


async def test_a_double_click_loads_once(client: httpx.AsyncClient, connection: asyncpg.Connection) -> None:
    trial = await load_file(client, "customers", CUSTOMERS, validate_only=True)
    answers = await asyncio.gather(*(confirmed(client, trial["id"]) for _ in range(4)))
    ids = {answer.json()["load"]["id"] for answer in answers}
    assert len(ids) == 1
    await finished(client, ids.pop())
    later = await confirmed(client, trial["id"])
    assert (later.status_code, later.json()["load"]["status"]) == (202, "completed")
    assert await connection.fetchval("SELECT count(*) FROM loads") == 2


async def test_a_confirmation_that_is_cut_off_leaves_the_trial_as_it_was(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    trial = await load_file(client, "customers", CUSTOMERS, validate_only=True)
    cut_off = connection.transaction()
    await cut_off.start()
    user = User(1, "ana", "ana@example.com", Role.analyst)
    await confirm_load(connection, trial["id"], Changes(None, None), user, Actor.of(user, None), AsyncMock())
    await cut_off.rollback()
    assert (await preview(client, trial["id"])).json()["rows"] == AS_SENT
    load = await finished(client, (await confirmed(client, trial["id"])).json()["load"]["id"])
    assert counts(load) == counts(trial)


async def test_a_trial_s_first_rows_are_seen_while_its_file_is_loaded(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    trial = await load_file(client, "customers", CUSTOMERS, validate_only=True)
    async with connection.transaction():
        await connection.execute("LOCK TABLE customers IN ACCESS EXCLUSIVE MODE")
        load = (await confirmed(client, trial["id"])).json()["load"]
        assert (await preview(client, trial["id"])).json()["rows"] == AS_SENT
    await finished(client, load["id"])
    assert (await preview(client, trial["id"])).status_code == 409


async def test_options_may_be_asked_otherwise(client: httpx.AsyncClient, connection: asyncpg.Connection) -> None:
    await load_file(client, "customers", "id;nome;email;telefone\n1;Ana;iris@example.com;\n")
    trial = await load_file(client, "customers", CUSTOMERS, validate_only=True)
    answer = await confirmed(client, trial["id"], on_conflict="update")
    load = await finished(client, answer.json()["load"]["id"])
    assert (trial["on_conflict"], load["on_conflict"], load["rows_updated"]) == ("reject", "update", 1)
    assert await connection.fetchval("SELECT nome FROM customers") == "Íris"
    wrong = await load_file(client, "customers", CUSTOMERS, validate_only=True)
    assert (await confirmed(client, wrong["id"], unknown_customer="wait")).status_code == 422


async def test_what_was_confirmed_is_confirmed_again_in_the_same_way_alone(client: httpx.AsyncClient) -> None:
    trial = await load_file(client, "customers", CUSTOMERS, validate_only=True)
    first = (await confirmed(client, trial["id"], on_conflict="update")).json()["load"]
    again = await confirmed(client, trial["id"], on_conflict="update")
    assert (again.status_code, again.json()["load"]["id"]) == (202, first["id"])
    for other in ({}, {"on_conflict": "reject"}, {"on_conflict": "update", "unknown_customer": "wait"}):
        refused = await confirmed(client, trial["id"], **other)
        assert refused.status_code == 409
        assert f"load {first['id']}" in refused.json()["detail"]


async def test_a_confirmed_load_that_was_undone_is_no_answer(client_as: ClientAs) -> None:
    admin = await client_as("admin")
    trial = await load_file(admin, "customers", CUSTOMERS, validate_only=True)
    load = await finished(admin, (await confirmed(admin, trial["id"])).json()["load"]["id"])
    assert (await admin.delete(f"/v1/loads/{load['id']}")).status_code == 200
    refused = await confirmed(admin, trial["id"])
    assert refused.status_code == 409
    assert "undone" in refused.json()["detail"]


async def test_an_analyst_drops_a_trial_of_their_own_and_its_file_goes_at_once(
    connection: asyncpg.Connection, database_url: str
) -> None:
    async with client_with(connection, database_url, load_spool_bytes_per_user=1024) as client:
        rows = "".join(f"{n};Ana {n};a{n}@example.com;\n" for n in range(1, 60))
        trial = await load_file(client, "customers", f"id;nome;email;telefone\n{rows}", validate_only=True)
        assert (await send(client, "customers", CUSTOMERS)).status_code == 429
        dropped = await client.delete(f"/v1/loads/{trial['id']}")
        assert (dropped.status_code, dropped.json()["status"]) == (200, "undone")
        assert await connection.fetchval(SPOOLED) == 0
        assert (await preview(client, trial["id"])).status_code == 409
        assert (await confirmed(client, trial["id"])).status_code == 409
        assert (await client.delete(f"/v1/loads/{trial['id']}")).status_code == 409
        assert (await send(client, "customers", CUSTOMERS)).status_code == 202


async def test_an_analyst_undoes_neither_loads_nor_the_trials_of_others(client_as: ClientAs) -> None:
    ana, bia = await client_as("analyst"), await client_as("analyst")
    load = await load_file(ana, "customers", CUSTOMERS)
    trial = await load_file(ana, "customers", CUSTOMERS, validate_only=True)
    assert (await ana.delete(f"/v1/loads/{load['id']}")).status_code == 403
    assert (await bia.delete(f"/v1/loads/{trial['id']}")).status_code == 403
    assert (await preview(bia, trial["id"])).status_code == 200


async def test_who_has_no_room_confirms_no_trial_of_another(connection: asyncpg.Connection, database_url: str) -> None:
    rows = "".join(f"{n};Ana {n};a{n}@example.com;\n" for n in range(1, 60))
    async with running_app(make_settings(database_url, load_spool_bytes_per_user=1024)) as app:
        ana = client_of(app, await token_of(app, connection))
        bia = client_of(app, await token_of(app, connection))
        trial = await load_file(ana, "customers", CUSTOMERS, validate_only=True)
        full = await load_file(bia, "customers", f"id;nome;email;telefone\n{rows}", validate_only=True)
        refused = await confirmed(bia, trial["id"])
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, "30")
        assert (await confirmed(ana, trial["id"])).status_code == 202
        assert (await confirmed(bia, trial["id"])).status_code == 202, "it is told the load that there is"
        assert (await confirmed(bia, full["id"])).status_code == 202, "it takes no more than it did"


async def test_a_full_disk_takes_no_confirmation(connection: asyncpg.Connection, database_url: str) -> None:
    async with client_with(connection, database_url) as client:
        trial = await load_file(client, "customers", CUSTOMERS, validate_only=True)
        with patch.object(Room, "_check_disk", side_effect=InsufficientStorage("full")):
            assert (await confirmed(client, trial["id"])).status_code == 507
        assert (await confirmed(client, trial["id"])).status_code == 202


async def test_only_a_completed_trial_is_confirmed(client_as: ClientAs) -> None:
    admin = await client_as("admin")
    load = await load_file(admin, "customers", CUSTOMERS)
    assert (await confirmed(admin, load["id"])).status_code == 409
    failed = await load_file(admin, "customers", CUSTOMERS, validate_only=True, max_rejects=0)
    assert (await confirmed(admin, failed["id"])).status_code == 409
    undone = await load_file(admin, "customers", CUSTOMERS, validate_only=True)
    assert (await admin.delete(f"/v1/loads/{undone['id']}")).status_code == 200
    assert (await confirmed(admin, undone["id"])).status_code == 409
    assert (await confirmed(admin, 999)).status_code == 404


async def test_a_trial_is_kept_for_an_hour_and_then_swept(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    trial = await load_file(client, "customers", CUSTOMERS, validate_only=True)
    await sweep(connection, 90)
    assert await connection.fetchval(SPOOLED) == 1
    await connection.execute("UPDATE loads SET finished_at = finished_at - interval '2 hours'")
    await sweep(connection, 90)
    assert await connection.fetchval(SPOOLED) == 0
    answer = await confirmed(client, trial["id"])
    assert (answer.status_code, answer.headers["Content-Type"]) == (409, "application/problem+json")
    assert (await preview(client, trial["id"])).status_code == 409


async def test_a_file_of_which_a_part_is_gone_is_not_loaded(connection: asyncpg.Connection, database_url: str) -> None:
    async with client_with(connection, database_url, load_chunk_bytes=64) as client:
        rows = "".join(f"{n};Ana {n};a{n}@example.com;\n" for n in range(1, 20))
        trial = await load_file(client, "customers", f"id;nome;email;telefone\n{rows}", validate_only=True)
        await connection.execute("DELETE FROM load_chunks WHERE seq = 1")
        assert (await confirmed(client, trial["id"])).status_code == 409
        assert await connection.fetchval("SELECT count(*) FROM loads") == 1


async def test_trials_count_among_the_users_files(connection: asyncpg.Connection, database_url: str) -> None:
    async with client_with(connection, database_url, load_spool_bytes_per_user=1024) as client:
        rows = "".join(f"{n};Ana {n};a{n}@example.com;\n" for n in range(1, 60))
        trial = await load_file(client, "customers", f"id;nome;email;telefone\n{rows}", validate_only=True)
        assert (await send(client, "customers", CUSTOMERS)).status_code == 429
        load = (await confirmed(client, trial["id"])).json()["load"]
        await finished(client, load["id"])
        await until_nothing_is_spooled(connection)
        assert (await send(client, "customers", CUSTOMERS)).status_code == 202


async def test_the_first_rows_are_shown_as_they_were_sent(client: httpx.AsyncClient) -> None:
    trial = await load_file(client, "customers", CUSTOMERS, validate_only=True)
    assert (await preview(client, trial["id"])).json() == {
        "columns": ["Código", "Nome", "E-mail", "Obs"],
        "rows": AS_SENT,
        "meant": {"id": "Código", "nome": "Nome", "email": "E-mail"},
    }
    assert (await preview(client, trial["id"], rows=1)).json()["rows"] == AS_SENT[:1]
    assert (await preview(client, trial["id"], rows=0)).status_code == 422


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "utf-8-sig"])
async def test_a_preview_reads_the_files_encoding_and_quotes(client: httpx.AsyncClient, encoding: str) -> None:
    text = 'id;nome;email;telefone\r\n\r\n1;"Íris ""I""\r\nde Sá; filha";iris@example.com;\r\n'
    trial = await load_file(client, "customers", text.encode(encoding), validate_only=True)
    assert (await preview(client, trial["id"])).json()["rows"] == [
        ["1", 'Íris "I"\r\nde Sá; filha', "iris@example.com", ""]
    ]


async def test_a_workbook_and_a_file_without_a_header_are_shown(client: httpx.AsyncClient) -> None:
    file = by_openpyxl([["id", "nome", "email", "telefone"], [1, "Íris", "iris@example.com", None]])
    trial = await load_file(client, "customers", file, validate_only=True)
    assert (await preview(client, trial["id"])).json()["rows"] == [["1", "Íris", "iris@example.com", ""]]
    plain = await load_file(client, "customers", "7;Ana;ana@example.com;\n", header="none", validate_only=True)
    shown = (await preview(client, plain["id"])).json()
    assert (shown["columns"], shown["rows"]) == (
        [f"column {n}" for n in (1, 2, 3, 4)],
        [["7", "Ana", "ana@example.com", ""]],
    )


async def test_a_load_that_waits_is_shown_and_one_that_was_loaded_is_not(
    connection: asyncpg.Connection, database_url: str
) -> None:
    async with client_with(connection, database_url, load_workers=0) as client:
        load = (await send(client, "customers", CUSTOMERS)).json()["load"]
        assert (await preview(client, load["id"])).json()["rows"] == AS_SENT
        assert (await confirmed(client, load["id"])).status_code == 409
    async with client_with(connection, database_url) as client:
        await finished(client, load["id"])
        await until_nothing_is_spooled(connection)
        assert (await preview(client, load["id"])).status_code == 409
