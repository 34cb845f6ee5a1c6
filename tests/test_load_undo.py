"""Undoing, listing, watching and forgetting loads."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import httpx
import pytest
from conftest import ClientAs, client_of, make_settings, running_app
from listening import listening
from load_client import assert_indicators_are_exact, counts, finished, load_file, send, token_of
from test_load_reasons import CUSTOMERS, IRIS

from logistics_indicators.loads.working.sweeping import sweep


def visits(first: int, last: int, angel: str = "Ana", done: str = "2021-06-29 10:00:00", customer: int = 1) -> str:
    return "".join(f"{n};{customer};{angel};CE - X;2021-06-30;{done}\n" for n in range(first, last + 1))


async def ids(connection: asyncpg.Connection, table: str) -> list[int]:
    return [row["id"] for row in await connection.fetch(f"SELECT id FROM {table} ORDER BY id")]


@pytest.fixture
async def admin(client_as: ClientAs) -> httpx.AsyncClient:
    admin = await client_as("admin")
    await load_file(admin, "customers", IRIS)
    return admin


async def undo(client: httpx.AsyncClient, load: dict[str, Any]) -> httpx.Response:
    return await client.delete(f"/v1/loads/{load['id']}")


async def test_undo_takes_out_exactly_the_visits_that_the_load_inserted_and_the_indicators_follow(
    admin: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    await load_file(admin, "services", visits(1, 3))
    before = (await admin.get("/v1/indicators/sla/angel")).json()["sla_angel"]
    second = await load_file(admin, "services", visits(2, 6) + visits(7, 8, "Eva") + visits(9, 9, done="-"))
    assert counts(second) == (8, 6, 0, 2, 0)
    await load_file(admin, "services", visits(7, 7, "Eva") + visits(10, 10, "Rui"))

    answer = await undo(admin, second)
    assert (answer.status_code, answer.json()["status"]) == (200, "undone")
    assert await ids(connection, "services") == [1, 2, 3, 10]
    await assert_indicators_are_exact(admin, connection)
    after = (await admin.get("/v1/indicators/sla/angel")).json()["sla_angel"]
    assert [row for row in after if row["angel"] != "Rui"] == before
    assert (await admin.get(f"/v1/loads/{second['id']}")).json()["status"] == "undone"


async def test_undo_of_customers_takes_out_those_that_the_load_inserted(
    admin: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    load = await load_file(admin, "customers", CUSTOMERS)
    assert (await undo(admin, load)).json()["status"] == "undone"
    assert await ids(connection, "customers") == [1]


async def test_an_undone_file_can_be_loaded_again(admin: httpx.AsyncClient, connection: asyncpg.Connection) -> None:
    load = await load_file(admin, "services", visits(1, 5))
    await undo(admin, load)
    assert await ids(connection, "services") == []
    again = await load_file(admin, "services", visits(1, 5))
    assert counts(again) == (5, 5, 0, 0, 0)
    await assert_indicators_are_exact(admin, connection)


async def test_customers_that_visits_refer_to_cannot_be_undone_until_those_are(
    admin: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    customers = await load_file(admin, "customers", "2;Bia;bia@mail.com;\n3;Eva;eva@mail.com;\n")
    services = await load_file(admin, "services", visits(1, 2, customer=3))
    refused = await undo(admin, customers)
    assert refused.status_code == 409
    assert refused.json()["detail"] == (
        f"2 rows of services point at customers of load {customers['id']}: 2 by load {services['id']}. "
        f"Undo load {services['id']} first."
    )
    assert await ids(connection, "customers") == [1, 2, 3]
    assert (await undo(admin, services)).status_code == 200
    assert (await undo(admin, customers)).status_code == 200
    assert await ids(connection, "customers") == [1]


async def test_a_load_is_undone_once_however_often_it_is_asked(
    admin: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    load = await load_file(admin, "services", visits(1, 20))
    answers = await asyncio.gather(*(undo(admin, load) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    assert await ids(connection, "services") == []
    await assert_indicators_are_exact(admin, connection)


async def test_a_load_that_is_waiting_or_failed_or_unknown_cannot_be_undone(
    database_url: str, connection: asyncpg.Connection
) -> None:
    settings = make_settings(database_url, load_workers=0)
    async with running_app(settings) as app, client_of(app, await token_of(app, connection, "admin")) as client:
        waiting = (await send(client, "customers", IRIS)).json()["load"]
        failing = (await send(client, "customers", "0;Ana;a@mail.com;", max_rejects=0)).json()["load"]
        assert (await undo(client, waiting)).status_code == 409
        assert (await undo(client, {"id": 999})).status_code == 404
    settings = make_settings(database_url)
    async with running_app(settings) as app, client_of(app, await token_of(app, connection, "admin")) as client:
        assert (await finished(client, waiting["id"]))["status"] == "completed"
        assert (await finished(client, failing["id"]))["status"] == "failed"
        assert (await undo(client, failing)).status_code == 409
    assert await ids(connection, "customers") == [1]


async def test_undo_of_a_validate_only_load_takes_nothing_out(
    admin: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    checked = await load_file(admin, "services", visits(1, 3), validate_only=True)
    await load_file(admin, "services", visits(1, 3))
    await undo(admin, checked)
    assert await ids(connection, "services") == [1, 2, 3]
    await assert_indicators_are_exact(admin, connection)


async def test_an_undo_is_in_the_audit_log(admin: httpx.AsyncClient) -> None:
    load = await load_file(admin, "services", visits(1, 1))
    await undo(admin, load)
    log = (await admin.get("/v1/audit")).json()["audit"]
    told = [(entry["action"], entry["detail"]["load_id"]) for entry in log[:2]]
    assert told == [("load_undone", load["id"]), ("load_received", load["id"])]


async def test_loads_are_listed_newest_first_and_paged(client: httpx.AsyncClient) -> None:
    sent = [(await load_file(client, "customers", f"{n};C;c{n}@mail.com;\n"))["id"] for n in range(1, 6)]
    found: list[int] = []
    url: str | None = "/v1/loads?limit=2"
    sizes = []
    while url:
        page = (await client.get(url)).json()
        found += [load["id"] for load in page["loads"]]
        sizes.append(page["total_por_pagina"])
        url = page.get("proxima_pagina")
    assert found == sorted(sent, reverse=True)
    assert sizes == [2, 2, 1]
    assert (await client.get(f"/v1/loads/{sent[2]}")).json() == (await client.get("/v1/loads")).json()["loads"][2]
    for wrong in ("limit=0", "limit=1001", "before=0", "offset=1"):
        assert (await client.get(f"/v1/loads?{wrong}")).status_code == 422


@pytest.mark.parametrize("path", ["", "/rejects", "/rejects?format=csv", "/events"])
async def test_a_load_that_there_is_not_is_404(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(f"/v1/loads/7{path}")).status_code == 404


async def events(lines: AsyncIterator[str]) -> AsyncIterator[dict[str, Any]]:
    """Data of the events named load; fails on a line that is none of the format's."""
    async for line in lines:
        if line.startswith("data: "):
            yield json.loads(line.removeprefix("data: "))
        else:
            assert line in ("", "event: load") or line.startswith(":")


async def test_events_come_while_a_load_goes_on_and_stop_at_its_end(
    database_url: str, connection: asyncpg.Connection
) -> None:
    """Over a socket: a transport within the process would hand over the whole stream at its end."""
    settings = make_settings(database_url, load_workers=0)
    async with running_app(settings) as app, listening(app) as port:
        token = await token_of(app, connection)
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            client.headers["Authorization"] = f"Bearer {token}"
            load = (await send(client, "customers", CUSTOMERS)).json()["load"]
            async with client.stream("GET", f"/v1/loads/{load['id']}/events") as answer:
                told = events(answer.aiter_lines())
                assert (await anext(told))["status"] == "received"
                async with running_app(make_settings(database_url)):  # another process, with workers
                    rest = [event async for event in told]
            assert answer.headers["content-type"].startswith("text/event-stream")
            assert rest[-1] == (await client.get(f"/v1/loads/{load['id']}")).json()
        assert rest[-1]["status"] == "completed"
        assert counts(rest[-1]) == (23, 4, 0, 1, 18)


async def test_events_of_a_load_that_has_ended_are_one(client: httpx.AsyncClient) -> None:
    load = await load_file(client, "customers", IRIS)
    text = (await client.get(f"/v1/loads/{load['id']}/events")).text
    assert text.count("event: load") == 1
    assert json.loads(text.split("data: ")[1]) == load


async def test_loads_and_their_rejects_are_forgotten_after_a_set_time_and_their_rows_are_not(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    old = await load_file(client, "customers", CUSTOMERS)
    new = await load_file(client, "customers", "x;C;c@mail.com;\n")
    await connection.execute("UPDATE loads SET finished_at = finished_at - interval '31 days' WHERE id = $1", old["id"])
    await sweep(connection, 32)
    assert len((await client.get("/v1/loads")).json()["loads"]) == 2
    await sweep(connection, 30)
    assert [load["id"] for load in (await client.get("/v1/loads")).json()["loads"]] == [new["id"]]
    assert (await client.get(f"/v1/loads/{old['id']}/rejects")).status_code == 404
    assert await connection.fetchval("SELECT count(*) FROM load_rejects") == 1
    assert (await client.get("/v1/customers/total")).json() == {"total": 4}
