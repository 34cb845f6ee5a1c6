"""Of visits whose wait ends, as many are kept as of any rejects; and what the load says of it stays true."""

import asyncio

import asyncpg
import httpx
import pytest
from load_client import client_with, load_file
from mending import HEADER, VISITS

KEPT = 5


def visits(bad: int, waiting: int) -> str:
    rows = [f"{n};1;Ana;SP - X;never;-" for n in range(1, bad + 1)]
    rows += [f"{n};7;Ana;SP - X;30/06/2021;-" for n in range(bad + 1, bad + waiting + 1)]
    return VISITS + "\n".join(rows)


@pytest.mark.parametrize(("bad", "waiting", "kept"), [(0, 8, 5), (17, 13, 5), (3, 4, 5), (2, 3, 5)])
async def test_the_end_of_a_wait_says_how_many_rejects_are_kept(
    database_url: str, connection: asyncpg.Connection, bad: int, waiting: int, kept: int
) -> None:
    async with client_with(connection, database_url, load_rejects_kept=KEPT) as client:
        load = await load_file(client, "services", visits(bad, waiting), unknown_customer="wait")
        assert load["rows_waiting"] == waiting
        assert (await client.delete(f"/v1/loads/{load['id']}/waiting")).status_code == 200
        await assert_kept(client, load["id"], kept, bad + waiting)


async def test_visits_that_come_and_are_rejected_count_too(database_url: str, connection: asyncpg.Connection) -> None:
    async with client_with(connection, database_url, load_rejects_kept=KEPT) as client:
        load = await load_file(client, "services", visits(4, 3), unknown_customer="wait")
        await load_file(client, "customers", HEADER + "1;Bia;b@mail.com;\n")
        others = VISITS + "".join(f"{n};1;Bia;SP - X;30/06/2021;-\n" for n in range(5, 8))
        await load_file(client, "services", others)
        await load_file(client, "customers", HEADER + "7;Ana;a@mail.com;\n")
        async with asyncio.timeout(60):
            while (await client.get(f"/v1/loads/{load['id']}")).json()["rows_waiting"]:
                await asyncio.sleep(0.02)
        await assert_kept(client, load["id"], 5, 7)


async def assert_kept(client: httpx.AsyncClient, load_id: int, kept: int, rejected: int) -> None:
    load = (await client.get(f"/v1/loads/{load_id}")).json()
    assert (load["rejects_stored"], load["rows_rejected"]) == (kept, rejected)
    assert len((await client.get(f"/v1/loads/{load_id}/rejects")).json()["rejects"]) == kept
    told = f"The first {kept} of {rejected} rejected rows are kept; all are counted."
    of_kept = [warning for warning in load["warnings"] if "kept" in warning]
    assert of_kept == ([told] if kept < rejected else [])
