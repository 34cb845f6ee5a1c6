"""While an undo goes on, which may take minutes: whoever would wait for its end is told so, and nobody else waits."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import httpx
import pytest
from conftest import ClientAs
from load_client import assert_indicators_are_exact, counts, load_file
from test_load_reasons import IRIS
from test_load_undo import ids, undo, visits
from test_load_waiting import customers, settled, wait_with
from waiting import blocked_by

Report = dict[str, Any]
SOME_READY = "SELECT EXISTS (SELECT FROM services_ready)"


@pytest.fixture
async def admin(client_as: ClientAs) -> httpx.AsyncClient:
    admin = await client_as("admin")
    await load_file(admin, "customers", IRIS)
    return admin


@asynccontextmanager
async def undo_under_way(
    admin: httpx.AsyncClient, connection: asyncpg.Connection, load: Report
) -> AsyncIterator[asyncio.Task[httpx.Response]]:
    """It waits for one of the load's visits, which the test holds until the block ends."""
    async with connection.transaction():
        await connection.execute("SELECT FROM services WHERE load_id = $1 LIMIT 1 FOR UPDATE", load["id"])
        undoing = asyncio.create_task(undo(admin, load))
        await blocked_by(connection)
        yield undoing


async def test_who_comes_meanwhile_is_told_at_once_what_to_wait_for(
    admin: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    load = await wait_with(admin, visits(1, 3) + visits(4, 5, customer=7) + "x;1;Ana;CE - X;2021-06-30;-\n")
    path = f"/v1/loads/{load['id']}"
    async with undo_under_way(admin, connection, load) as undoing:
        answers = [
            await admin.delete(path),
            await admin.delete(f"{path}/waiting"),
            await admin.post(f"{path}/mend", json={"drops": [6]}),
        ]
        for answer in answers:
            assert answer.status_code == 409, answer.text
            assert answer.json()["detail"].startswith(f"Load {load['id']} is being undone at this moment. Wait until")
        assert not undoing.done()
    assert (await undoing).json()["status"] == "undone"
    assert "undone" in (await admin.delete(path)).json()["detail"]
    assert await ids(connection, "services") == []
    await assert_indicators_are_exact(admin, connection)


async def test_an_undo_that_is_refused_stands_in_nobody_s_way(
    admin: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    load = await load_file(admin, "customers", customers(2))
    services = await load_file(admin, "services", visits(1, 1, customer=2))
    assert (await undo(admin, load)).status_code == 409
    assert (await undo(admin, services)).status_code == 200
    assert (await undo(admin, load)).status_code == 200


async def test_an_undo_of_another_load_is_not_held_up(admin: httpx.AsyncClient, connection: asyncpg.Connection) -> None:
    first = await load_file(admin, "services", visits(1, 2))
    second = await load_file(admin, "services", visits(3, 4))
    async with undo_under_way(admin, connection, first) as undoing:
        assert (await undo(admin, second)).status_code == 200
    assert (await undoing).status_code == 200


async def test_visits_that_wait_are_tried_behind_it_and_hold_up_no_customer(
    admin: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    load = await wait_with(admin, visits(1, 1) + visits(2, 2, customer=7))
    other = await wait_with(admin, visits(3, 3, customer=7))
    async with undo_under_way(admin, connection, load) as undoing:
        await load_file(admin, "customers", customers(7))
        async with asyncio.timeout(30):
            while not await connection.fetchval(SOME_READY):
                await asyncio.sleep(0.01)
        made = await admin.post("/v1/customers", json={"nome": "Bia", "email": "bia@mail.com"})
        assert made.status_code == 201, made.text
        assert not undoing.done()
    assert (await undoing).status_code == 200
    assert counts(await settled(admin, other)) == (1, 1, 0, 0, 0)
    assert await ids(connection, "services") == [3]
    await assert_indicators_are_exact(admin, connection)
