"""HEAD, compression, CORS, and redirects."""

import gzip

import asyncpg
import httpx
import pytest
from conftest import client_of, make_settings, running_app
from fastapi import FastAPI
from listening import listening

from logistics_indicators.http.error_answers import install_error_handlers

HEADED = [
    "/v1/customers",
    "/v1/customers?format=csv",
    "/v1/indicators/sla/angel",
    "/v1/loads",
    "/openapi.json",
    "/docs",
]


async def test_head_of_a_file_lets_go_of_its_cursor(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    for path in ("/v1/customers", "/v1/services"):
        for _ in range(3):
            assert (await client.head(path, params={"format": "csv"})).status_code == 200
    assert "active transaction" not in caplog.text


@pytest.mark.parametrize("path", HEADED)
async def test_head_answers_the_headers_of_get(app: FastAPI, client: httpx.AsyncClient, path: str) -> None:
    async with listening(app) as port, httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as real:
        real.headers["Authorization"] = client.headers["Authorization"]
        real.headers["X-Request-ID"] = "same"
        got, headed = await real.get(path), await real.head(path)
        assert headed.status_code == got.status_code == 200
        assert headed.content == b""
        passing = {"transfer-encoding", "date", "content-disposition"}
        assert {k: v for k, v in headed.headers.items() if k not in passing} == {
            k: v for k, v in got.headers.items() if k not in passing
        }
        assert (await real.get(path)).status_code == 200


async def test_allow_names_head_and_a_path_without_get_has_none(client: httpx.AsyncClient) -> None:
    assert (await client.patch("/v1/customers")).headers["Allow"] == "GET, HEAD, POST"
    refused = await client.head("/v1/auth/login")
    assert (refused.status_code, refused.headers["Allow"]) == (405, "POST")


async def test_answers_are_compressed_for_those_who_accept_it(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    await connection.execute(
        "INSERT INTO customers (id, nome, email) "
        "SELECT n, 'Ana ' || n, n || '@example.com' FROM generate_series(1, 500) AS n"
    )
    url = "/v1/customers?limit=500"
    sizes = {}
    for accepted, packed in (("gzip", True), ("identity", False), ("gzip;q=0", False), ("br, gzip;q=0.5", True)):
        async with client.stream("GET", url, headers={"Accept-Encoding": accepted}) as answer:
            raw = b"".join([piece async for piece in answer.aiter_raw()])
            sizes[packed] = raw
            assert ("content-encoding" in answer.headers) is packed
            assert answer.headers["vary"] == "Accept-Encoding"
    assert gzip.decompress(sizes[True]) == sizes[False]


async def test_a_packed_answer_has_a_weak_tag_that_is_known_again(client: httpx.AsyncClient) -> None:
    first = await client.get("/openapi.json", headers={"Accept-Encoding": "gzip"})
    assert first.headers["ETag"].startswith('W/"')
    plain = await client.get("/openapi.json", headers={"Accept-Encoding": "identity"})
    assert first.headers["ETag"] == "W/" + plain.headers["ETag"]
    for tag in (first.headers["ETag"], plain.headers["ETag"], f'"other", {plain.headers["ETag"]}'):
        assert (await client.get("/openapi.json", headers={"If-None-Match": tag})).status_code == 304


async def test_files_that_are_packed_already_stay_as_they_are(client: httpx.AsyncClient) -> None:
    for name in ("xlsx", "parquet"):
        assert "content-encoding" not in (await client.get(f"/v1/customers?format={name}")).headers


async def test_a_slash_too_many_leads_to_the_path_without(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/customers/?limit=3")
    assert (answer.status_code, answer.headers["Location"]) == (307, "../customers?limit=3")
    assert (await client.get("/v1/customers/?limit=3", follow_redirects=True)).status_code == 200
    assert (await client.get("http://test//evil.example/")).status_code == 404


async def test_pages_that_are_the_last_name_no_next(client: httpx.AsyncClient) -> None:
    for path in ("/v1/loads", "/v1/customers", "/v1/services"):
        assert "proxima_pagina" not in (await client.get(path)).json()


async def test_cors_lets_a_page_send_and_read_what_the_api_uses(database_url: str) -> None:
    origin = "https://a.example.com"
    async with running_app(make_settings(database_url, cors_origins=(origin,))) as app, client_of(app) as client:
        asked = "content-encoding,idempotency-key,if-none-match"
        headers = {"Origin": origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": asked}
        assert (await client.options("/v1/customers/batch", headers=headers)).status_code == 200
        exposed = (await client.get("/v1/health", headers={"Origin": origin})).headers["access-control-expose-headers"]
        assert {"Content-Disposition", "Link", "ETag", "Location", "Retry-After"} <= set(exposed.split(", "))


@pytest.mark.parametrize(
    ("query", "value", "status"),
    [
        ("SELECT $1::integer", "no number", 422),
        ("SELECT $1::integer", 2**40, 422),
        ("SELECT $1::text::integer", "no number", 422),
        ("SELECT pg_terminate_backend(pg_backend_pid()) AND $1::boolean", True, 503),
    ],
)
async def test_a_value_that_the_database_cannot_take_is_422_and_a_database_that_is_away_503(
    connection: asyncpg.Connection, query: str, value: object, status: int
) -> None:
    app = FastAPI()
    install_error_handlers(app)

    @app.get("/ask")
    async def ask() -> object:
        return await connection.fetchval(query, value)

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        assert (await client.get("/ask")).status_code == status
