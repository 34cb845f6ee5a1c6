"""Who asks is settled before anything of the request is judged: 401, then 403, then 404, 413, 415 and 422."""

import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from conftest import ClientAs
from fastapi import FastAPI
from test_authorisation import ANYONE, PUBLIC, ROLES, RULES

from logistics_indicators.settings import Settings

JSON = {"Content-Type": "application/json"}
GUARDED = [name for name, rule in RULES.items() if rule != PUBLIC]


async def too_much() -> AsyncIterator[bytes]:
    for _ in range(Settings.model_fields["body_max_bytes"].default // 65_536 + 2):
        yield b"x" * 65_536


def broken_requests() -> dict[str, dict[str, Any]]:
    return {
        "broken JSON": {"content": b"{", "headers": JSON},
        "JSON that is too deep": {"content": b"[" * 100_000, "headers": JSON},
        "no UTF-8": {"content": b'"\xff"', "headers": JSON},
        "another content type": {"content": b"x", "headers": {"Content-Type": "image/png"}},
        "a packing that there is not": {"content": b"x", "headers": JSON | {"Content-Encoding": "br"}},
        "an unknown parameter": {"params": {"no_such": "1"}},
        "a NUL in the query": {"params": {"uf": "\0"}},
        "a body that says it is too large": {"headers": JSON | {"Content-Length": str(2**40)}, "content": b"x"},
        "a body that turns out too large": {"headers": JSON, "content": too_much()},
    }


async def status_of(client: httpx.AsyncClient, name: str, path_id: str = "1", **request: Any) -> int:
    method, path = name.split()
    async with client.stream(method, re.sub(r"\{\w+\}", path_id, path), **request) as answer:
        await answer.aread()
    if answer.status_code == 401:
        assert answer.headers["www-authenticate"] == "Bearer", name
    assert answer.headers["content-type"] == "application/problem+json", name
    return answer.status_code


@pytest.mark.parametrize("fault", broken_requests())
async def test_a_stranger_is_told_401_whatever_else_is_wrong(anonymous: httpx.AsyncClient, fault: str) -> None:
    for name in GUARDED:
        assert await status_of(anonymous, name, **broken_requests()[fault]) == 401, name


async def test_a_stranger_is_told_401_where_the_id_is_none(anonymous: httpx.AsyncClient) -> None:
    for name in GUARDED:
        assert await status_of(anonymous, name, "no-id") == 401, name


@pytest.mark.parametrize("fault", ["broken JSON", "another content type", "an unknown parameter", "a NUL in the query"])
async def test_a_role_that_may_not_is_told_403_whatever_else_is_wrong(client_as: ClientAs, fault: str) -> None:
    viewer = await client_as("viewer")
    for name in GUARDED:
        if ROLES.index(RULES[name]) > ROLES.index(ANYONE):
            assert await status_of(viewer, name, **broken_requests()[fault]) == 403, name


async def test_who_may_is_told_what_is_wrong(client_as: ClientAs) -> None:
    admin = await client_as("admin")
    broken = broken_requests()
    for fault, status in (
        ("broken JSON", 422), ("an unknown parameter", 422), ("a NUL in the query", 422),
        ("a body that says it is too large", 413), ("a body that turns out too large", 413),
    ):  # fmt: skip
        assert await status_of(admin, "PUT /v1/customers/{customer_id}", **broken[fault]) == status, fault
    assert await status_of(admin, "GET /v1/customers/{customer_id}", "no-id") == 422
    assert await status_of(admin, "POST /v1/services/batch", **broken["another content type"]) == 415


async def test_a_path_that_there_is_not_needs_nobody(app: FastAPI, anonymous: httpx.AsyncClient) -> None:
    assert (await anonymous.get("/v1/no-such-thing")).status_code == 404
    assert (await anonymous.patch("/v1/customers")).status_code == 405
