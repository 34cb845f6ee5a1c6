"""Visits that wait, and an API that dies while they are tried; and a million of them, of which few are asked for."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress

import asyncpg
import httpx
import pytest
from data_folders import reachable_folder
from fault_files import FaultFile, assert_indicators_are_exact, customers_file, random_visit, visit_line
from fault_service import Service, seeded

from logistics_indicators.customers.arrivals import ANNOUNCE
from logistics_indicators.loads.waiting.trying import MARK_READY, TAKE_READY

KILLS = 8
CUSTOMERS = 1500
VISITS = 9000


def visits_file(first_unknown: int) -> FaultFile:
    """Good visits alone, one in fifty of a customer that never comes."""
    chance, file = seeded(), FaultFile("services")
    for key in range(1, VISITS + 1):
        row = random_visit(chance, key, CUSTOMERS)
        if key % 50 == 0:
            file.lines.append(visit_line((key, first_unknown + key, *row[2:])))
        else:
            file.good(row, visit_line(row))
    return file


@pytest.fixture
async def service(database_url: str) -> AsyncIterator[Service]:
    with reachable_folder() as folder:
        async with AsyncExitStack() as stack:
            made = Service(folder, database_url, load_chunk_bytes=8192)
            stack.push_async_callback(made.close)
            made.start()
            await made.ready()
            await made.sign_in()
            yield made


async def test_visits_that_wait_are_loaded_once_each_however_often_the_api_is_killed(
    service: Service, connection: asyncpg.Connection
) -> None:
    chance, visits, customers = seeded(), visits_file(10**6), customers_file(seeded(), CUSTOMERS)
    load_id = await service.send(visits, unknown_customer="wait")
    await service.until_load_ended(load_id)
    assert await connection.fetchval("SELECT rows_waiting FROM loads WHERE id = $1", load_id) == VISITS
    brought = await service.send(customers)

    waiting = "SELECT rows_waiting FROM loads WHERE id = $1"
    for share in sorted(chance.uniform(0, 0.9) for _ in range(KILLS)):

        async def is_reached(share: float = share) -> bool:
            return int(await connection.fetchval(waiting, load_id)) <= VISITS * (1 - share)

        await service.wait_for(is_reached, f"{share:.0%} of them are loaded")
        await asyncio.sleep(chance.uniform(0, 0.1))
        service.kill()
        service.start()

    left = VISITS - len(visits.rows)

    async def is_done() -> bool:
        with suppress(httpx.TransportError):
            return await service.load_ended(brought) and await connection.fetchval(waiting, load_id) == left
        return False

    await service.wait_for(is_done, "all that have a customer are loaded", patiently=True)
    stored = await connection.fetch("SELECT id, id_cliente, angel, polo, data_limite, data_de_atendimento FROM visits")
    assert {row["id"]: tuple(row) for row in stored} == visits.rows
    report = await service.get(f"/v1/loads/{load_id}")
    assert (report["rows_read"], report["rows_inserted"], report["rows_rejected"]) == (VISITS, len(visits.rows), 0)
    assert await connection.fetchval("SELECT count(*) FROM services_waiting") == left
    await assert_indicators_are_exact(connection, service.get)


FILL = """
INSERT INTO services_waiting (load_id, line, id, id_cliente, data_limite, angel, polo, "row")
SELECT 1, n, n, 1000 + n / 3, '2021-06-30', 'Ana', 'CE - X', repeat('x', 60) FROM generate_series(1, 100000) AS n
"""


async def plan_of(connection: asyncpg.Connection, statement: str, *arguments: object) -> str:
    return "\n".join(row[0] for row in await connection.fetch(f"EXPLAIN {statement}", *arguments))


@pytest.mark.parametrize("analysed", [True, False])
async def test_customers_that_come_cost_a_look_up_each_and_not_a_walk_over_all_that_wait(
    connection: asyncpg.Connection, analysed: bool
) -> None:
    await connection.execute("INSERT INTO loads (kind, status) VALUES ('services', 'completed')")
    await connection.execute(FILL)
    if analysed:
        await connection.execute("ANALYZE services_waiting")
    await connection.execute(ANNOUNCE, "{2000,2001,7}")
    assert await connection.fetchval("SELECT count(*) FROM arrived_customers") == 2
    for statement, arguments in ((ANNOUNCE, ("{2000,2001,7}",)), (MARK_READY, ()), (TAKE_READY, (1,))):
        plan = await plan_of(connection, statement, *arguments)
        assert "Seq Scan on services_waiting" not in plan, plan
        assert "Index" in plan, plan
    await connection.execute(MARK_READY)
    ready = await connection.fetch("SELECT line FROM services_ready ORDER BY line")
    assert [row["line"] for row in ready] == [3000, 3001, 3002, 3003, 3004, 3005]
