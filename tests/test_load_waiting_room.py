"""How much may wait of a user: beyond it visits of unknown customers are rejected, in file order."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import httpx
import pytest
from load_client import client_with, counts, load_file, rejects_of
from test_load_undo import visits
from test_load_waiting import NOT_TRIED_YET, customers, settled, wait_with, waiting_lines

ROW = len(visits(1, 1, customer=7).encode()) - 1
"""Of a visit with ids of one digit."""

DOES_NOT_FIT = "do not wait"


@pytest.fixture
async def client(connection: asyncpg.Connection, database_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """There is room for four rows and a bit; a chunk has about three."""
    async with client_with(
        connection, database_url, load_waiting_bytes_per_user=4 * ROW + 10, load_chunk_bytes=3 * ROW, load_workers=3
    ) as client:
        await load_file(client, "customers", "1;Iris;iris@mail.com;\n")
        yield client


async def test_the_first_rows_wait_and_all_behind_the_first_that_does_not_fit_are_rejected(
    client: httpx.AsyncClient,
) -> None:
    load = await wait_with(client, visits(1, 9, customer=7).replace("9;7;Ana", "9;7;A") + visits(10, 12))
    assert (load["rows_waiting"], counts(load)) == (4, (12, 3, 0, 0, 5))
    assert await waiting_lines(client, load) == [1, 2, 3, 4]
    assert await rejects_of(client, load["id"]) == [
        (line, "id_cliente", "unknown_customer", "7") for line in range(5, 10)
    ]
    assert next(warning for warning in load["warnings"] if DOES_NOT_FIT in warning).startswith("5 visits")


async def test_a_small_row_behind_one_that_does_not_fit_is_rejected_however_the_file_is_cut(
    client: httpx.AsyncClient,
) -> None:
    small = "5;7;A;CE - X;2021-06-30;-\n"
    content = visits(1, 3, customer=7) + visits(4, 4, "A" * 150, customer=7) + visits(6, 8) + small
    load = await wait_with(client, content)
    assert (load["rows_waiting"], counts(load)) == (3, (8, 3, 0, 0, 2))
    assert [reject[0] for reject in await rejects_of(client, load["id"])] == [4, 8]


async def test_the_room_is_that_of_all_loads_of_the_user_and_comes_back(
    client: httpx.AsyncClient, connection: asyncpg.Connection, database_url: str
) -> None:
    first = await wait_with(client, visits(1, 2, customer=7) + visits(3, 3, customer=8))
    assert first["rows_waiting"] == 3
    assert not any(DOES_NOT_FIT in warning for warning in first["warnings"])
    dry = await wait_with(client, visits(4, 6, customer=7), validate_only=True)
    assert (dry["rows_waiting"], counts(dry)) == (1, (3, 0, 0, 0, 2))
    checked = await wait_with(client, visits(4, 6, customer=9), max_rejects=2)
    assert (checked["rows_waiting"], counts(checked)) == (1, (3, 0, 0, 0, 2))
    async with client_with(connection, database_url) as other:
        assert (await wait_with(other, visits(4, 6, customer=9)))["rows_waiting"] == 3

    await load_file(client, "customers", customers(7))
    await settled(client, first, 1)
    again = await wait_with(client, visits(4, 7, customer=9))
    assert (again["rows_waiting"], counts(again)) == (2, (4, 0, 0, 0, 2))
    for load in (first, checked, again):
        assert (await client.delete(f"/v1/loads/{load['id']}/waiting")).status_code == 200
    assert (await wait_with(client, visits(4, 7, customer=9)))["rows_waiting"] == 4


async def test_rows_that_are_tried_in_vain_go_on_waiting_where_there_is_no_more_room(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    load = await wait_with(client, visits(1, 4, customer=7) + visits(5, 5, customer=7))
    assert load["rows_waiting"] == 4
    await connection.execute("INSERT INTO arrived_customers (id_cliente) VALUES (7)")
    async with asyncio.timeout(60):
        while await connection.fetchval(NOT_TRIED_YET):
            await asyncio.sleep(0.02)
    assert (await settled(client, load, 4))["rows_rejected"] == 1
    await load_file(client, "customers", customers(7))
    assert counts(await settled(client, load)) == (5, 4, 0, 0, 1)
