"""The lists on a table with enough rows for the planner to choose: 50,000 services of 20,000 customers."""

import asyncio
import json
import socket
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import asyncpg
import httpx
import pytest
from fastapi import FastAPI
from listening import listening
from structlog.testing import capture_logs

from logistics_indicators.customers.service import CUSTOMERS, CustomerFilter
from logistics_indicators.exports import lists as exports
from logistics_indicators.lists.asked import order_of
from logistics_indicators.lists.filters import Conditions
from logistics_indicators.lists.order import Place
from logistics_indicators.lists.rows import Listed, Page, count_query, page_query
from logistics_indicators.visits.service import SERVICES, VisitFilter, conditions_of

MANY = """
INSERT INTO customers (id, nome, email, telefone)
SELECT i, 'Nome ' || i % 5000, i || '@example.com', (i % 9000)::text FROM generate_series(1, 20000) i;
CREATE TEMPORARY TABLE named AS
SELECT i, 'Angel ' || i % 1500 AS angel,
       CASE WHEN i % 1000 = 0 THEN 'AC' ELSE (ARRAY['CE', 'SP', 'RS', 'SC'])[i % 4 + 1] END || ' - ' || i % 140 AS polo
FROM generate_series(1, 50000) i;
INSERT INTO angels (name) SELECT DISTINCT angel FROM named;
INSERT INTO polos (name, uf) SELECT DISTINCT polo, left(polo, 2) FROM named;
INSERT INTO services (id, id_cliente, angel_id, polo_id, data_limite, data_de_atendimento)
SELECT i, i % 20000 + 1, angels.id, polos.id,
       '2020-07-01'::date + i % 365,
       CASE WHEN i % 500 > 0 THEN '2020-07-01'::timestamp + make_interval(days => i % 365, secs => i % 9) END
FROM named JOIN angels ON angels.name = angel JOIN polos ON polos.name = polo ORDER BY i;
DROP TABLE named
"""


@pytest.fixture
async def many(connection: asyncpg.Connection) -> None:
    await connection.execute(MANY)
    await connection.execute("VACUUM (ANALYZE) customers, services, angels, polos")


async def plan_of(connection: asyncpg.Connection, sql: str, values: Sequence[object]) -> dict[str, Any]:
    explained = await connection.fetchval(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}", *values)
    plan: dict[str, Any] = json.loads(explained)[0]["Plan"]
    return plan


def nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for child in plan.get("Plans", []) for node in nodes(child))]


def indexes(plan: dict[str, Any]) -> set[str]:
    """Beside those by which the names are found."""
    return {node["Index Name"] for node in nodes(plan) if "Index Name" in node} - {"angels_pkey", "polos_pkey"}


def pages_read(plan: dict[str, Any]) -> int:
    """Beside those of the names: a few for each row of the page, whatever the table's size."""
    names = [node for node in nodes(plan) if node.get("Relation Name") in {"angels", "polos"}]
    return _pages(plan) - sum(_pages(node) for node in names)


def _pages(node: dict[str, Any]) -> int:
    return int(node["Shared Hit Blocks"] + node["Shared Read Blocks"])


SEVERAL = {"id", "nome", "email", "telefone", "id_cliente", "angel", "polo", "uf", "data_limite", "data_de_atendimento"}


def several(asked: dict[str, Any]) -> dict[str, Any]:
    """Filters that may have several values, with one."""
    return {name: [value] if name in SEVERAL else value for name, value in asked.items()}


def of_customers(**asked: Any) -> tuple[Listed, Conditions]:
    return CUSTOMERS, Conditions.of(CustomerFilter(**several(asked)))


def of_services(**asked: Any) -> tuple[Listed, Conditions]:
    return SERVICES, Conditions.of(VisitFilter(**several(asked)))


async def named(connection: asyncpg.Connection, **asked: Any) -> tuple[Listed, Conditions]:
    """By names, which become ids."""
    return SERVICES, await conditions_of(connection, VisitFilter(**several(asked)))


@pytest.mark.usefixtures("many")
async def test_every_filter_uses_its_index_for_list_and_total(connection: asyncpg.Connection) -> None:
    for (listed, conditions), index in [
        (of_customers(id=7), "customers_pkey"),
        (of_customers(nome="Nome 7"), "customers_nome_idx"),
        (of_customers(email="7@example.com"), "customers_email_key"),
        (of_customers(telefone="7"), "customers_telefone_idx"),
        (of_services(id=7), "services_pkey"),
        (of_services(id_cliente=7), "services_id_cliente_idx"),
        (await named(connection, angel="Angel 7"), "services_angel_idx"),
        (await named(connection, polo="CE - 8"), "services_polo_idx"),
        (await named(connection, uf="AC"), "services_polo_idx"),
        (of_services(data_limite=date(2020, 7, 8)), "services_data_limite_idx"),
        (
            of_services(data_limite_de=date(2020, 7, 8), data_limite_ate=date(2020, 7, 8)),
            "services_data_limite_idx",
        ),
        (of_services(data_de_atendimento=datetime(2020, 7, 8, 0, 0, 7)), "services_data_de_atendimento_idx"),
        (
            of_services(data_de_atendimento_de=date(2020, 7, 8), data_de_atendimento_ate=date(2020, 7, 8)),
            "services_data_de_atendimento_idx",
        ),
        (of_services(aberto=True), "services_data_de_atendimento_idx"),
    ]:
        counting = await plan_of(connection, *count_query(listed, conditions))
        assert indexes(counting) == {index}
        listing = await plan_of(connection, *page_query(listed, conditions, Page(30)))
        assert listing["Actual Rows"] > 0
        # Where many rows match, the first thirty are found sooner along the ids.
        assert indexes(listing) in ({index}, {f"{listed.table}_pkey"})
        assert pages_read(listing) < 200


@pytest.mark.usefixtures("many")
async def test_a_filter_that_finds_much_reads_little_more_than_its_page(connection: asyncpg.Connection) -> None:
    for listed, conditions in [
        await named(connection, uf="CE"),
        of_services(aberto=False),
        of_services(),
        of_customers(),
    ]:
        plan = await plan_of(connection, *page_query(listed, conditions, Page(30)))
        assert indexes(plan) == {f"{listed.table}_pkey"}
        assert pages_read(plan) < 20


@pytest.mark.usefixtures("many")
async def test_a_deep_page_by_cursor_reads_as_little_as_the_first(connection: asyncpg.Connection) -> None:
    for listed, conditions in [of_services(), await named(connection, uf="CE"), of_customers()]:
        first = await plan_of(connection, *page_query(listed, conditions, Page(30)))
        deep = await plan_of(connection, *page_query(listed, conditions, Page(30, after=Place(19_500))))
        assert indexes(deep) == {f"{listed.table}_pkey"}
        assert pages_read(deep) <= pages_read(first) + 3


@pytest.mark.usefixtures("many")
async def test_days_late_that_few_visits_have_are_not_looked_for_along_the_ids(connection: asyncpg.Connection) -> None:
    for asked in ({}, {"uf": "CE"}):
        for days_late in ({"dias_de_atraso_de": 1}, {"dias_de_atraso_ate": 5}):
            listed, conditions = await named(connection, **asked, **days_late)
            plan = await plan_of(connection, *page_query(listed, conditions, Page(30)))
            assert plan["Actual Rows"] == 0
            assert "services_pkey" not in indexes(plan)


SORTS = [
    (of_customers(), "nome", "customers_nome_idx"),
    (of_customers(), "telefone", "customers_telefone_idx"),
    (of_customers(), "email", "customers_email_key"),
    (of_services(), "id_cliente", "services_id_cliente_idx"),
    (of_services(), "data_limite", "services_data_limite_idx"),
    (of_services(), "data_de_atendimento", "services_data_de_atendimento_idx"),
]


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize(("of", "sort", "index"), SORTS)
@pytest.mark.parametrize("sign", ["", "-"])
async def test_a_page_deep_in_another_order_is_found_by_the_orders_index_and_reads_as_little_as_the_first(
    connection: asyncpg.Connection, of: tuple[Listed, Conditions], sort: str, index: str, sign: str
) -> None:
    listed, conditions = of
    order = order_of(listed, f"{sign}{sort}")
    first = await plan_of(connection, *page_query(listed, conditions, Page(30, order=order)))
    whole = f"SELECT id, {order.key.sql} AS value FROM {listed.table} ORDER BY {order.sql}"
    row = await connection.fetchrow(f"{whole} OFFSET 15_000 LIMIT 1")
    deep = await plan_of(connection, *page_query(listed, conditions, Page(30, order=order, after=Place(*row))))
    assert deep["Actual Rows"] == 31
    for plan in (first, deep):
        assert index in indexes(plan) <= {index, f"{listed.table}_pkey"}
        assert "Seq Scan" not in {node["Node Type"] for node in nodes(plan)}
    assert pages_read(deep) <= pages_read(first) + 60 < 200


async def start_reading(port: int, path: str, token: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Asks, reads the head of the answer, and then no further: small buffers make the server wait."""
    slow = socket.socket()
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    slow.setblocking(False)
    await asyncio.get_running_loop().sock_connect(slow, ("127.0.0.1", port))
    reader, writer = await asyncio.open_connection(sock=slow, limit=65536)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: test\r\nAuthorization: {token}\r\n\r\n".encode())
    assert b" 200 " in await reader.readline()
    return reader, writer


@pytest.mark.usefixtures("many")
async def test_an_offset_without_a_filter_skips_ids_and_not_rows(connection: asyncpg.Connection) -> None:
    sql, values = page_query(*of_services(), Page(30, 40_000))
    plan = await plan_of(connection, sql, values)
    assert "Index Only Scan" in {node["Node Type"] for node in nodes(plan)}
    assert indexes(plan) == {"services_pkey"}
    assert [row["id"] for row in await connection.fetch(sql, *values)] == list(range(40_001, 40_032))


async def read_to_end(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while piece := await reader.read(65536):
        body += piece
    return body


# Long names: more bytes than any socket buffers, and few rows.
MORE = """
WITH angel AS (INSERT INTO angels (name) VALUES (repeat('a', 200)) RETURNING id),
polo AS (INSERT INTO polos (name) VALUES (repeat('p', 200)) RETURNING id)
INSERT INTO services (id, id_cliente, data_de_atendimento, data_limite, angel_id, polo_id)
SELECT services.id + 50000, id_cliente, data_de_atendimento, data_limite, angel.id, polo.id FROM services, angel, polo
"""


OPEN_CURSORS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in%'"


@pytest.mark.usefixtures("many")
async def test_slow_readers_of_exports_cannot_take_every_connection_and_give_theirs_back_when_they_leave(
    app: FastAPI, client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    await connection.execute(MORE)
    async with listening(app) as port:
        _, slow = await start_reading(port, "/v1/services?format=csv", client.headers["Authorization"])
        busy = await client.get("/v1/services?format=csv")
        assert (busy.status_code, busy.headers["Retry-After"]) == (503, "5")
        assert (await client.get("/v1/services")).status_code == 200
        slow.transport.abort()
        async with asyncio.timeout(30):
            while (await client.get("/v1/customers?format=csv&id=1")).status_code == 503:
                await asyncio.sleep(0.05)
            while app.state.pool.get_idle_size() != app.state.pool.get_size():
                await asyncio.sleep(0.05)
            while await connection.fetchval(OPEN_CURSORS):  # the app's own work is in a transaction for moments too
                await asyncio.sleep(0.05)


@pytest.mark.usefixtures("many")
async def test_who_breaks_an_export_off_leaves_no_transaction_in_its_session(
    app: FastAPI, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows were being fetched, and whatever is awaited then is cancelled."""
    monkeypatch.setattr(exports, "EXPORT_BATCH", 20)
    troubles: list[str] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: troubles.append(context["message"]))
    async with listening(app) as port:
        for _ in range(10):
            reader, writer = await start_reading(port, "/v1/services?format=csv", client.headers["Authorization"])
            await reader.readexactly(100_000)
            writer.transport.abort()
            async with asyncio.timeout(30):
                while app.state.pool.get_idle_size() != app.state.pool.get_size():
                    await asyncio.sleep(0.01)
    assert troubles == []


KILL_EXPORT = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND state = 'idle in transaction'
"""


@pytest.mark.usefixtures("many")
async def test_an_export_that_breaks_off_does_not_look_whole(
    app: FastAPI, client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    await connection.execute(MORE)
    async with listening(app) as port:
        reader, writer = await start_reading(port, "/v1/services?format=csv", client.headers["Authorization"])
        with capture_logs() as logs:
            async with asyncio.timeout(30):
                while not await connection.fetch(KILL_EXPORT):  # between two fetches, while the reader does not read
                    await asyncio.sleep(0.01)
            body = await read_to_end(reader)
        assert not body.endswith(b"0\r\n\r\n")
        writer.close()
    assert [line["log_level"] for line in logs if line["event"] == "request"] == ["error"]
    assert (await client.get("/v1/services")).status_code == 200
