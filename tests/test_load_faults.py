"""Loads whose API dies, hangs, ends or loses its client: nothing is lost, nothing is doubled, all goes on by itself."""

import asyncio
import random
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import asyncpg
import pytest
from data_folders import reachable_folder
from fault_files import FaultFile, customers_file, update_of, visits_file
from fault_service import Service, moments_of_the_loads, seeded

from logistics_indicators.loads.working.sweeping import LOAD_SESSIONS, end_hung_claims

KILLS = 20
CUSTOMERS = 1000
MakeService = Callable[..., Service]


@pytest.fixture
async def make_service(database_url: str) -> AsyncIterator[MakeService]:
    """Services of the test's database."""
    with reachable_folder() as folder:
        async with AsyncExitStack() as stack:

            def make(**settings: Any) -> Service:
                service = Service(folder, database_url, **settings)
                stack.push_async_callback(service.close)
                return service

            yield make


async def started(service: Service) -> Service:
    service.start()
    await service.ready()
    await service.sign_in()
    return service


async def test_an_api_killed_twenty_times_in_mid_load(
    make_service: MakeService, connection: asyncpg.Connection
) -> None:
    chance = seeded()
    customers, visits = customers_file(chance, 4000), visits_file(chance, 34_000, 4000)
    service = await started(make_service(load_chunk_bytes=16384))
    loads = (await service.send(customers), customers), (await service.send(visits), visits)
    async for _ in moments_of_the_loads(chance, KILLS, service, connection):
        service.kill()
        assert await is_under_way(connection)
        service.start()
    await service.loaded_exactly(connection, *loads)


INDEX_BUILDS = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'CREATE INDEX%' AND wait_event_type = 'Lock'"
INDEXES_OF_SERVICES = "SELECT indexname FROM pg_indexes WHERE tablename = 'services'"


async def test_an_api_killed_while_it_builds_the_indexes(
    make_service: MakeService, connection: asyncpg.Connection
) -> None:
    chance = seeded()
    customers, visits = customers_file(chance, CUSTOMERS), visits_file(chance, 34_000, CUSTOMERS)
    service = await started(make_service(load_chunk_bytes=256 * 1024))
    indexes = await connection.fetch(INDEXES_OF_SERVICES)
    loads = [(await service.send(customers), customers), (await service.send(visits), visits)]
    while not await connection.fetchval("SELECT chunks_done > 0 FROM loads WHERE kind = 'services'"):
        await asyncio.sleep(0.005)
    assert len(await connection.fetch(INDEXES_OF_SERVICES)) < len(indexes)
    async with connection.transaction():
        await connection.execute("LOCK TABLE services IN ROW EXCLUSIVE MODE")  # rows still go in; an index has to wait
        async with asyncio.timeout(60):
            while not await connection.fetchval(INDEX_BUILDS):
                await connection.execute("SELECT pg_stat_clear_snapshot()")
                await asyncio.sleep(0.01)
        assert await is_under_way(connection)
        service.kill()
    service.start()
    await service.loaded_exactly(connection, *loads)
    assert sorted(await connection.fetch(INDEXES_OF_SERVICES)) == sorted(indexes)


async def test_two_apis_on_one_database_of_which_one_dies_now_and_then(
    make_service: MakeService, connection: asyncpg.Connection
) -> None:
    chance = seeded()
    customers, visits = customers_file(chance, CUSTOMERS), visits_file(chance, 4000, CUSTOMERS)
    changes = update_of(chance, visits, CUSTOMERS)
    services = [await started(make_service(load_chunk_bytes=4096)) for _ in range(2)]
    loads = [(await services[0].send(customers), customers), (await services[1].send(visits), visits)]
    loads.append((await services[0].send(changes, on_conflict="update"), changes))
    async for _ in moments_of_the_loads(chance, 4, services[0], connection):
        service = chance.choice(services)
        service.kill()
        service.start()
    for service in services:
        await service.ready()
        await service.loaded_exactly(connection, *loads)


async def test_an_api_told_to_end_in_mid_load_ends_well_and_the_next_goes_on(
    make_service: MakeService, connection: asyncpg.Connection
) -> None:
    chance = seeded()
    customers, visits = customers_file(chance, CUSTOMERS), visits_file(chance, 8000, CUSTOMERS)
    service = await started(make_service(load_chunk_bytes=4096))
    loads = (await service.send(customers), customers), (await service.send(visits), visits)
    async for _ in moments_of_the_loads(chance, 1, service, connection):
        service.signal(signal.SIGTERM)
        assert await service.ended() == 0
        assert "Traceback" not in service.log.read_text()
        assert await is_under_way(connection)
        assert not await connection.fetchval(f"SELECT count(*) FROM ({SESSIONS_OF_LOADS}) AS sessions")
    service.start()
    await service.loaded_exactly(connection, *loads)


async def is_under_way(connection: asyncpg.Connection) -> bool:
    return bool(await connection.fetchval("SELECT EXISTS (SELECT FROM loads WHERE status IN ('received', 'loading'))"))


# -- an upload that is cut ---------------------------------------------------------------------------------


async def begin_upload(service: Service, file: FaultFile, connection: asyncpg.Connection) -> asyncio.StreamWriter:
    """Half of the file is sent, and some of that is in the spool."""
    _, writer = await asyncio.open_connection("127.0.0.1", service.port)
    content = file.content
    head = (
        f"POST /v1/{file.kind}/batch HTTP/1.1",
        "Host: localhost",
        "Content-Type: text/csv",
        f"Content-Length: {len(content)}",
        f"Authorization: {service.client.headers['Authorization']}",
    )
    writer.write("\r\n".join(head).encode() + b"\r\n\r\n" + content[: len(content) // 2])
    await writer.drain()

    async def is_spooled() -> bool:
        return bool(await connection.fetchval("SELECT EXISTS (SELECT FROM load_chunks)"))

    await service.wait_for(is_spooled, "the upload reaches the spool")
    return writer


async def nothing_is_kept(service: Service, connection: asyncpg.Connection) -> None:
    assert (await service.client.get("/v1/loads")).json()["loads"] == []

    async def is_empty() -> bool:
        return not await connection.fetchval("SELECT (SELECT count(*) FROM loads) + (SELECT count(*) FROM load_chunks)")

    await service.wait_for(is_empty, "nothing of the upload is kept")


async def test_an_upload_cut_by_its_client_leaves_nothing(
    make_service: MakeService, connection: asyncpg.Connection
) -> None:
    customers = customers_file(seeded(), CUSTOMERS)
    service = await started(make_service(load_chunk_bytes=4096))
    writer = await begin_upload(service, customers, connection)
    writer.transport.abort()
    await nothing_is_kept(service, connection)
    await service.loaded_exactly(connection, (await service.send(customers), customers))


async def test_an_upload_cut_by_the_death_of_the_api_leaves_nothing(
    make_service: MakeService, connection: asyncpg.Connection
) -> None:
    customers = customers_file(seeded(), CUSTOMERS)
    service = await started(make_service(load_chunk_bytes=4096))
    writer = await begin_upload(service, customers, connection)
    service.kill()
    writer.transport.abort()
    # Half a minute goes by, in which nobody says that the upload lives.
    assert await connection.execute("UPDATE loads SET touched_at = touched_at - interval '31 s'") == "UPDATE 1"
    service.start()
    await service.ready()
    await nothing_is_kept(service, connection)
    await service.loaded_exactly(connection, (await service.send(customers), customers))


# -- a worker that hangs -----------------------------------------------------------------------------------

SESSIONS_OF_LOADS = f"""
SELECT * FROM pg_stat_activity
WHERE datname = current_database() AND application_name = '{LOAD_SESSIONS}'
"""

HANGS = {
    "between two statements": "state = 'idle in transaction'",
    "in the middle of a COPY": "state = 'active' AND wait_event = 'ClientRead'",
}


async def freeze(service: Service, chance: random.Random, connection: asyncpg.Connection, where: str) -> None:
    """Stop the process (SIGSTOP) at a moment when a claimed chunk's session is `where`."""
    claimed = f"SELECT EXISTS ({SESSIONS_OF_LOADS} AND backend_xid IS NOT NULL AND {where})"

    async def is_frozen_there() -> bool:
        service.signal(signal.SIGSTOP)
        for _ in range(5):  # what was sent before the stop is still worked on
            await asyncio.sleep(0.02)
            if await connection.fetchval(claimed):
                return True
        service.signal(signal.SIGCONT)
        assert await is_under_way(connection), "the load ended before the moment came"
        await asyncio.sleep(chance.uniform(0, 0.02))
        return False

    await service.wait_for(is_frozen_there, f"the process hangs where {where}")


@pytest.mark.parametrize("moment", HANGS)
async def test_a_worker_that_hangs_loses_its_chunk_to_another(
    make_service: MakeService, connection: asyncpg.Connection, moment: str
) -> None:
    chance = seeded()
    customers, visits = customers_file(chance, CUSTOMERS), visits_file(chance, 90_000, CUSTOMERS)
    hanging = await started(make_service(load_chunk_bytes=512 * 1024, load_claim_seconds=1))
    loads = [(await hanging.send(customers), customers), (await hanging.send(visits), visits)]
    await freeze(hanging, chance, connection, HANGS[moment])
    other = await started(make_service(load_claim_seconds=1))
    await other.loaded_exactly(connection, *loads)
    hanging.signal(signal.SIGCONT)
    other.kill()
    more = visits_file(chance, 500, CUSTOMERS, first_id=10**6)
    loads.append((await hanging.send(more), more))
    await hanging.loaded_exactly(connection, *loads)


async def test_a_claim_whose_rows_nobody_takes_from_the_server_is_ended(
    database_url: str, connection: asyncpg.Connection
) -> None:
    session = await asyncpg.connect(database_url, server_settings={"application_name": LOAD_SESSIONS})
    statement = await session.prepare("SELECT repeat('x', 20000000)")
    session._transport.pause_reading()
    asking = asyncio.create_task(statement.fetchval())
    hanging = f"SELECT count(*) FROM ({SESSIONS_OF_LOADS} AND wait_event = 'ClientWrite') AS sessions"
    async with asyncio.timeout(60):
        while not await connection.fetchval(hanging):
            await asyncio.sleep(0.01)
        await end_hung_claims(connection, 3600)
        assert await connection.fetchval(hanging) == 1
        while await connection.fetchval(hanging):
            await end_hung_claims(connection, 0.001)
    session._transport.resume_reading()
    with pytest.raises((asyncpg.PostgresConnectionError, asyncpg.AdminShutdownError)):
        await asking
