"""Which load goes first, and the ids that come after it."""

import asyncpg
import httpx
import pytest
from load_client import Report, client_with, counts, finished, load_file, rejects_of, send
from waiting import blocked_by

MAX_ID = 2**53 - 1
CUSTOMERS = "".join(f"{n};Customer {n};c{n}@mail.com;\n" for n in range(1, 41))
VISITS = "".join(f"{n};{n};Ana;CE - X;2021-06-30;2021-06-29 10:00:00\n" for n in range(1, 41))


async def status(client: httpx.AsyncClient, load: Report) -> str:
    return str((await client.get(f"/v1/loads/{load['id']}")).json()["status"])


async def received(client: httpx.AsyncClient, kind: str, content: str) -> Report:
    answer = await send(client, kind, content)
    assert answer.status_code == 202, answer.text
    load: Report = answer.json()["load"]
    return load


@pytest.mark.parametrize("workers", [1, 3])
async def test_a_services_load_waits_for_the_customers_load_received_before_it(
    database_url: str, connection: asyncpg.Connection, workers: int
) -> None:
    async with client_with(connection, database_url, load_workers=0, load_chunk_bytes=256) as client:
        customers = await received(client, "customers", CUSTOMERS)
        services = await received(client, "services", VISITS)
    holder = await asyncpg.connect(database_url)
    held = holder.transaction()
    await held.start()
    await holder.execute("LOCK TABLE customers IN SHARE MODE")  # readers pass, writers wait
    async with client_with(connection, database_url, load_workers=workers) as client:
        await blocked_by(holder)
        assert await status(client, services) == "received"
        assert await connection.fetchval("SELECT count(*) FROM services") == 0
        await held.rollback()
        assert counts(await finished(client, services["id"])) == (40, 40, 0, 0, 0)
        # received and finished, all of it, before the visits began
        ended = await finished(client, customers["id"])
        assert counts(ended) == (40, 40, 0, 0, 0)
        assert ended["finished_at"] <= (await client.get(f"/v1/loads/{services['id']}")).json()["started_at"]
    await holder.close()


async def test_a_services_load_waits_for_every_customers_load_before_it_and_not_for_the_last_alone(
    database_url: str, connection: asyncpg.Connection
) -> None:
    async with client_with(connection, database_url, load_workers=0, load_chunk_bytes=64) as client:
        for first in range(1, 41, 4):
            await received(client, "customers", "".join(CUSTOMERS.splitlines(keepends=True)[first - 1 : first + 3]))
        services = await received(client, "services", VISITS)
    async with client_with(connection, database_url, load_workers=4) as client:
        assert counts(await finished(client, services["id"])) == (40, 40, 0, 0, 0)


@pytest.mark.parametrize("kind", ["customers", "services"])
async def test_loads_of_a_kind_go_first_in_first_out(
    database_url: str, connection: asyncpg.Connection, kind: str
) -> None:
    """Each has the same id with other values: the first one in has it, whoever works on them."""
    rows = {"customers": "7;Load {0};c{0}@mail.com;\n", "services": "7;1;Load {0};CE - X;2021-06-30;-\n"}
    name = {"customers": "nome", "services": "angel"}[kind]
    more = {"customers": "{0};C;n{0}@mail.com;\n", "services": "{0};1;Ana;CE - X;2021-06-30;-\n"}[kind]
    async with client_with(connection, database_url, load_workers=0, load_chunk_bytes=64) as client:
        await received(client, "customers", "1;Íris;iris@mail.com;\n")
        loads = []
        for n in range(6):
            filler = "".join(more.format(1000 * (n + 1) + row) for row in range(20))
            loads.append(await received(client, kind, filler + rows[kind].format(n)))
    async with client_with(connection, database_url, load_workers=4) as client:
        ended = [await finished(client, load["id"]) for load in loads]
        assert [counts(load) for load in ended] == [(21, 21, 0, 0, 0)] + [(21, 20, 0, 0, 1)] * 5
        assert await rejects_of(client, ended[1]["id"]) == [(21, "id", "duplicate_id", "7")]
        assert (await client.get(f"/v1/{kind}/7")).json()[name] == "Load 0"
    order = "SELECT id FROM loads WHERE kind = $1 AND id >= $2 ORDER BY finished_at"
    finished_in = [row["id"] for row in await connection.fetch(order, kind, loads[0]["id"])]
    assert finished_in == [load["id"] for load in loads]


async def create(client: httpx.AsyncClient, kind: str, number: int = 0) -> int:
    body: dict[str, object] = {"nome": "Novo", "email": f"novo{number}@mail.com"}
    if kind == "services":
        body = {"id_cliente": 1, "angel": "Ana", "polo": "CE - X", "data_limite": "2021-06-30"}
    answer = await client.post(f"/v1/{kind}", json=body)
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


@pytest.mark.parametrize("kind", ["customers", "services"])
async def test_after_a_load_a_new_row_gets_the_next_free_id(client: httpx.AsyncClient, kind: str) -> None:
    await load_file(client, "customers", CUSTOMERS)
    await load_file(client, "services", VISITS)
    assert [await create(client, kind, n) for n in range(3)] == [41, 42, 43]
    rows = {"customers": "{0};C;c{0}@mail.com;\n", "services": "{0};1;Ana;CE - X;2021-06-30;-\n"}[kind]
    await load_file(client, kind, rows.format(90) + rows.format(60))
    assert await create(client, kind, 3) == 91


@pytest.mark.parametrize("kind", ["customers", "services"])
async def test_a_new_row_gets_an_id_even_while_and_after_a_load_takes_those_that_come_next(
    client: httpx.AsyncClient, connection: asyncpg.Connection, kind: str
) -> None:
    await load_file(client, "customers", "1;Íris;iris@mail.com;\n")
    rows = {"customers": "{0};C;c{0}@mail.com;\n", "services": "{0};1;Eva;CE - X;2021-06-30;-\n"}[kind]
    load = await received(client, kind, "".join(rows.format(n) for n in range(2, 2000)))
    made = [await create(client, kind, n) for n in range(30)]
    ended = await finished(client, load["id"])
    made += [await create(client, kind, n) for n in range(30, 40)]
    assert len(set(made)) == 40
    assert ended["rows_read"] == ended["rows_inserted"] + ended["rows_rejected"] == 1998
    taken = {
        int(value or 0) for _, _, reason, value in await rejects_of(client, load["id"]) if reason == "duplicate_id"
    }
    assert taken == set(made) & set(range(2, 2000))
    assert len(taken) == ended["rows_rejected"]


@pytest.mark.parametrize("kind", ["customers", "services"])
async def test_ids_go_up_to_what_every_json_reader_keeps_exact(client: httpx.AsyncClient, kind: str) -> None:
    await load_file(client, "customers", f"1;Íris;iris@mail.com;\n{MAX_ID};Rui;rui@mail.com;\n")
    await load_file(client, "services", f"{MAX_ID};{MAX_ID};Ana;CE - X;2021-06-30;-\n{MAX_ID + 1};1;A;B;2021-06-30;-\n")
    row = (await client.get(f"/v1/{kind}/{MAX_ID}")).json()
    assert row["id"] == MAX_ID
    assert (await client.get(f"/v1/{kind}?id={MAX_ID}")).json()["total_por_pagina"] == 1
    assert (await client.get(f"/v1/{kind}/total")).json()["total"] == {"customers": 2, "services": 1}[kind]


@pytest.mark.parametrize("kind", ["customers", "services"])
async def test_where_the_largest_id_is_taken_a_new_row_still_gets_a_free_one(
    client: httpx.AsyncClient, kind: str
) -> None:
    await load_file(client, "customers", f"1;Íris;iris@mail.com;\n{MAX_ID};Rui;rui@mail.com;\n")
    await load_file(client, "services", f"{MAX_ID};1;Ana;CE - X;2021-06-30;-\n")
    made = {await create(client, kind, n) for n in range(3)}
    assert len(made) == 3
    assert MAX_ID not in made
