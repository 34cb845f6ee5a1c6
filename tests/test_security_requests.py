"""Hostile requests get a clean 4xx, every answer the headers that a browser needs, and nobody a traceback."""

import asyncio
import io
import json
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, redirect_stdout

import asyncpg
import httpx
import pytest
import structlog
from conftest import ClientAs, client_of, make_settings, running_app
from fastapi import FastAPI

from logistics_indicators.http.security_headers import DATA_POLICY
from logistics_indicators.running.logs import configure_logs

PROBLEM = "application/problem+json"


def assert_refused(answer: httpx.Response, *statuses: int) -> None:
    assert answer.status_code in statuses, answer.text
    assert answer.headers["content-type"] == PROBLEM
    assert answer.json()["status"] == answer.status_code
    assert answer.headers["x-request-id"]


@pytest.mark.parametrize("path", ["/v1/auth/me", "/v1/nothing", "/openapi.json"])
async def test_every_answer_has_the_security_headers(anonymous: httpx.AsyncClient, path: str) -> None:
    answer = await anonymous.get(path)
    assert answer.headers["content-security-policy"] == DATA_POLICY
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "strict-transport-security" not in answer.headers
    assert "access-control-allow-origin" not in answer.headers
    if path.startswith("/v1"):
        assert answer.headers["cache-control"] == "no-store"


async def test_behind_tls_browsers_are_told_to_stay_there(app: FastAPI) -> None:
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="https://test") as client:
        answer = await client.get("/v1/auth/me")
    assert answer.headers["strict-transport-security"] == "max-age=31536000"


async def test_a_500_tells_its_request_id_and_nothing_else(app: FastAPI, anonymous: httpx.AsyncClient) -> None:
    @app.get("/break")
    async def broken() -> None:
        raise RuntimeError("password=hunter2 in /srv/secret.py")

    answer = await anonymous.get("/break", headers={"X-Request-ID": "mine-1"})
    assert_refused(answer, 500)
    assert answer.json()["request_id"] == "mine-1" == answer.headers["x-request-id"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "hunter2" not in answer.text
    assert "RuntimeError" not in answer.text


@pytest.mark.parametrize("origin", ["https://a.example.com", "https://evil.example"])
async def test_cors_takes_the_configured_origin_alone(database_url: str, origin: str) -> None:
    async with (
        running_app(make_settings(database_url, cors_origins=("https://a.example.com",))) as app,
        client_of(app) as client,
    ):
        headers = {"Origin": origin, "Access-Control-Request-Method": "GET"}
        preflight = await client.options("/v1/auth/me", headers=headers)
        allowed = preflight.headers.get("access-control-allow-origin")
        assert allowed == (origin if origin == "https://a.example.com" else None)
        assert "access-control-allow-credentials" not in preflight.headers


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("logistics.example.com", 401),
        ("LOGISTICS.example.com:8443", 401),
        ("a.b.example.org", 401),
        ("localhost:8000", 401),
        ("[::1]:8000", 401),
        ("example.org", 400),
        ("evil.example", 400),
        ("logistics.example.com.evil.example", 400),
        ("logistics.example.com@evil.example", 400),
        ("", 400),
    ],
)
async def test_only_trusted_hosts_are_answered(database_url: str, host: str, status: int) -> None:
    settings = make_settings(database_url, trusted_hosts=("logistics.example.com", "*.example.org"))
    async with running_app(settings) as app, client_of(app) as client:
        answer = await client.get("/v1/auth/me", headers={"Host": host})
        assert_refused(answer, status)


# -- sizes and shapes ----------------------------------------------------------------------------------------


async def test_a_long_path_and_a_long_query_are_refused(anonymous: httpx.AsyncClient) -> None:
    assert_refused(await anonymous.get("/v1/" + "a" * 3000), 414)
    assert_refused(await anonymous.get("/v1/auth/me?q=" + "a" * 9000), 414)


async def test_large_and_many_headers_are_refused(anonymous: httpx.AsyncClient) -> None:
    assert_refused(await anonymous.get("/v1/auth/me", headers={"X-Large": "a" * 40_000}), 431)
    assert_refused(await anonymous.get("/v1/auth/me", headers={f"X-{n}": "a" for n in range(150)}), 431)


async def test_a_large_body_is_refused_by_its_length_and_by_its_bytes(anonymous: httpx.AsyncClient) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(400):
            yield b"x" * 1024

    assert_refused(await anonymous.post("/v1/auth/login", content=b"x" * 400_000), 413)
    assert_refused(await anonymous.post("/v1/auth/register", content=b"x" * 20_000), 413)
    assert_refused(await anonymous.post("/v1/auth/login", content=pieces()), 413)
    lies = await anonymous.post("/v1/auth/login", content=b"{}", headers={"Content-Length": "9" * 30})
    assert_refused(lies, 413)


async def test_a_body_that_does_not_come_is_a_timeout_and_holds_no_connection(database_url: str) -> None:
    settings = make_settings(database_url, body_seconds=0.05, database_pool_size=2)
    async with running_app(settings) as app, client_of(app) as client:

        async def stall() -> AsyncIterator[bytes]:
            yield b"{"
            await asyncio.Event().wait()

        answers = await asyncio.gather(*(client.post("/v1/auth/login", content=stall()) for _ in range(5)))
        for answer in answers:
            assert_refused(answer, 408)
        assert_refused(await client.post("/v1/auth/login", json={"username": "a", "password": "b"}), 401)


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"username":' * 20_000,
        b'{"username": ' + b"9" * 5000 + b"}",
        b'{"username": "ana", "email": "ana@example.com", "password": "\xff\xfe long enough"}',
        b'{"username": "ana", "email": "ana@example.com", "password": "\\ud800 long enough"}',
        b'{"username": "\\ud800", "email": "ana@example.com", "password": "long enough, it is"}',
        b'{"\\ud800": 1}',
        b'{"' + b"x" * 100_000 + b'": 1}',
        json.dumps({f"field{n}": n for n in range(5000)}).encode(),
        b"null",
        b"NaN",
        b"\x00",
        b"",
    ],
    ids=range(13),
)
async def test_json_that_is_none_is_a_clean_422(client: httpx.AsyncClient, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    answer = await client.post("/v1/customers", content=body, headers=headers)
    assert_refused(answer, 422)
    assert len(answer.content) < 20_000


@pytest.mark.parametrize(
    "hostile",
    ["0", "-1", "2147483648", "99999999999999999999", "1e9", "1.5", "x", "%00", "1%00", "%ff", "%F0%9F%98%80", "1;--"],
)
async def test_ids_that_are_none_are_a_clean_4xx(client_as: ClientAs, hostile: str) -> None:
    admin = await client_as("admin")
    for method, body in (("GET", None), ("DELETE", None), ("PATCH", {"active": True})):
        answer = await admin.request(method, f"/v1/users/{hostile}", json=body)
        assert_refused(answer, 404, 422)


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=1001",
        "limit=-1",
        "limit=99999999999999999999",
        "cursor=x",
        "cursor=-1",
        "cursor=" + "9" * 30,
        "action=%00",
        "action=",
        "username=" + "a" * 100,
        "limit=1&limit=2",
        "limt=1",
        "%ff=1",
        "%00=1",
    ],
)
async def test_queries_that_are_none_are_a_clean_422(client_as: ClientAs, query: str) -> None:
    assert_refused(await (await client_as("admin")).get(f"/v1/audit?{query}"), 422)


INJECTIONS = ["' OR '1'='1", "'; DROP TABLE users; --", '" OR ""="', "admin'--", "$1", "%", "_", "\\", "ana\r\nX: 1"]


@pytest.mark.parametrize("text", INJECTIONS)
async def test_sql_in_a_value_is_only_a_value(
    client_as: ClientAs, connection: asyncpg.Connection, anonymous: httpx.AsyncClient, text: str
) -> None:
    admin = await client_as("admin")
    answer = await admin.get("/v1/audit", params={"username": text})
    assert answer.status_code == 200
    assert answer.json()["audit"] == []
    assert_refused(await anonymous.post("/v1/auth/login", json={"username": text, "password": text}), 401)
    assert await connection.fetchval("SELECT count(*) FROM users") == 1


async def test_a_request_id_with_line_breaks_is_replaced(anonymous: httpx.AsyncClient) -> None:
    answer = await anonymous.get("/v1/auth/me", headers=[(b"X-Request-ID", b"a\r\nSet-Cookie: b=c")])
    assert "set-cookie" not in answer.headers
    assert "\n" not in answer.headers["x-request-id"]
    assert len(answer.headers["x-request-id"]) == 32


@contextmanager
def json_logs() -> Iterator[io.StringIO]:
    """What the service logs meanwhile, in its own format."""
    written = io.StringIO()
    with redirect_stdout(written):
        configure_logs("info")
        yield written
    structlog.reset_defaults()
    logging.getLogger().handlers.clear()


async def test_a_log_line_stays_one_line_whatever_the_client_says(app: FastAPI) -> None:
    hostile = '{"event": "forged"}\n{"event": "forged"}'
    async with client_of(app) as client:
        with json_logs() as written:
            await client.get("/v1/" + hostile.replace("\n", "%0A"), headers={"X-Request-ID": "x\n{}"})
            await client.post("/v1/auth/login", json={"username": hostile, "password": hostile})
    events = [json.loads(line)["event"] for line in written.getvalue().splitlines()]
    assert events.count("request") == 2
    assert "forged" not in events


async def test_a_value_that_postgresql_cannot_take_is_a_422_and_a_line_in_the_log(app: FastAPI) -> None:
    @app.get("/v1/unstorable")
    async def unstorable() -> None:
        raise asyncpg.DataError("a text with 'ana@example.com'")

    app.router.routes.insert(0, app.router.routes.pop())
    async with client_of(app) as client:
        with json_logs() as written:
            answer = await client.get("/v1/unstorable")
    assert answer.status_code == 422
    assert "ana@example.com" not in answer.text
    [line] = [line for line in map(json.loads, written.getvalue().splitlines()) if line["event"] == "unstorable_value"]
    assert "Traceback" not in str(line)


async def test_no_password_and_no_token_reaches_the_log(app: FastAPI) -> None:
    account = {"username": "ana", "email": "ana@example.com", "password": "a long walk on the beach"}
    async with client_of(app) as client:
        with json_logs() as written:
            await client.post("/v1/auth/register", json=account)
            pair = (await client.post("/v1/auth/login", json=account | {"email": ""})).json()
            del account["email"]
            pair = (await client.post("/v1/auth/login", json=account)).json()
            await client.get("/v1/auth/me", headers={"Authorization": f"Bearer {pair['access_token']}"})
            await client.post("/v1/auth/refresh", json={"refresh_token": pair["refresh_token"]})
    assert written.getvalue().count('"request"') >= 5
    for secret in (account["password"], pair["access_token"], pair["refresh_token"]):
        assert secret not in written.getvalue()


async def test_a_value_that_only_the_database_refuses_is_a_422(app: FastAPI, client: httpx.AsyncClient) -> None:
    @app.get("/overflow")
    async def overflow() -> None:
        await app.state.pool.fetchval("SELECT $1::integer", 2**40)

    @app.get("/nul")
    async def nul() -> None:
        await app.state.pool.fetchval("SELECT $1::text", "a\0b")

    @app.get("/division")
    async def division() -> None:
        await app.state.pool.fetchval("SELECT '2021-13-45'::date")

    for path in ("/overflow", "/nul", "/division"):
        assert_refused(await client.get(path), 422)
