"""API tokens: what a machine may do by one, and what it never may, whoever made it."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import asyncpg
import httpx
import pytest
from command_line import PASSWORD
from conftest import ClientAs, client_of
from fastapi import FastAPI
from load_client import finished, load_file, send
from test_authorisation import ANYONE, PUBLIC, RULES, WRITERS, operations, request

from logistics_indicators.accounts.api_tokens import MOST_TOKENS
from logistics_indicators.accounts.current_user import API_TOKEN, is_within

LOADER = {"name": "loader", "role": "analyst", "scopes": ["read", "load"]}
READER = {"name": "reader"}
CUSTOMERS = "id;nome;email;telefone\n1;Ana;ana@example.com;\n"

Machine = Callable[..., Awaitable[httpx.AsyncClient]]


async def made(maker: httpx.AsyncClient, **asked: Any) -> dict[str, Any]:
    answer = await maker.post("/v1/tokens", json=asked)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.fixture
async def machine(app: FastAPI) -> AsyncIterator[Machine]:
    """`await machine(maker, name=…)`: a client that has a new token of the maker's."""
    clients = []

    async def make(maker: httpx.AsyncClient, **asked: Any) -> httpx.AsyncClient:
        clients.append(client_of(app, (await made(maker, **asked))["token"]))
        return clients[-1]

    yield make
    for client in clients:
        await client.aclose()


async def test_a_token_loads_a_file_and_reads_what_came_of_it(client: httpx.AsyncClient, machine: Machine) -> None:
    scheduler = await machine(client, **LOADER)
    load = await load_file(scheduler, "customers", CUSTOMERS)
    assert (load["status"], load["rows_inserted"]) == ("completed", 1)
    assert (await scheduler.get("/v1/customers/total")).json() == {"total": 1}
    me = (await client.get("/v1/auth/me")).json()
    assert (await scheduler.get("/v1/auth/me")).json() == me
    assert load["user"] == me["username"]


async def test_a_token_is_shown_once_and_kept_as_a_hash(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    token = await made(client, **READER)
    assert re.fullmatch(API_TOKEN + r"[\w-]{43}", token["token"])
    listed = (await client.get("/v1/tokens")).json()["tokens"]
    assert listed == [{name: value for name, value in token.items() if name != "token"}]
    stored = await connection.fetchval("SELECT t::text FROM api_tokens t")
    assert token["token"] not in stored
    assert token["token"].removeprefix(API_TOKEN) not in stored


async def test_what_is_not_asked_for_is_not_given(client: httpx.AsyncClient, machine: Machine) -> None:
    token = await made(client, name="plain")
    assert (token["role"], token["scopes"], token["addresses"], token["expires_at"]) == ("viewer", ["read"], [], None)
    assert token["last_used_at"] is None
    reader = await machine(client, **READER)
    assert (await reader.get("/v1/indicators/sla/polo")).status_code == 200
    assert (await reader.get("/metrics")).status_code == 200
    assert (await send(reader, "customers", CUSTOMERS)).status_code == 403


async def test_a_token_to_load_alone_reads_nothing(client: httpx.AsyncClient, machine: Machine) -> None:
    loader = await machine(client, name="loader", role="analyst", scopes=["load"])
    assert (await send(loader, "customers", CUSTOMERS)).status_code == 202
    for path in ("/v1/customers", "/v1/loads", "/metrics", "/v1/metrics"):
        answer = await loader.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (403, "application/problem+json")
        assert "scope read" in answer.json()["detail"]
    for path in ("/v1/customers/1", "/v1/services/1"):  # the answer would show what of the row stays
        answer = await loader.put(path, json={"nome": "Ana", "email": "ana@example.com"})
        assert (answer.status_code, "scope read" in answer.json()["detail"]) == (403, True)


async def test_a_token_to_load_alone_follows_the_loads_of_its_user_and_no_others(
    client: httpx.AsyncClient, client_as: ClientAs, machine: Machine
) -> None:
    loader = await machine(client, name="loader", role="analyst", scopes=["load"])
    location = (await send(loader, "customers", CUSTOMERS)).headers["location"]
    await finished(client, int(location.rsplit("/", 1)[1]))
    assert (await loader.get(location)).json()["status"] == "completed"
    others = (await send(await client_as("analyst"), "customers", CUSTOMERS)).headers["location"]
    asked: list[tuple[str, str, Any]] = [
        ("GET", path, None) for path in (others, f"{location}/events", f"{location}/rejects")
    ]
    asked += [
        ("POST", f"{others}/confirm", None),
        ("DELETE", f"{others}/waiting", None),
        ("POST", f"{others}/mend", {"drops": [2]}),
    ]
    for method, path, body in asked:
        answer = await loader.request(method, path, json=body)
        assert (answer.status_code, "scope read" in answer.json()["detail"]) == (403, True), path
    assert (await loader.delete(f"{location}/waiting")).status_code == 200


async def test_a_new_user_of_an_old_one_s_name_does_not_follow_its_loads(
    client: httpx.AsyncClient, machine: Machine, connection: asyncpg.Connection
) -> None:
    loader = await machine(client, name="loader", role="analyst", scopes=["load"])
    location = (await send(loader, "customers", CUSTOMERS)).headers["location"]
    await connection.execute("UPDATE loads SET user_id = NULL")  # as the removal of a user leaves them
    assert (await loader.get(location)).status_code == 403


async def test_even_an_admins_token_does_nothing_that_is_for_people(
    app: FastAPI, client_as: ClientAs, machine: Machine
) -> None:
    automaton = await machine(await client_as("admin"), **LOADER)
    closed = {name for name, operation in operations(app).items() if not takes_api_tokens(operation)}
    for name in closed:
        if RULES[name] != PUBLIC:
            assert (await request(automaton, name)).status_code == 403, name
    assert {"POST /v1/tokens", "GET /v1/tokens", "DELETE /v1/tokens/{token_id}", "POST /v1/auth/password"} <= closed
    assert {name for name in RULES if "/users" in name or "/audit" in name} <= closed


def takes_api_tokens(operation: dict[str, Any]) -> bool:
    return {"api_token": []} in operation.get("security", [])


async def test_the_document_says_where_a_token_is_taken_and_it_is_there(
    app: FastAPI, client_as: ClientAs, machine: Machine
) -> None:
    automaton = await machine(await client_as("analyst"), **LOADER)
    for name, operation in operations(app).items():
        if takes_api_tokens(operation):
            assert RULES[name] in {ANYONE, WRITERS}, name
            assert RULES[name] != ANYONE or name.startswith("GET"), name  # the scope read changes nothing
            assert (await request(automaton, name)).status_code not in {401, 403}, name
    assert app.openapi()["components"]["securitySchemes"]["api_token"]["scheme"] == "bearer"


@pytest.mark.parametrize(
    "changes",
    [
        {"role": "admin"},
        {"role": "viewer", "scopes": ["read", "load"]},
        {"scopes": []},
        {"scopes": ["users"]},
        {"name": ""},
        {"name": "x" * 65},
        {"expires_in_days": 0},
        {"expires_in_days": 3651},
        {"addresses": ["10.0.0.0/40"]},
        {"addresses": ["example.com"]},
        {"addresses": ["10.0.0.1"] * 21},
        {"user_id": 1},
    ],
    ids=str,
)
async def test_a_token_that_cannot_be_is_refused(client: httpx.AsyncClient, changes: dict[str, Any]) -> None:
    assert (await client.post("/v1/tokens", json=READER | changes)).status_code == 422


async def test_nobody_gives_more_than_they_have(client_as: ClientAs) -> None:
    answer = await (await client_as("viewer")).post("/v1/tokens", json=LOADER)
    assert answer.status_code == 403


async def test_a_name_is_given_once_and_there_is_a_bound(client: httpx.AsyncClient, client_as: ClientAs) -> None:
    await made(client, **READER)
    assert (await client.post("/v1/tokens", json=READER)).status_code == 409
    await made(await client_as("analyst"), **READER)
    for number in range(MOST_TOKENS - 1):
        await made(client, name=f"reader {number}")
    assert (await client.post("/v1/tokens", json={"name": "one more"})).status_code == 409


async def test_a_revoked_token_is_nothing_any_more(client: httpx.AsyncClient, app: FastAPI) -> None:
    token = await made(client, **READER)
    async with client_of(app, token["token"]) as reader:
        assert (await reader.get("/v1/customers")).status_code == 200
        assert (await client.delete(f"/v1/tokens/{token['id']}")).status_code == 204
        answer = await reader.get("/v1/customers")
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert (await client.delete(f"/v1/tokens/{token['id']}")).status_code == 404
    assert (await client.get("/v1/tokens")).json()["tokens"] == []


async def test_others_neither_see_nor_revoke_a_token_but_an_admin_does(client_as: ClientAs) -> None:
    maker, other, admin = [await client_as(role) for role in ("viewer", "analyst", "admin")]
    token = await made(maker, **READER)
    assert (await other.get("/v1/tokens")).json()["tokens"] == []
    assert (await other.delete(f"/v1/tokens/{token['id']}")).status_code == 404
    assert [found["id"] for found in (await admin.get("/v1/tokens")).json()["tokens"]] == [token["id"]]
    assert (await admin.delete(f"/v1/tokens/{token['id']}")).status_code == 204


async def test_a_token_has_what_its_maker_has_at_the_moment(client_as: ClientAs, machine: Machine) -> None:
    admin, maker = await client_as("admin"), await client_as("analyst")
    loader = await machine(maker, **LOADER)
    path = f"/v1/users/{(await maker.get('/v1/auth/me')).json()['id']}"
    assert (await send(loader, "customers", CUSTOMERS)).status_code == 202
    await admin.patch(path, json={"role": "viewer"})
    assert (await send(loader, "customers", CUSTOMERS)).status_code == 403
    assert (await loader.get("/v1/customers")).status_code == 200
    await admin.patch(path, json={"active": False})
    assert (await loader.get("/v1/customers")).status_code == 401
    await admin.patch(path, json={"active": True, "role": "admin"})
    assert (await loader.get("/v1/auth/me")).json()["role"] == "analyst"  # no higher than it was made
    await admin.delete(path)
    assert (await loader.get("/v1/customers")).status_code == 401


async def test_a_token_expires(client: httpx.AsyncClient, machine: Machine, connection: asyncpg.Connection) -> None:
    reader = await machine(client, **READER, expires_in_days=30)
    assert (await reader.get("/v1/customers")).status_code == 200
    await connection.execute("UPDATE api_tokens SET expires_at = expires_at - interval '30 days'")
    assert (await reader.get("/v1/customers")).status_code == 401


async def test_a_token_is_taken_from_its_networks_alone(client: httpx.AsyncClient, app: FastAPI) -> None:
    token = await made(client, **READER, addresses=["10.1.2.3/8", "2001:db8::1", "::ffff:12.0.0.1"])
    assert token["addresses"] == ["10.0.0.0/8", "2001:db8::1/128", "12.0.0.1/32"]
    for address, status in (
        ("10.9.9.9", 200),
        ("12.0.0.1", 200),
        ("2001:db8::1", 200),
        ("11.0.0.1", 401),
        ("2001:db8::2", 401),
    ):
        transport = httpx.ASGITransport(app=app, client=(address, 1))
        headers = {"Authorization": f"Bearer {token['token']}"}
        async with httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers) as machine:
            assert (await machine.get("/v1/customers")).status_code == status, address


def test_an_address_that_is_none_is_in_no_network() -> None:
    assert is_within("::ffff:10.1.1.1", ["10.0.0.0/8"])
    assert not is_within(None, ["10.0.0.0/8"])
    assert not is_within("socket", ["0.0.0.0/0"])
    assert is_within(None, [])


async def test_the_last_use_is_seen_but_not_written_at_every_request(
    client: httpx.AsyncClient, machine: Machine, connection: asyncpg.Connection
) -> None:
    reader = await machine(client, **READER)
    row = "SELECT xmin::text, last_used_at FROM api_tokens"
    await reader.get("/v1/customers")
    first = await connection.fetchrow(row)
    shown = (await client.get("/v1/tokens")).json()["tokens"][0]
    assert shown["last_used_at"] == first["last_used_at"].isoformat(timespec="seconds")
    assert shown["last_used_address"] == "127.0.0.1"
    for later in ("1 minute", "-1 hour"):  # long ago, then in time to come: as if no minute had passed
        await connection.execute(f"UPDATE api_tokens SET last_used_at = LOCALTIMESTAMP - interval '{later}'")
        before = await connection.fetchrow(row)
        await reader.get("/v1/customers")
        assert (await connection.fetchrow(row) == before) is (later == "-1 hour")


async def test_who_made_revoked_and_used_a_token_is_in_the_audit_log(client_as: ClientAs, machine: Machine) -> None:
    admin = await client_as("admin")
    token = await made(admin, **READER)
    loader = await machine(admin, **LOADER)
    await load_file(loader, "customers", CUSTOMERS)
    await admin.delete(f"/v1/tokens/{token['id']}")
    entries = {entry["action"]: entry for entry in reversed((await admin.get("/v1/audit")).json()["audit"])}
    assert entries["api_token_revoked"]["detail"]["of_token"] == token["id"]
    assert entries["api_token_made"]["detail"]["scopes"] == "read load"
    assert entries["load_received"]["detail"]["api_token"] == token["id"] + 1
    assert (await loader.delete("/v1/customers/1")).status_code == 200
    (latest,) = (await admin.get("/v1/audit", params={"action": "customer_deleted"})).json()["audit"]
    assert latest["detail"]["api_token"] == token["id"] + 1
    assert token["token"] not in str(entries)


async def test_a_reset_password_ends_the_tokens_and_a_changed_one_does_not(
    client_as: ClientAs, anonymous: httpx.AsyncClient, account: str, machine: Machine, app: FastAPI
) -> None:
    session = await anonymous.post("/v1/auth/login", json={"username": account, "password": PASSWORD})
    async with client_of(app, session.json()["access_token"]) as maker:
        reader = await machine(maker, **READER)
        change = {"current_password": PASSWORD, "new_password": PASSWORD + " again"}
        assert (await maker.post("/v1/auth/password", json=change)).status_code == 204
        assert (await reader.get("/v1/customers")).status_code == 200
    path = f"/v1/users/{session.json()['user']['id']}/password-reset"
    reset = (await (await client_as("admin")).post(path)).json()["reset_token"]
    done = await anonymous.post("/v1/auth/password/reset", json={"reset_token": reset, "new_password": PASSWORD})
    assert done.status_code == 204
    assert (await reader.get("/v1/customers")).status_code == 401


async def test_a_changed_password_ends_one_s_tokens_where_that_is_asked_and_nobody_else_s(
    client: httpx.AsyncClient, client_as: ClientAs, anonymous: httpx.AsyncClient, account: str, machine: Machine,
    app: FastAPI,
) -> None:  # fmt: skip
    session = await anonymous.post("/v1/auth/login", json={"username": account, "password": PASSWORD})
    other = await machine(client, **READER)
    async with client_of(app, session.json()["access_token"]) as maker:
        reader, loader = await machine(maker, **READER), await machine(maker, **LOADER)
        change = {"current_password": "wrong", "new_password": PASSWORD + " again", "revoke_tokens": True}
        assert (await maker.post("/v1/auth/password", json=change)).status_code == 403
        assert (await reader.get("/v1/customers")).status_code == 200
        change["current_password"] = PASSWORD
        assert (await maker.post("/v1/auth/password", json=change)).status_code == 204
    statuses = [(await machine.get("/v1/customers")).status_code for machine in (reader, loader, other)]
    assert statuses == [401, 401, 200]
    log = await (await client_as("admin")).get("/v1/audit", params={"action": "password_changed"})
    assert log.json()["audit"][0]["detail"] == {"tokens_revoked": 2}


@pytest.mark.parametrize("token", [API_TOKEN + "x" * 43, API_TOKEN, API_TOKEN + "x" * 100, API_TOKEN + "é", "LGI_x"])
async def test_what_is_no_token_of_ours_is_401(app: FastAPI, token: str) -> None:
    async with client_of(app) as stranger:
        headers = {b"Authorization": f"Bearer {token}".encode()}
        answer = await stranger.get("/v1/customers", headers=headers)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
