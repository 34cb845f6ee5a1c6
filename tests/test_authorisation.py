"""Who may call what: every route of the OpenAPI document has a rule here, and a new one without fails."""

import re
from typing import Any

import httpx
import pytest
from conftest import ClientAs
from fastapi import FastAPI

PUBLIC, ANYONE, WRITERS, ADMINS = "public", "viewer", "analyst", "admin"
ROLES = ["viewer", "analyst", "admin"]

RULES = {
    "GET /v1/setup": PUBLIC,  # nobody can have signed in
    "POST /v1/demo": ADMINS,
    "POST /v1/auth/register": PUBLIC,
    "POST /v1/auth/login": PUBLIC,
    "POST /v1/auth/password/reset": PUBLIC,  # the one-time token is its own proof
    "POST /v1/auth/refresh": PUBLIC,  # so is the refresh token, see test_tokens.py
    "POST /v1/auth/logout": PUBLIC,
    "POST /v1/auth/session": PUBLIC,
    "POST /v1/auth/session/refresh": PUBLIC,  # by its cookie, see test_browser_sessions.py
    "DELETE /v1/auth/session": PUBLIC,  # likewise
    "GET /v1/auth/me": ANYONE,
    "POST /v1/auth/password": ANYONE,
    "GET /v1/users": ADMINS,
    "POST /v1/users": ADMINS,
    "GET /v1/users/{user_id}": ADMINS,
    "PATCH /v1/users/{user_id}": ADMINS,
    "DELETE /v1/users/{user_id}": ADMINS,
    "POST /v1/users/{user_id}/password-reset": ADMINS,
    "GET /v1/audit": ADMINS,
    "POST /v1/tokens": ANYONE,  # people, that is: see test_api_tokens.py
    "GET /v1/tokens": ANYONE,
    "DELETE /v1/tokens/{token_id}": ANYONE,
    "GET /v1/customers": ANYONE,
    "POST /v1/customers": WRITERS,
    "GET /v1/customers/total": ANYONE,
    "POST /v1/customers/batch": WRITERS,
    "GET /v1/customers/{customer_id}": ANYONE,
    "PUT /v1/customers/{customer_id}": WRITERS,
    "DELETE /v1/customers/{customer_id}": WRITERS,
    "GET /v1/services": ANYONE,
    "POST /v1/services": WRITERS,
    "GET /v1/services/total": ANYONE,
    "POST /v1/services/batch": WRITERS,
    "GET /v1/services/{service_id}": ANYONE,
    "PUT /v1/services/{service_id}": WRITERS,
    "GET /v1/services/{service_id}/origin": ANYONE,
    "GET /v1/loads": ANYONE,
    "GET /v1/loads/{load_id}": ANYONE,
    "DELETE /v1/loads/{load_id}": WRITERS,  # of analysts, trials of their own alone: see test_confirm.py
    "GET /v1/loads/{load_id}/rejects": ANYONE,
    "GET /v1/loads/{load_id}/events": ANYONE,
    "POST /v1/loads/{load_id}/mend": WRITERS,
    "GET /v1/loads/{load_id}/preview": ANYONE,
    "POST /v1/loads/{load_id}/confirm": WRITERS,
    "GET /v1/loads/{load_id}/waiting": ANYONE,
    "DELETE /v1/loads/{load_id}/waiting": WRITERS,
    "GET /v1/events": ANYONE,
    "GET /v1/rejects": ANYONE,
    "GET /v1/rejects/counts": ANYONE,
    "GET /v1/presets": ANYONE,
    "GET /v1/presets/{name}": ANYONE,
    "PUT /v1/presets/{name}": ADMINS,
    "DELETE /v1/presets/{name}": ADMINS,
    "OPTIONS /v1/uploads": PUBLIC,  # what of the protocol is spoken here
    "OPTIONS /v1/uploads/{upload_id}": PUBLIC,
    "POST /v1/uploads": WRITERS,
    "GET /v1/uploads/{upload_id}": WRITERS,  # of them, the owner and admins: see test_uploads.py
    "PATCH /v1/uploads/{upload_id}": WRITERS,
    "DELETE /v1/uploads/{upload_id}": WRITERS,
    "GET /v1/indicators/sla/angel": ANYONE,
    "GET /v1/indicators/sla/polo": ANYONE,
    "GET /v1/indicators/sla/uf": ANYONE,
    "GET /v1/indicators/productivity": ANYONE,
    "GET /v1/indicators/productivity/polo": ANYONE,
    "GET /v1/indicators/productivity/uf": ANYONE,
    "GET /v1/indicators/trend": ANYONE,
    "GET /v1/indicators/backlog/angel": ANYONE,
    "GET /v1/indicators/backlog/polo": ANYONE,
    "GET /v1/indicators/backlog/uf": ANYONE,
    "GET /v1/indicators/lateness/angel": ANYONE,
    "GET /v1/indicators/lateness/polo": ANYONE,
    "GET /v1/indicators/lateness/uf": ANYONE,
    "GET /v1/indicators/summary": ANYONE,
    "GET /v1/indicators/changes": ANYONE,
    "GET /v1/indicators/verify": ADMINS,
    "POST /v1/indicators/rebuild": ADMINS,
    "GET /v1/health": PUBLIC,
    "GET /v1/ready": PUBLIC,
    "GET /v1/metrics": ANYONE,
    "GET /metrics": ANYONE,
    "GET /v1/calendar": ANYONE,
    "POST /v1/calendar": ADMINS,
    "DELETE /v1/calendar/{day_id}": ADMINS,
    "GET /v1/indicators/settings": ANYONE,
    "PUT /v1/indicators/settings": ADMINS,
    "GET /v1/polos": ANYONE,
    "PUT /v1/polos/{polo_id}": ADMINS,
}

RULES |= {
    "GET /v1/health": PUBLIC,
    "GET /v1/ready": PUBLIC,
    "GET /v1/metrics": ANYONE,  # or METRICS_TOKEN, see test_monitoring.py
    "GET /metrics": ANYONE,
}

ENDLESS = "GET /v1/events"
"""Its HEAD ends."""

EXISTS = {200, 201, 202, 204, 304, 404, 406, 409, 411, 412, 413, 415, 422}
"""What a route may answer to one who is let in, and who sends next to nothing."""


def operations(app: FastAPI) -> dict[str, dict[str, Any]]:
    return {
        f"{method.upper()} {path}": operation
        for path, item in app.openapi()["paths"].items()
        for method, operation in item.items()
        if method in {"get", "put", "post", "delete", "options", "head", "patch", "trace"}
    }


def test_every_route_has_a_rule_and_every_rule_a_route(app: FastAPI) -> None:
    assert set(operations(app)) == set(RULES)


def test_the_document_says_which_routes_need_a_token(app: FastAPI) -> None:
    for name, operation in operations(app).items():
        schemes = {scheme for wanted in operation.get("security", []) for scheme in wanted}
        if RULES[name] == PUBLIC:
            assert "bearer" not in schemes, name
        else:
            assert schemes - {"api_token"} == {"bearer"}, name
            refused = {"401"} if RULES[name] == ANYONE else {"401", "403"}
            assert refused <= set(operation["responses"]), name


async def request(client: httpx.AsyncClient, name: str) -> httpx.Response:
    method, path = name.split()
    method = "HEAD" if name == ENDLESS else method
    return await client.request(method, re.sub(r"\{\w+\}", "999999", path))


async def test_a_stranger_gets_401_wherever_a_token_is_needed(anonymous: httpx.AsyncClient) -> None:
    for name, rule in RULES.items():
        answer = await request(anonymous, name)
        if rule == PUBLIC:
            assert answer.status_code in EXISTS | {401}, name
        else:
            assert answer.status_code == 401, name
            assert answer.headers["www-authenticate"] == "Bearer"
            assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("role", ROLES)
async def test_a_role_gets_in_where_it_may_and_403_elsewhere(client_as: ClientAs, role: str) -> None:
    client = await client_as(role)
    for name, rule in RULES.items():
        answer = await request(client, name)
        if rule == PUBLIC:
            continue
        if ROLES.index(role) >= ROLES.index(rule):
            assert answer.status_code in EXISTS, name
        else:
            assert answer.status_code == 403, name
            assert answer.headers["content-type"] == "application/problem+json"


async def test_methods_that_a_path_does_not_have_are_405(app: FastAPI, client_as: ClientAs) -> None:
    admin = await client_as("admin")
    for path, item in app.openapi()["paths"].items():
        for method in {"get", "put", "post", "delete", "patch", "options", "trace"} - set(item):
            answer = await admin.request(method.upper(), re.sub(r"\{\w+\}", "1", path))
            assert answer.status_code == 405, f"{method} {path}"
            allowed = {name.upper() for name in item} | ({"HEAD"} if "get" in item else set())
            assert answer.headers["allow"] == ", ".join(sorted(allowed)), f"{method} {path}"
            assert answer.headers["content-type"] == "application/problem+json"
