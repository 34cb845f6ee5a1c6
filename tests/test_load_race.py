"""Visits of customers being loaded while those customers are deleted: never an orphan; nobody else waits."""

import asyncio
import random

import asyncpg
import httpx
import pytest
from conftest import client_of, make_settings, running_app
from load_client import assert_indicators_are_exact, client_with, finished, load_file, rejects_of, send, token_of
from waiting import blocked_by, waiting_for

from logistics_indicators.loads.working.claims import hold_referred_rows

ORPHANS = "SELECT count(*) FROM services s WHERE NOT EXISTS (SELECT FROM customers c WHERE c.id = s.id_cliente)"
FEWEST_ROUNDS, MOST_ROUNDS = 8, 100
"""As many as it takes until both have come first."""

CUSTOMERS = 12
ROWS = 240
PEOPLE = "".join(f"{n};Customer {n};c{n}@mail.com;\n" for n in range(1, CUSTOMERS + 1))
VISITS = "".join(f"{n};{n % CUSTOMERS + 1};Ana;CE - X;2021-06-30;2021-06-29\n" for n in range(1, ROWS + 1))
"""Every customer's visits are in every chunk."""


async def delete(client: httpx.AsyncClient, customer: int, delay: float) -> int:
    """Status of the answer. The delays spread the deletes over the upload and the load."""
    await asyncio.sleep(delay)
    while (answer := await client.delete(f"/v1/customers/{customer}")).status_code == 429:  # too many of hers wait
        await asyncio.sleep(0.1)
    return answer.status_code


@pytest.mark.parametrize("processes", [1, 2])
async def test_no_visit_is_left_without_its_customer_however_load_and_delete_meet(
    database_url: str, connection: asyncpg.Connection, processes: int
) -> None:
    """For each customer either may come first: the delete is refused (409), or the visits are (unknown_customer)."""
    chance = random.Random(processes)
    settings = make_settings(database_url, load_chunk_bytes=512, load_workers=2)
    refused_deletes = refused_visits = 0
    async with running_app(settings) as app, running_app(settings) as other:
        token = await token_of(app, connection, "admin")
        async with client_of(app, token) as client, client_of(other if processes == 2 else app, token) as deleter:
            for turn in range(MOST_ROUNDS):
                if turn >= FEWEST_ROUNDS and refused_deletes and refused_visits:
                    break
                await load_file(client, "customers", PEOPLE)
                delays = [chance.uniform(0, 0.3) for _ in range(CUSTOMERS)]
                deletes = [asyncio.create_task(delete(deleter, n, delay)) for n, delay in enumerate(delays, 1)]
                sent = await send(client, "services", VISITS)
                statuses = await asyncio.gather(*deletes)
                load = await finished(client, sent.json()["load"]["id"])

                assert await connection.fetchval(ORPHANS) == 0
                rejects = await rejects_of(client, load["id"])
                assert {reason for _, _, reason, _ in rejects} <= {"unknown_customer"}
                assert load["status"] == "completed"
                assert load["rows_read"] == load["rows_inserted"] + len(rejects) == ROWS
                assert set(statuses) <= {200, 409}
                deleted = {str(n) for n, status in enumerate(statuses, 1) if status == 200}
                assert {value for *_, value in rejects} <= deleted
                # a customer that visits were stored for was never deleted afterwards
                assert load["rows_inserted"] == await connection.fetchval("SELECT count(*) FROM services")
                await assert_indicators_are_exact(client, connection)
                refused_deletes += statuses.count(409)
                refused_visits += len(rejects)
                assert (await client.delete(f"/v1/loads/{load['id']}")).status_code == 200
    assert refused_deletes
    assert refused_visits


async def test_customers_are_written_beside_a_chunk_of_visits_and_a_delete_waits_for_it(
    database_url: str, connection: asyncpg.Connection
) -> None:
    holder = await asyncpg.connect(database_url)
    async with client_with(connection, database_url, load_workers=1) as client:
        await load_file(client, "customers", PEOPLE)
        chunk = holder.transaction()
        await chunk.start()
        await holder.execute("LOCK TABLE rollup_waiting IN SHARE MODE")  # what follows the visits has to wait
        sent = await send(client, "services", VISITS)
        (session,) = await blocked_by(holder)
        new = {"nome": "Nova", "email": "nova@mail.com"}
        assert (await client.post("/v1/customers", json=new)).status_code == 201
        assert (await client.put("/v1/customers/1", json=new | {"email": "outra@mail.com"})).status_code == 200
        delete = asyncio.create_task(client.delete("/v1/customers/2"))
        await waiting_for(session, connection)
        await chunk.rollback()
        assert (await delete).status_code == 409
        assert (await finished(client, sent.json()["load"]["id"]))["rows_inserted"] == ROWS
    await holder.close()


@pytest.mark.parametrize("unknown", ["reject", "wait"])
async def test_a_delete_between_two_chunks_waits_for_the_first_and_nobody_waits_in_a_ring(
    database_url: str, connection: asyncpg.Connection, unknown: str
) -> None:
    first, second = [await asyncpg.connect(database_url) for _ in range(2)]
    claim = {"kind": "services", "unknown_customer": unknown}

    async def chunk() -> None:
        async with second.transaction():
            await hold_referred_rows(second, claim)

    async with first.transaction():
        await hold_referred_rows(first, claim)
        delete = asyncio.create_task(connection.execute("DELETE FROM customers"))
        assert await blocked_by(first) == [connection.get_server_pid()]
        later = asyncio.create_task(chunk())
        assert await waiting_for(connection.get_server_pid(), first) == [second.get_server_pid()]
    async with asyncio.timeout(30):
        await asyncio.gather(delete, later)
    await asyncio.gather(first.close(), second.close())
