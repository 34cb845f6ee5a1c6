"""Mends whose API dies in the middle: each row is stored once, and each reject is mended or open as its row says."""

from collections.abc import AsyncIterator

import asyncpg
import pytest
from data_folders import reachable_folder
from fault_files import FaultFile, assert_indicators_are_exact, customers_file, random_visit, visit_line
from fault_service import Service, moments_of_the_loads, seeded

VISITS, CUSTOMERS = 12_000, 500
UNDER_WAY = "SELECT status IN ('received', 'loading') FROM loads WHERE id = $1"


@pytest.fixture
async def service(database_url: str) -> AsyncIterator[Service]:
    with reachable_folder() as folder:
        service = Service(folder, database_url, load_chunk_bytes=8192)
        service.start()
        await service.ready()
        await service.sign_in()
        yield service
        await service.close()


async def test_an_api_killed_ten_times_in_mid_mend(service: Service, connection: asyncpg.Connection) -> None:
    chance = seeded()
    customers, visits = customers_file(chance, CUSTOMERS), FaultFile("services")
    rows = [random_visit(chance, key, CUSTOMERS) for key in range(1, VISITS + 1)]
    unknown = {row[0] for row in rows if chance.random() < 0.05}
    for row in rows:
        customer = 10**9 if row[0] in unknown else row[1]
        spelled = visit_line((row[0], customer, *row[2:])).split(";")
        visits.bad("invalid_date", ";".join([*spelled[:4], "A DEFINIR", spelled[5]]))
    loads = [await service.send(customers), await service.send(visits)]
    for load in loads:
        await service.until_load_ended(load)

    rule = {"where": {"value": "A DEFINIR"}, "set": {"data_limite": "2021-06-30"}}
    answer = await service.client.post(f"/v1/loads/{loads[1]}/mend", json={"rule": rule})
    assert answer.status_code == 202, answer.text
    mend = answer.json()["load"]["id"]
    async for _ in moments_of_the_loads(chance, 10, service, connection):
        service.kill()
        assert await connection.fetchval(UNDER_WAY, mend)
        service.start()
    await service.ready()
    await service.until_load_ended(mend)

    report = await service.get(f"/v1/loads/{mend}")
    found = tuple(report[f"rows_{what}"] for what in ("read", "inserted", "rejected"))
    assert (report["status"], found) == ("completed", (VISITS, VISITS - len(unknown), len(unknown)))
    stored = {row["id"] for row in await connection.fetch("SELECT id FROM services")}
    assert stored == {row[0] for row in rows} - unknown
    counted = await service.get(f"/v1/rejects/counts?load={loads[1]}&state=open")
    assert counted["counts"] == [
        {"reason": "unknown_customer", "column": "id_cliente", "value": str(10**9), "rows": len(unknown)}
    ]
    assert (await service.get(f"/v1/rejects/counts?load={loads[1]}&state=mended"))["rows"] == VISITS - len(unknown)
    open_lines = await connection.fetch("SELECT line FROM load_rejects WHERE load_id = $1", mend)
    assert {row["line"] for row in open_lines} == unknown
    await assert_indicators_are_exact(connection, service.get)
    assert not service.broken()
