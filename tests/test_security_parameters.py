"""Every parameter of every route, from the OpenAPI document, with values made to hurt: never a 5xx."""

import re
from collections.abc import Iterator
from itertools import product
from typing import Any
from urllib.parse import quote

import asyncpg
import httpx
import pytest
from conftest import ClientAs
from fastapi import FastAPI

HOSTILE_QUERY = {
    "NUL": "%00",
    "NUL inside": "a%00b",
    "invalid UTF-8": "%ff%fe",
    "lone surrogate": "%ed%a0%80",
    "overlong slash": "%c0%af",
    "line break": "a%0d%0aSet-Cookie:%20b=c",
    "quote": quote("' OR '1'='1' --"),
    "statement": quote("1; DROP TABLE users"),
    "huge": "9" * 400,
    "beyond bigint": "9223372036854775808",
    "negative": "-1",
    "least bigint": "-9223372036854775808",
    "exponent": "1e400",
    "not a number": "NaN",
    "other digits": quote("٣"),
    "path": quote("../../../etc/passwd"),
    "template": quote("{{7*7}}${7*7}%s%n"),
    "long": "a" * 4000,
    "year zero": "0000-00-00",
    "late year": "99999-01-01",
    "leap day": "2021-02-29",
    "empty": "",
}
HOSTILE_JSON: dict[str, Any] = {
    "NUL": "a\0b",
    "line break": "a\r\nb",
    "quote": "' OR '1'='1' --",
    "huge": 10**400,
    "beyond bigint": 2**63,
    "negative": -1,
    "fraction": 1.5,
    "exponent": 1e308,
    "truth": True,
    "null": None,
    "list": ["a"],
    "object": {"$ne": 1},
    "deep": [[[[[[[[[[]]]]]]]]]],
    "long": "a" * 100_000,
    "empty": "",
    "blank": " \t\u00a0",
    "late year": "99999-12-31T00:00:00",
    "leap second": "2021-06-30T23:59:60",
    "zone": "2021-06-30T10:00:00+03:00",
    "right to left": "a\u202eb",
}


def operations(app: FastAPI, *methods: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in app.openapi()["paths"].items():
        for method in methods:
            if method in item and not path.endswith("/events"):
                yield method.upper(), path, item[method]


def assert_clean(answer: httpx.Response, said: str) -> None:
    assert answer.status_code < 500, f"{said}: {answer.status_code} {answer.text}"
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json", said
        assert len(answer.content) < 20_000, said
    assert "set-cookie" not in answer.headers, said


async def test_a_hostile_query_is_never_a_5xx(app: FastAPI, client_as: ClientAs) -> None:
    admin = await client_as("admin")
    for method, path, operation in operations(app, "get"):
        names = [p["name"] for p in operation.get("parameters", []) if p["in"] == "query"]
        for name, value in product(names, HOSTILE_QUERY.values()):
            url = f"{re.sub(r'{[^}]+}', '1', path)}?{name}={value}"
            assert_clean(await admin.request(method, url), f"{method} {url[:200]}")


async def test_a_hostile_path_is_a_clean_4xx(app: FastAPI, client_as: ClientAs) -> None:
    admin = await client_as("admin")
    with_ids = [found for found in operations(app, "get", "put", "patch", "delete", "post") if "{" in found[1]]
    for (method, path, operation), value in product(with_ids, filter(None, HOSTILE_QUERY.values())):
        url = re.sub(r"{[^}]+}", value, path)
        answer = await admin.request(method, url, json={} if "requestBody" in operation else None)
        assert_clean(answer, f"{method} {url[:200]}")
        of_tus = (412,) if path.startswith("/v1/uploads/") else ()  # it names no version of tus
        assert answer.status_code in (404, 405, 414, 422, *of_tus), f"{method} {url[:200]}: {answer.status_code}"


def bodies(app: FastAPI) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Each route that takes JSON, and the fields of its body with an example of each."""
    document = app.openapi()
    for method, path, operation in operations(app, "post", "put", "patch"):
        schema = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
        for reference in [schema, *schema.get("anyOf", [])]:
            if name := reference.get("$ref", "").rpartition("/")[2]:
                schema = document["components"]["schemas"][name]
        if "properties" in schema:
            yield method, path, dict.fromkeys(schema["properties"], "1")


def test_every_json_body_is_found(app: FastAPI) -> None:
    found = {path for _, path, _ in bodies(app)}
    assert {"/v1/auth/login", "/v1/auth/register", "/v1/auth/refresh", "/v1/users", "/v1/customers"} <= found


async def test_a_hostile_field_is_never_a_5xx(app: FastAPI, client_as: ClientAs) -> None:
    admin = await client_as("admin")
    for (method, path, fields), value in product(bodies(app), HOSTILE_JSON.values()):
        for field in fields:
            answer = await admin.request(method, re.sub(r"{[^}]+}", "1", path), json=fields | {field: value})
            assert_clean(answer, f"{method} {path} {field}")


@pytest.mark.parametrize("field", ["nome", "telefone"])
async def test_a_statement_in_a_stored_text_stays_a_text(
    client: httpx.AsyncClient, connection: asyncpg.Connection, field: str
) -> None:
    text = "'); DROP TABLE c; --"
    made = await client.post("/v1/customers", json={"nome": "Ana", "email": "ana@example.com"} | {field: text})
    assert made.status_code == 201, made.text
    listed = await client.get("/v1/customers", params={field: text})
    assert [row[field] for row in listed.json()["clientes"]] == [text]
    assert await connection.fetchval("SELECT count(*) FROM customers") == 1
