"""Slow lists keep no more of the service than their user may have; files that were only looked at keep nothing."""

import asyncio
import re
from contextlib import AsyncExitStack
from urllib.parse import urlsplit

import asyncpg
import httpx
from conftest import ClientAs
from fastapi import FastAPI
from load_client import load_file, token_of
from structlog.testing import capture_logs
from visits import store, visit
from waiting import BLOCKED, blocked_by

from logistics_indicators.http.per_user import PlacesPerUser

CUSTOMERS = "id;nome;email;telefone\n" + "".join(f"{n};Ana;a{n}@mail.com;\n" for n in range(1, 5_001))


async def test_a_user_s_slow_lists_leave_connections_to_others(
    app: FastAPI, client_as: ClientAs, connection: asyncpg.Connection
) -> None:
    app.state.user_lists = PlacesPerUser(2, 0.2, "As many lists as may be are being read for you.")
    ana, bia = await client_as("viewer"), await client_as("viewer")
    async with connection.transaction():
        await connection.execute("LOCK TABLE customers")
        slow = [asyncio.create_task(ana.get("/v1/customers")), asyncio.create_task(ana.get("/v1/customers/total"))]
        while len(await blocked_by(connection)) < 2:
            await asyncio.sleep(0.01)
        refused = await ana.get("/v1/services")
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, "5")
        assert refused.json()["detail"] == "As many lists as may be are being read for you."
        assert (await ana.get("/v1/auth/me")).status_code == 200
        assert (await bia.get("/v1/services")).status_code == 200
    assert [(await answer).status_code for answer in slow] == [200, 200]
    assert (await ana.get("/v1/services")).status_code == 200


async def test_more_lists_than_places_wait_for_each_other(app: FastAPI, client_as: ClientAs) -> None:
    app.state.user_lists = PlacesPerUser(1, 30, "not reached")
    ana = await client_as("viewer")
    answers = await asyncio.gather(*(ana.get("/v1/customers", params={"nome_contem": "ana"}) for _ in range(12)))
    assert {answer.status_code for answer in answers} == {200}


async def test_a_head_of_an_export_ends_and_leaves_nothing_open(
    app: FastAPI, service_url: str, client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    await load_file(client, "customers", CUSTOMERS)
    token, at = await token_of(app, connection), urlsplit(service_url)
    reader, writer = await asyncio.open_connection(at.hostname, at.port)
    for format in ("csv", "xlsx", "parquet", "csv"):  # more than a user may have at once, on one connection
        head = f"HEAD /v1/customers?format={format} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n"
        writer.write(head.encode())
        answer = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 60)).decode()
        assert answer.startswith("HTTP/1.1 200 OK"), answer
        assert re.search(r"filename=.customers-", answer)
        async with asyncio.timeout(30):
            while app.state.user_exports._under_way:  # its place is given back behind its answer
                await asyncio.sleep(0.01)
    writer.write(f"GET /v1/auth/me HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
    assert (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 60)).startswith(b"HTTP/1.1 200 OK")
    writer.close()
    async with asyncio.timeout(30):
        while app.state.pool.get_idle_size() < app.state.pool.get_size() or app.state.user_exports._under_way:
            await asyncio.sleep(0.01)


async def test_an_export_whose_client_left_before_its_first_byte_keeps_nothing(
    app: FastAPI, service_url: str, client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    await load_file(client, "customers", CUSTOMERS)
    token, at = await token_of(app, connection), urlsplit(service_url)
    asked = [("GET", "parquet"), ("HEAD", "parquet"), ("GET", "csv")]  # more than a user may have at once
    with capture_logs() as lines:
        async with connection.transaction():
            await connection.execute("LOCK TABLE customers")
            for method, format in asked:
                _, writer = await asyncio.open_connection(at.hostname, at.port)
                path = f"{method} /v1/customers?format={format}"
                writer.write(f"{path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
                await blocked_by(connection)
                writer.close()
                async with asyncio.timeout(60):
                    while (
                        await connection.fetch(BLOCKED, connection.get_server_pid())
                        or app.state.user_exports._under_way
                    ):
                        await asyncio.sleep(0.01)
            async with asyncio.timeout(60):
                while app.state.pool.get_idle_size() < app.state.pool.get_size():
                    await asyncio.sleep(0.01)
        assert (await client.get("/v1/customers", params={"format": "parquet"})).status_code == 200
    told = [(line["method"], line["status"], line["log_level"]) for line in lines if line["event"] == "request"]
    assert told == [*((method, 400, "info") for method, _ in asked), ("GET", 200, "info")]
    assert {line["log_level"] for line in lines} == {"info"}


async def test_requests_of_one_user_that_wait_for_a_row_leave_connections_to_others(
    app: FastAPI, client_as: ClientAs, connection: asyncpg.Connection
) -> None:
    app.state.user_connections = PlacesPerUser(2, 0.2, "As many of your requests as may be are at work.")
    ana, bia = await client_as("analyst"), await client_as("viewer")
    await load_file(ana, "customers", CUSTOMERS)
    change = {"nome": "Bia", "email": "bia@mail.com"}
    async with connection.transaction():
        await connection.execute("SELECT FROM customers WHERE id = 1 FOR UPDATE")
        slow = [asyncio.create_task(ana.put("/v1/customers/1", json=change)) for _ in range(2)]
        await blocked_by(connection)
        async with asyncio.timeout(30):
            while not all(places.locked() for places in app.state.user_connections._of_user.values()):
                await asyncio.sleep(0.01)
        for request in (ana.put("/v1/customers/2", json=change), ana.get("/v1/indicators/summary")):
            refused = await request
            assert (refused.status_code, refused.headers["Retry-After"]) == (429, "5")
            assert refused.json()["detail"] == "As many of your requests as may be are at work."
        assert (await ana.get("/v1/auth/me")).status_code == 200
        assert (await bia.get("/v1/customers/2")).status_code == 200
    assert [(await answer).status_code for answer in slow] == [200, 200]
    assert (await ana.get("/v1/customers/2")).status_code == 200


async def test_a_long_answer_that_nobody_reads_keeps_a_place_of_its_user(
    app: FastAPI, service_url: str, client_as: ClientAs, connection: asyncpg.Connection
) -> None:
    """Each row's link repeats the filters: 500 rows are more than what the sockets take."""
    await store(connection, [visit(f"A {n}", "SP - SANTOS", "2021-05-03", "2021-05-03") for n in range(500)])
    app.state.user_connections = PlacesPerUser(1, 0.2, "As many of your requests as may be are at work.")
    ana, bia = await client_as("viewer"), await client_as("viewer")
    question = "&".join(["polo=SP%20-%20SANTOS", *(f"polo={'(' * 180}{n}" for n in range(30))])
    at, token = urlsplit(service_url), ana.headers["Authorization"]
    reader, writer = await asyncio.open_connection(at.hostname, at.port)
    writer.write(
        f"GET /v1/indicators/sla/angel?{question} HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\n\r\n".encode()
    )
    assert b" 200 OK" in await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 60)
    async with asyncio.timeout(30):
        while app.state.pool.get_idle_size() < app.state.pool.get_size():  # the service merges meanwhile
            await asyncio.sleep(0.01)
    assert (await ana.get("/v1/indicators/summary")).status_code == 429
    assert (await ana.get("/v1/auth/me")).status_code == 200
    assert (await bia.get("/v1/indicators/summary")).status_code == 200
    writer.close()
    async with asyncio.timeout(60):
        while (await ana.get("/v1/indicators/summary")).status_code == 429:
            await asyncio.sleep(0.01)
    assert (await ana.get("/v1/indicators/summary")).status_code == 200


async def test_a_user_has_half_of_the_connections(app: FastAPI) -> None:
    half = app.state.settings.database_pool_size // 2
    async with AsyncExitStack() as stack:
        for _ in range(half):
            await stack.enter_async_context(app.state.user_connections.one(1))
        assert app.state.user_connections._of_user[1].locked()
