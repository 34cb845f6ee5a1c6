"""A load step by step: what may happen between two of its steps, and whose turn the next one is."""

from collections.abc import AsyncIterator, Iterable
from datetime import date
from typing import Any

import asyncpg
import httpx
import pytest
from load_client import client_with, send
from test_load_undo import visits

from logistics_indicators.database import prepare_connection
from logistics_indicators.loads.rejects import RejectBounds
from logistics_indicators.loads.waiting.trying import TRIED_AT_A_TIME
from logistics_indicators.loads.working.rules import LoadSettings
from logistics_indicators.loads.working.work import LoadWork

MANY = 3 * TRIED_AT_A_TIME
STATE = """
SELECT (SELECT rows_waiting FROM loads WHERE id = $1) AS waiting, status, chunks_done FROM loads WHERE id = $2
"""


@pytest.fixture
async def work(database_url: str) -> AsyncIterator[LoadWork]:
    """Of a worker whose steps the test takes."""
    async with asyncpg.create_pool(database_url, init=prepare_connection, min_size=1, max_size=4) as pool:
        yield LoadWork(LoadSettings(pool, False, RejectBounds(100, 10**6), date(1990, 1, 1), 10, 10**9))


@pytest.fixture
async def client(connection: asyncpg.Connection, database_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """Of an app that only receives."""
    async with client_with(connection, database_url, load_workers=0, load_chunk_bytes=64 * 1024) as client:
        yield client


async def received(client: httpx.AsyncClient, kind: str, content: str, **query: Any) -> int:
    answer = await send(client, kind, content, **query)
    assert answer.status_code == 202, answer.text
    return int(answer.json()["load"]["id"])


async def woken(client: httpx.AsyncClient, connection: asyncpg.Connection, work: LoadWork) -> int:
    """A load of many visits whose customer has just come."""
    await received(client, "customers", "1;Iris;iris@mail.com;\n")
    load_id = await received(client, "services", visits(1, MANY, customer=2), unknown_customer="wait")
    while await work.step(connection):
        pass
    assert await connection.fetchval("SELECT rows_waiting FROM loads WHERE id = $1", load_id) == MANY
    made = await client.post("/v1/customers", json={"nome": "Bia", "email": "bia@mail.com"})
    assert made.json()["id"] == 2
    return load_id


async def states(connection: asyncpg.Connection, work: LoadWork, waited: int, load: int) -> list[asyncpg.Record]:
    """After each step, until there is nothing to do."""
    seen = []
    while await work.step(connection):
        seen.append(await connection.fetchrow(STATE, waited, load))
    assert (seen[-1]["waiting"], seen[-1]["status"]) == (0, "completed")
    return seen


async def test_a_load_begins_and_ends_while_many_visits_that_waited_are_tried(
    client: httpx.AsyncClient, connection: asyncpg.Connection, work: LoadWork
) -> None:
    waited = await woken(client, connection, work)
    load = await received(client, "services", visits(MANY + 1, MANY + 1))
    seen = await states(connection, work, waited, load)
    assert any(state["status"] == "completed" and state["waiting"] for state in seen)


async def test_visits_that_waited_are_tried_while_a_long_file_is_loaded(
    client: httpx.AsyncClient, connection: asyncpg.Connection, work: LoadWork
) -> None:
    waited = await woken(client, connection, work)
    load = await received(client, "services", visits(MANY + 1, 2 * MANY))
    seen = await states(connection, work, waited, load)
    assert await connection.fetchval("SELECT chunks FROM loads WHERE id = $1", load) > 8
    assert any(state["status"] == "loading" and not state["waiting"] for state in seen)


def customers(numbers: Iterable[int]) -> str:
    return "".join(f"{n};C{n};c{n}@mail.com;\n" for n in numbers)


@pytest.mark.parametrize("checked", [False, True])
async def test_a_customer_that_is_made_while_a_load_goes_on_takes_no_id_that_its_file_brings(
    client: httpx.AsyncClient, connection: asyncpg.Connection, work: LoadWork, checked: bool
) -> None:
    rows = 10_000
    await received(client, "customers", customers(range(1, rows + 1)), **({"max_rejects": 0} if checked else {}))
    made: list[int] = []
    while await work.step(connection):
        if await connection.fetchval("SELECT status = 'loading' AND stage = 'write' FROM loads"):
            answer = await client.post("/v1/customers", json={"nome": "Eva", "email": f"eva{len(made)}@mail.com"})
            made.append(answer.json()["id"])
    load = await connection.fetchrow("SELECT chunks, rows_inserted, rows_rejected FROM loads")
    assert load["chunks"] > 3
    assert len(made) > 3
    assert made == [rows + n for n in range(1, len(made) + 1)]
    assert (load["rows_inserted"], load["rows_rejected"]) == (rows, 0)
