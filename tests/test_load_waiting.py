"""Visits whose customer is not there yet wait, and are loaded when it comes."""

import asyncio
from typing import Any

import asyncpg
import httpx
import pytest
from conftest import ClientAs
from load_client import assert_indicators_are_exact, client_with, counts, finished, load_file, rejects_of, send
from test_load_undo import ids, undo, visits

from logistics_indicators.loads.rejects import RejectBounds
from logistics_indicators.loads.waiting.keeping import expire_waiting
from logistics_indicators.loads.working.sweeping import sweep

IRIS = "1;Iris;iris@mail.com;\n"
NOT_TRIED_YET = "SELECT EXISTS (SELECT FROM arrived_customers) OR EXISTS (SELECT FROM services_ready)"
BOUNDS = RejectBounds(1000, 10**6)
Report = dict[str, Any]


@pytest.fixture
async def admin(client_as: ClientAs) -> httpx.AsyncClient:
    admin = await client_as("admin")
    await load_file(admin, "customers", IRIS)
    return admin


async def wait_with(client: httpx.AsyncClient, content: str, **query: Any) -> Report:
    return await load_file(client, "services", content, unknown_customer="wait", **query)


def customers(*numbers: int) -> str:
    return "".join(f"{n};C{n};c{n}@mail.com;\n" for n in numbers)


async def settled(client: httpx.AsyncClient, load: Report, waiting: int = 0) -> Report:
    """The load once so many of its visits wait, and no more."""
    async with asyncio.timeout(60):
        while (found := await finished(client, load["id"]))["rows_waiting"] != waiting:
            await asyncio.sleep(0.02)
    assert found["rows_read"] == sum(counts(found)[1:]) + waiting
    return found


async def waiting_lines(client: httpx.AsyncClient, load: Report, **query: Any) -> list[int]:
    page = (await client.get(f"/v1/loads/{load['id']}/waiting", params=query)).json()
    return [row["line"] for row in page["waiting"]]


async def angels(connection: asyncpg.Connection) -> dict[int, str]:
    return {row["id"]: row["angel"] for row in await connection.fetch("SELECT id, angel FROM visits")}


async def test_visits_of_an_unknown_customer_wait_and_are_loaded_when_a_load_brings_it(
    admin: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    load = await wait_with(admin, visits(1, 2) + visits(3, 5, customer=7) + visits(6, 6, customer=8))
    assert (load["status"], load["unknown_customer"], load["rows_waiting"]) == ("completed", "wait", 4)
    assert counts(load) == (6, 2, 0, 0, 0)
    assert await ids(connection, "services") == [1, 2]
    assert await waiting_lines(admin, load) == [3, 4, 5, 6]
    assert await waiting_lines(admin, load, id_cliente=8) == [6]

    await load_file(admin, "customers", customers(6, 7))
    assert counts(await settled(admin, load, 1)) == (6, 5, 0, 0, 0)
    assert await ids(connection, "services") == [1, 2, 3, 4, 5]
    assert await waiting_lines(admin, load) == [6]
    await assert_indicators_are_exact(admin, connection)
    await load_file(admin, "customers", customers(8))
    assert counts(await settled(admin, load)) == (6, 6, 0, 0, 0)
    await assert_indicators_are_exact(admin, connection)


async def test_a_customer_that_is_stored_by_hand_brings_its_visits(
    admin: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    load = await wait_with(admin, visits(1, 3, customer=2))
    made = await admin.post("/v1/customers", json={"nome": "Bia", "email": "bia@mail.com"})
    assert made.json()["id"] == 2
    assert counts(await settled(admin, load)) == (3, 3, 0, 0, 0)
    assert await ids(connection, "services") == [1, 2, 3]
    await assert_indicators_are_exact(admin, connection)


async def test_without_being_asked_they_are_rejected_unless_the_setting_says_otherwise(
    admin: httpx.AsyncClient, database_url: str, connection: asyncpg.Connection
) -> None:
    load = await load_file(admin, "services", visits(1, 1, customer=7))
    assert (load["unknown_customer"], counts(load)) == ("reject", (1, 0, 0, 0, 1))
    async with client_with(connection, database_url, load_unknown_customer="wait") as client:
        assert (await load_file(client, "services", visits(1, 1, customer=7)))["rows_waiting"] == 1
        refused = await load_file(client, "services", visits(1, 1, customer=7), unknown_customer="reject")
        assert counts(refused) == (1, 0, 0, 0, 1)


async def test_only_visits_may_wait_and_only_one_of_two_words_says_so(admin: httpx.AsyncClient) -> None:
    assert (await send(admin, "customers", IRIS, unknown_customer="wait")).status_code == 422
    assert (await send(admin, "services", visits(1, 1), unknown_customer="later")).status_code == 422


async def test_a_dry_run_says_how_many_would_wait_and_none_does(
    admin: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    dry = await wait_with(admin, visits(1, 2, customer=7) + visits(3, 3), validate_only=True)
    assert (dry["rows_waiting"], counts(dry)) == (2, (3, 1, 0, 0, 0))
    assert await connection.fetchval("SELECT count(*) FROM services_waiting") == 0
    checked = await wait_with(admin, visits(1, 2, customer=7) + "x\n", max_rejects=1)
    assert (checked["rows_waiting"], counts(checked)) == (2, (3, 0, 0, 0, 1))
    failed = await wait_with(admin, visits(1, 2, customer=7) + "x\n", max_rejects=0)
    assert (failed["status"], failed["rows_waiting"]) == ("failed", 0)


async def test_of_waiting_rows_of_one_id_the_first_in_file_order_wins_however_the_customers_come(
    admin: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    first = await wait_with(admin, visits(1, 1, "Eva", customer=9) + visits(1, 1, "Rui", customer=5))
    second = await wait_with(admin, visits(1, 1, "Lia", customer=5) + visits(1, 1, "Eva", customer=9))
    await load_file(admin, "customers", customers(5, 9))
    assert counts(await settled(admin, first)) == (2, 1, 0, 0, 1)
    assert counts(await settled(admin, second)) == (2, 0, 0, 1, 1)
    assert await angels(connection) == {1: "Eva"}
    assert await rejects_of(admin, first["id"]) == [(2, "id", "duplicate_id", "1")]
    assert await rejects_of(admin, second["id"]) == [(1, "id", "duplicate_id", "1")]


async def test_an_id_that_was_stored_meanwhile_is_unchanged_or_rejected_or_updated_as_the_load_was_sent(
    admin: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    rejecting = await wait_with(admin, visits(1, 1, customer=7) + visits(2, 2, customer=7))
    updating = await wait_with(admin, visits(3, 3, "Eva", customer=7), on_conflict="update")
    assert [load["rows_waiting"] for load in (rejecting, updating)] == [2, 1]
    await load_file(admin, "services", visits(2, 3, "Rui"))
    await load_file(admin, "customers", customers(7))
    assert counts(await settled(admin, rejecting)) == (2, 1, 0, 0, 1)
    assert counts(await settled(admin, updating)) == (1, 0, 1, 0, 0)
    assert await angels(connection) == {1: "Ana", 2: "Rui", 3: "Eva"}
    await assert_indicators_are_exact(admin, connection)


async def test_a_row_that_its_load_has_dealt_with_stays_so_for_those_that_waited(
    admin: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    """The first row with an id wins: an update too, and one that was the same."""
    await load_file(admin, "services", visits(1, 2))
    content = visits(1, 1) + visits(2, 2, "Eva") + visits(3, 3) + visits(1, 3, "Lia", customer=7)
    load = await wait_with(admin, content, on_conflict="update")
    await sweep(connection, 30)
    await load_file(admin, "customers", customers(7))
    assert counts(await settled(admin, load)) == (6, 1, 1, 1, 3)
    assert await angels(connection) == {1: "Ana", 2: "Eva", 3: "Ana"}
    assert [reject[2] for reject in await rejects_of(admin, load["id"])] == ["duplicate_id"] * 3
    await sweep(connection, 30)
    assert await connection.fetchval("SELECT count(*) FROM load_touched_ids") == 0


async def test_the_undo_of_a_load_takes_what_waits_and_what_waited(
    admin: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    await load_file(admin, "services", visits(1, 1))
    content = visits(1, 2, "Eva", customer=7) + visits(3, 3, customer=8)
    load = await wait_with(admin, content, on_conflict="update")
    arrived = await load_file(admin, "customers", customers(7))
    assert counts(await settled(admin, load, 1)) == (3, 1, 1, 0, 0)
    assert (await undo(admin, arrived)).status_code == 409
    assert (await undo(admin, load)).status_code == 200
    assert await angels(connection) == {1: "Ana"}
    assert (await undo(admin, arrived)).status_code == 200
    await load_file(admin, "customers", customers(8))
    assert await waiting_lines(admin, load) == []
    assert await angels(connection) == {1: "Ana"}
    await assert_indicators_are_exact(admin, connection)


async def test_an_analyst_cancels_the_wait_and_the_rows_are_rejects(
    admin: httpx.AsyncClient, client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    load = await wait_with(admin, visits(1, 2, customer=7) + visits(3, 3, customer=8) + "x\n")
    path = f"/v1/loads/{load['id']}/waiting"
    some = await client.delete(f"{path}?id_cliente=8")
    assert (some.status_code, some.json()["rows_waiting"], counts(some.json())) == (200, 2, (4, 0, 0, 0, 2))
    cancelled = (await client.delete(path)).json()
    assert (cancelled["rows_waiting"], counts(cancelled)) == (0, (4, 0, 0, 0, 4))
    assert {"reason": "unknown_customer", "rows": 3, "first_line": 1} in cancelled["rejects"]
    unknown = [(1, "7"), (2, "7"), (3, "8")]
    assert (await rejects_of(client, load["id"]))[:3] == [
        (line, "id_cliente", "unknown_customer", value) for line, value in unknown
    ]
    assert (await client.get(f"/v1/loads/{load['id']}/rejects?format=csv")).text.count("unknown_customer") == 3
    assert (await client.delete(path)).json() == cancelled
    await load_file(admin, "customers", customers(7, 8))
    assert await ids(connection, "services") == []
    log = (await admin.get("/v1/audit?action=waiting_cancelled")).json()["audit"]
    assert [entry["detail"]["rows"] for entry in log] == [0, 2, 1]


async def test_of_a_load_that_did_not_complete_nothing_is_cancelled(admin: httpx.AsyncClient) -> None:
    dry = await wait_with(admin, visits(1, 1, customer=7), validate_only=True)
    assert (await admin.delete(f"/v1/loads/{dry['id']}/waiting")).status_code == 409
    assert (await admin.delete("/v1/loads/999/waiting")).status_code == 404
    assert (await admin.get("/v1/loads/999/waiting")).status_code == 404


async def test_those_that_wait_for_longer_than_loads_are_kept_are_rejected_and_the_load_is_kept_as_long_again(
    admin: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    load = await wait_with(admin, visits(1, 3, customer=7))

    async def sweep_all(days_ago: int) -> None:
        age = f"UPDATE loads SET finished_at = finished_at - interval '{days_ago} days', "
        age += f"waiting_ended_at = waiting_ended_at - interval '{days_ago} days' WHERE id = $1"
        await connection.execute(age, load["id"])
        await expire_waiting(connection, 30, BOUNDS)
        await sweep(connection, 30)

    await sweep_all(29)
    assert await waiting_lines(admin, load) == [1, 2, 3]
    await sweep_all(2)
    expired = await settled(admin, load)
    assert counts(expired) == (3, 0, 0, 0, 3)
    assert await waiting_lines(admin, load) == []
    assert [reject[2] for reject in await rejects_of(admin, load["id"])] == ["unknown_customer"] * 3
    await sweep_all(29)
    assert (await admin.get(f"/v1/loads/{load['id']}")).status_code == 200
    await sweep_all(2)
    assert (await admin.get(f"/v1/loads/{load['id']}")).status_code == 404


async def test_rejects_that_waited_are_kept_as_far_as_they_fit(
    admin: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    load = await wait_with(admin, visits(1, 5, customer=7))
    await connection.execute("UPDATE loads SET finished_at = finished_at - interval '31 days'")
    await expire_waiting(connection, 30, RejectBounds(2, 10**6))
    expired = await settled(admin, load)
    assert (expired["rows_rejected"], expired["rejects_stored"]) == (5, 2)
    assert [reject[0] for reject in await rejects_of(admin, load["id"])] == [1, 2]


async def test_a_customer_that_came_and_went_leaves_its_visits_waiting(
    admin: httpx.AsyncClient, database_url: str, connection: asyncpg.Connection
) -> None:
    load = await wait_with(admin, visits(1, 2, customer=7))
    async with connection.transaction():  # no worker sees it in between
        await connection.execute("INSERT INTO arrived_customers (id_cliente) VALUES (7)")
    async with asyncio.timeout(60):
        while await connection.fetchval(NOT_TRIED_YET):
            await asyncio.sleep(0.02)
    assert (await settled(admin, load, 2))["rows_inserted"] == 0
    await load_file(admin, "customers", customers(7))
    assert counts(await settled(admin, load)) == (2, 2, 0, 0, 0)


async def test_pages_of_those_that_wait_follow_one_another(admin: httpx.AsyncClient) -> None:
    load = await wait_with(admin, visits(1, 5, customer=7))
    found: list[int] = []
    url: str | None = f"/v1/loads/{load['id']}/waiting?limit=2"
    while url:
        page = (await admin.get(url)).json()
        found += [row["id"] for row in page["waiting"]]
        url = page.get("proxima_pagina")
    assert found == [1, 2, 3, 4, 5]
    assert page["waiting"][0]["row"] == visits(5, 5, customer=7).strip()


async def test_a_key_that_was_used_to_let_rows_wait_answers_for_no_load_that_rejects_them(
    admin: httpx.AsyncClient,
) -> None:
    headers = {"Idempotency-Key": "one", "Content-Type": "text/csv"}
    url = "/v1/services/batch"
    first = await admin.post(f"{url}?unknown_customer=wait", content=visits(1, 1, customer=7), headers=headers)
    again = await admin.post(f"{url}?unknown_customer=wait", content=visits(1, 1, customer=7), headers=headers)
    other = await admin.post(url, content=visits(1, 1, customer=7), headers=headers)
    assert (first.status_code, again.json()["load"]["id"]) == (202, first.json()["load"]["id"])
    assert other.status_code == 422
    assert "unknown_customer" in other.json()["detail"]


async def test_customers_and_their_visits_at_once_leave_none_waiting_in_whatever_order_they_meet(
    database_url: str, connection: asyncpg.Connection
) -> None:
    """Customers of the second load come while the visits are looked at."""
    async with client_with(connection, database_url, load_chunk_bytes=256, load_workers=3) as client:
        content = "".join(visits(n, n, customer=n % 90 + 1) for n in range(1, 301))
        sent = await send(client, "services", content, unknown_customer="wait")
        brought = await send(client, "customers", customers(*range(1, 91)))
        await finished(client, brought.json()["load"]["id"])
        assert counts(await settled(client, sent.json()["load"])) == (300, 300, 0, 0, 0)
        assert await connection.fetchval("SELECT count(*) FROM services") == 300
        await assert_indicators_are_exact(client, connection)
