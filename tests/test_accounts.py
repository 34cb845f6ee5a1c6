"""Registering, signing in, refreshing, signing out, and changing a password, as a client sees them."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

import asyncpg
import httpx
import pytest
from conftest import ClientAs, client_of, make_settings, running_app
from fastapi import FastAPI, Request
from passlib.hash import argon2

from logistics_indicators.accounts import passwords, sessions
from logistics_indicators.accounts.current_user import peer_address

PASSWORD = "a long walk on the beach"
Guess = Callable[..., Awaitable[httpx.Response]]
ANA = {"username": "ana", "email": "ana@example.com", "password": PASSWORD}


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def register(client: httpx.AsyncClient, **changes: str) -> httpx.Response:
    return await client.post("/v1/auth/register", json=ANA | changes)


async def sign_in(client: httpx.AsyncClient, username: str = "ana", password: str = PASSWORD) -> dict[str, str]:
    answer = await client.post("/v1/auth/login", json={"username": username, "password": password})
    assert answer.status_code == 200, answer.text
    session: dict[str, str] = answer.json()
    return session


async def test_the_first_account_is_admin_and_the_next_analyst(anonymous: httpx.AsyncClient) -> None:
    first = await register(anonymous)
    second = await register(anonymous, username="bia", email="bia@example.com")
    assert first.status_code == second.status_code == 201
    assert first.json() == {"id": first.json()["id"], "username": "ana", "email": "ana@example.com", "role": "admin"}
    assert second.json()["role"] == "analyst"


async def test_of_accounts_registered_at_once_one_is_admin(anonymous: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(
        *(register(anonymous, username=f"user{n}", email=f"user{n}@example.com") for n in range(8))
    )
    assert sorted(answer.json()["role"] for answer in answers) == ["admin"] + ["analyst"] * 7


@pytest.mark.parametrize(
    "same", [{"email": "x@example.com"}, {"username": "x"}, {"username": "ANA", "email": "x@example.com"}]
)
async def test_a_taken_name_or_mail_is_a_conflict(anonymous: httpx.AsyncClient, same: dict[str, str]) -> None:
    await register(anonymous)
    answer = await register(anonymous, **same)
    assert answer.status_code == 409
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("password", "short"),
        ("password", ""),
        ("password", "password123"),
        ("password", "x" * 129),
        ("username", ""),
        ("username", " "),
        ("username", "a\nb"),
        ("username", "a\0b"),
        ("username", "u" * 65),
        ("email", "not a mail"),
        ("email", "a@b"),
        ("email", "a@" + "b" * 250 + ".com"),
    ],
)
async def test_a_weak_or_malformed_field_is_named(anonymous: httpx.AsyncClient, field: str, value: str) -> None:
    answer = await register(anonymous, **{field: value})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["loc"] == ["body", field]


async def test_a_refused_password_is_not_in_the_answer(anonymous: httpx.AsyncClient) -> None:
    answer = await register(anonymous, password="s3cr3t!")
    assert "s3cr3t!" not in answer.text


async def test_login_by_json_and_by_form_give_the_same_shape(anonymous: httpx.AsyncClient) -> None:
    registered = (await register(anonymous)).json()
    by_json = await anonymous.post("/v1/auth/login", json={"username": "ana", "password": PASSWORD})
    form = {"grant_type": "password", "username": "ANA", "password": PASSWORD}
    by_form = await anonymous.post("/v1/auth/login", data=form)
    for answer in (by_json, by_form):
        assert answer.status_code == 200
        body = answer.json()
        assert set(body) == {"access_token", "refresh_token", "token_type", "expires_in", "user"}
        assert body["token_type"] == "bearer"
        assert body["expires_in"] == 15 * 60
        assert body["user"] == registered
        me = await anonymous.get("/v1/auth/me", headers=bearer(body["access_token"]))
        assert me.json() == registered


@pytest.mark.parametrize("who", [{"username": "ana", "password": "wrong"}, {"username": "nobody", "password": "x"}])
async def test_a_wrong_password_and_an_unknown_user_answer_alike(
    anonymous: httpx.AsyncClient, who: dict[str, str]
) -> None:
    await register(anonymous)
    answer = await anonymous.post("/v1/auth/login", json=who)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["detail"] == "The username or the password is wrong."


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("application/json", b"", 422),
        ("application/json", b"{", 422),
        ("application/json", b"[" * 10_000, 422),
        ("application/json", b"[" * 20_000, 413),
        ("application/json", b'{"username": "ana", "password": "x", "passwrod": "y"}', 422),
        ("application/json", b'{"username": "ana\\ud800", "password": "x"}', 422),
        ("application/json", b'{"username": "ana\xff", "password": "x"}', 422),
        ("application/json", b'{"username": "ana\\u0000", "password": "x"}', 422),
        ("application/json", b'{"username": "ana", "password": "\\u0000"}', 401),
        ("application/x-www-form-urlencoded", b"username=ana", 422),
        ("application/x-www-form-urlencoded", b"username=ana%00&password=%00", 422),
        ("application/x-www-form-urlencoded", b"username=ana%ff&password=x", 401),
        ("application/x-www-form-urlencoded", b"&".join(b"f%d=1" % n for n in range(1000)), 422),
        ("application/x-www-form-urlencoded", b"username=ana&password=x&grant_type=implicit", 422),
        ("text/plain", b"ana", 415),
    ],
)
async def test_a_malformed_sign_in_is_a_clean_4xx(
    anonymous: httpx.AsyncClient, content_type: str, body: bytes, status: int
) -> None:
    answer = await anonymous.post("/v1/auth/login", content=body, headers={"Content-Type": content_type})
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_refresh_token_is_spent_by_its_use(
    anonymous: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    await register(anonymous)
    first = await sign_in(anonymous)
    second = await anonymous.post("/v1/auth/refresh", headers=bearer(first["refresh_token"]))
    assert second.status_code == 200
    third = await anonymous.post("/v1/auth/refresh", json={"refresh_token": second.json()["refresh_token"]})
    assert third.status_code == 200
    assert len({first["refresh_token"], second.json()["refresh_token"], third.json()["refresh_token"]}) == 3
    await connection.execute("UPDATE refresh_tokens SET spent_at = spent_at - interval '11 seconds'")

    stolen = await anonymous.post("/v1/auth/refresh", headers=bearer(first["refresh_token"]))
    assert stolen.status_code == 401
    for pair in (second.json(), third.json()):  # the theft ended everything that descends from the sign-in
        assert (await anonymous.post("/v1/auth/refresh", headers=bearer(pair["refresh_token"]))).status_code == 401
        assert (await anonymous.get("/v1/auth/me", headers=bearer(pair["access_token"]))).status_code == 401
    assert await connection.fetchval("SELECT count(*) FROM audit_log WHERE action = 'refresh_token_reused'") == 1
    await sign_in(anonymous)


async def test_two_tabs_may_refresh_at_once(anonymous: httpx.AsyncClient) -> None:
    await register(anonymous)
    token = (await sign_in(anonymous))["refresh_token"]
    tabs = await asyncio.gather(*(anonymous.post("/v1/auth/refresh", headers=bearer(token)) for _ in range(2)))
    assert [tab.status_code for tab in tabs] == [200, 200]
    for tab in tabs:
        again = await anonymous.post("/v1/auth/refresh", headers=bearer(tab.json()["refresh_token"]))
        assert again.status_code == 200


async def test_refreshing_does_not_prolong_a_session(
    anonymous: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    await register(anonymous)
    pair = await sign_in(anonymous)
    before = await connection.fetchval("SELECT expires_at FROM sessions")
    pair = (await anonymous.post("/v1/auth/refresh", headers=bearer(pair["refresh_token"]))).json()
    assert await connection.fetchval("SELECT expires_at FROM sessions") == before
    await connection.execute("UPDATE sessions SET expires_at = now()")
    assert (await anonymous.post("/v1/auth/refresh", headers=bearer(pair["refresh_token"]))).status_code == 401
    assert (await anonymous.get("/v1/auth/me", headers=bearer(pair["access_token"]))).status_code == 401


async def test_logout_ends_the_whole_session(anonymous: httpx.AsyncClient) -> None:
    await register(anonymous)
    first, other = await sign_in(anonymous), await sign_in(anonymous)
    second = (await anonymous.post("/v1/auth/refresh", headers=bearer(first["refresh_token"]))).json()
    for _ in range(2):
        answer = await anonymous.post("/v1/auth/logout", headers=bearer(first["refresh_token"]))
        assert answer.status_code == 204
        assert answer.content == b""
    for pair in (first, second):
        assert (await anonymous.post("/v1/auth/refresh", headers=bearer(pair["refresh_token"]))).status_code == 401
        assert (await anonymous.get("/v1/auth/me", headers=bearer(pair["access_token"]))).status_code == 401
    assert (await anonymous.get("/v1/auth/me", headers=bearer(other["access_token"]))).status_code == 200


async def test_tokens_and_passwords_are_stored_as_hashes(
    anonymous: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    await register(anonymous)
    pair = await sign_in(anonymous)
    assert (await connection.fetchval("SELECT password_hash FROM users")).startswith("$argon2id$")
    tables = ("users", "sessions", "refresh_tokens", "throttle", "audit_log")
    stored = "".join(
        [str(row) for table in tables for row in await connection.fetch(f"SELECT {table}::text FROM {table}")]
    )
    assert pair["refresh_token"] not in stored
    assert PASSWORD not in stored


async def test_an_unknown_and_a_disabled_user_cost_a_hash_like_a_wrong_password(
    anonymous: httpx.AsyncClient, connection: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    await register(anonymous)
    await register(anonymous, username="bia", email="bia@example.com")
    await connection.execute("UPDATE users SET active = false WHERE username = 'bia'")
    checked: list[str] = []
    in_thread = passwords._in_thread

    async def count(function: object, *arguments: str) -> object:
        checked.append(arguments[1][:9])
        return await in_thread(function, *arguments)

    monkeypatch.setattr(passwords, "_in_thread", count)
    answers = [
        await anonymous.post("/v1/auth/login", json={"username": username, "password": "wrong"})
        for username in ("ana", "bia", "nobody")
    ]
    assert [answer.status_code for answer in answers] == [401] * 3
    assert len({answer.json()["detail"] for answer in answers}) == 1
    assert checked == ["$argon2id"] * 3


@pytest.mark.usefixtures("hashes_of_the_service")
async def test_a_hash_of_other_costs_is_renewed_at_sign_in(
    anonymous: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    await register(anonymous)
    cheap = argon2.using(type="ID", memory_cost=8192, rounds=1, parallelism=1)  # type: ignore[no-untyped-call]
    weak = cheap.hash(PASSWORD)
    await connection.execute("UPDATE users SET password_hash = $1", weak)
    await sign_in(anonymous)
    renewed = await connection.fetchval("SELECT password_hash FROM users")
    assert renewed.startswith("$argon2id$v=19$m=47104,t=1,p=1$")
    await sign_in(anonymous)


async def test_more_hashes_than_may_wait_are_told_to_come_back(
    anonymous: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "MOST_WAITING", 1)
    others_have_come = threading.Event()
    with ThreadPoolExecutor(1) as one:
        one.submit(others_have_come.wait)  # before the hash of whoever is first
        monkeypatch.setattr(passwords, "_threads", one)
        credentials = {"username": "ana", "password": "wrong"}
        asked = [asyncio.create_task(anonymous.post("/v1/auth/login", json=credentials)) for _ in range(6)]
        try:
            async with asyncio.timeout(60):
                while sum(each.done() for each in asked) < 5:
                    await asyncio.sleep(0.01)
        finally:
            others_have_come.set()
        assert sorted([(await each).status_code for each in asked]) == [401, *[429] * 5]
        assert (await anonymous.post("/v1/auth/login", json=credentials)).status_code == 401


async def test_a_user_has_so_many_sessions_and_no_more(
    anonymous: httpx.AsyncClient, connection: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "MOST_SESSIONS", 3)
    await register(anonymous)
    pairs = [await sign_in(anonymous) for _ in range(5)]
    assert await connection.fetchval("SELECT count(*) FROM sessions") == 3
    statuses = [
        (await anonymous.get("/v1/auth/me", headers=bearer(pair["access_token"]))).status_code for pair in pairs
    ]
    assert statuses == [401, 401, 200, 200, 200]


async def test_a_changed_password_ends_the_other_sessions(anonymous: httpx.AsyncClient) -> None:
    await register(anonymous)
    mine, other = await sign_in(anonymous), await sign_in(anonymous)
    body = {"current_password": "wrong", "new_password": "another long walk"}
    refused = await anonymous.post("/v1/auth/password", json=body, headers=bearer(mine["access_token"]))
    assert refused.status_code == 403
    body["current_password"] = PASSWORD
    changed = await anonymous.post("/v1/auth/password", json=body, headers=bearer(mine["access_token"]))
    assert changed.status_code == 204
    assert (await anonymous.get("/v1/auth/me", headers=bearer(mine["access_token"]))).status_code == 200
    assert (await anonymous.get("/v1/auth/me", headers=bearer(other["access_token"]))).status_code == 401
    assert (await anonymous.post("/v1/auth/refresh", headers=bearer(other["refresh_token"]))).status_code == 401
    assert (await anonymous.post("/v1/auth/login", json={"username": "ana", "password": PASSWORD})).status_code == 401
    await sign_in(anonymous, password="another long walk")


async def test_a_one_time_token_resets_a_password_once(anonymous: httpx.AsyncClient, client_as: ClientAs) -> None:
    user_id = (await register(anonymous)).json()["id"]
    session = await sign_in(anonymous)
    admin = await client_as("admin")
    earlier = (await admin.post(f"/v1/users/{user_id}/password-reset")).json()["reset_token"]
    issued = await admin.post(f"/v1/users/{user_id}/password-reset")
    assert issued.status_code == 201

    async def reset(token: str, password: str = "a third long walk") -> int:
        body = {"reset_token": token, "new_password": password}
        return (await anonymous.post("/v1/auth/password/reset", json=body)).status_code

    token = issued.json()["reset_token"]
    assert await reset(earlier) == 422
    assert await reset(token, "password123") == 422
    answers = await asyncio.gather(*(reset(token) for _ in range(4)))
    assert sorted(answers) == [204, 422, 422, 422]
    assert (await anonymous.get("/v1/auth/me", headers=bearer(session["access_token"]))).status_code == 401
    await sign_in(anonymous, password="a third long walk")


async def test_an_old_one_time_token_is_refused(
    anonymous: httpx.AsyncClient, client_as: ClientAs, connection: asyncpg.Connection
) -> None:
    user_id = (await register(anonymous)).json()["id"]
    token = (await (await client_as("admin")).post(f"/v1/users/{user_id}/password-reset")).json()["reset_token"]
    await connection.execute("UPDATE password_resets SET expires_at = now()")
    body = {"reset_token": token, "new_password": "a third long walk"}
    assert (await anonymous.post("/v1/auth/password/reset", json=body)).status_code == 422


async def test_a_closed_registration_lets_in_the_first_admin_alone(database_url: str) -> None:
    async with running_app(make_settings(database_url, registration="closed")) as app, client_of(app) as client:
        answers = await asyncio.gather(
            *(register(client, username=f"user{n}", email=f"user{n}@example.com") for n in range(4))
        )
        assert sorted(answer.status_code for answer in answers) == [201, 403, 403, 403]
        late = await register(client)
        assert late.status_code == 403


# -- the throttle --------------------------------------------------------------------------------------------


@pytest.fixture
def guess() -> Guess:
    async def attempt(client: httpx.AsyncClient, username: str = "ana", password: str = "wrong") -> httpx.Response:
        return await client.post("/v1/auth/login", json={"username": username, "password": password})

    return attempt


async def test_parallel_guesses_at_an_account_are_throttled(database_url: str, guess: Guess) -> None:
    settings = make_settings(database_url, login_attempts_per_account=5)
    async with running_app(settings) as app, client_of(app) as client:
        await register(client)
        answers = await asyncio.gather(*(guess(client) for _ in range(12)))
        assert sorted(answer.status_code for answer in answers) == [401] * 5 + [429] * 7
        refused = next(answer for answer in answers if answer.status_code == 429)
        assert 1 <= int(refused.headers["retry-after"]) <= 15 * 60 / 5
        assert (await guess(client, password=PASSWORD)).status_code == 429  # checked before the password is
        assert (await guess(client, username="ANA")).status_code == 429
        assert (await guess(client, username="bia")).status_code == 401


async def test_all_processes_share_the_throttle(database_url: str, guess: Guess) -> None:
    settings = make_settings(database_url, login_attempts_per_account=2)
    async with (
        running_app(settings) as one,
        running_app(settings) as other,
        client_of(one) as here,
        client_of(other) as there,
    ):
        assert [(await guess(client)).status_code for client in (here, there, here, there)] == [401, 401, 429, 429]


async def test_an_address_that_tries_many_accounts_is_throttled(database_url: str, guess: Guess) -> None:
    settings = make_settings(database_url, login_attempts_per_address=4)
    async with running_app(settings) as app, client_of(app) as client:
        statuses = [(await guess(client, username=f"user{n}")).status_code for n in range(6)]
        assert statuses == [401] * 4 + [429] * 2
        transport = httpx.ASGITransport(app=app, client=("192.0.2.7", 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as elsewhere:
            assert (await guess(elsewhere)).status_code == 401


async def test_right_passwords_use_nothing_up(database_url: str, guess: Guess) -> None:
    settings = make_settings(database_url, login_attempts_per_address=3, login_attempts_per_account=3)
    async with running_app(settings) as app, client_of(app) as client:
        await register(client)
        for _ in range(8):
            assert (await guess(client, password=PASSWORD)).status_code == 200


async def test_a_stranger_cannot_lock_a_colleague_out(database_url: str, guess: Guess) -> None:
    settings = make_settings(database_url, login_attempts_per_account=3)
    async with running_app(settings) as app, client_of(app) as colleague:
        await register(colleague)
        await sign_in(colleague)
        transport = httpx.ASGITransport(app=app, client=("192.0.2.7", 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as stranger:
            assert [(await guess(stranger)).status_code for _ in range(5)] == [401] * 3 + [429] * 2
        assert (await guess(colleague, password=PASSWORD)).status_code == 200


async def test_an_allowance_comes_back_with_time(
    database_url: str, connection: asyncpg.Connection, guess: Guess
) -> None:
    settings = make_settings(database_url, login_attempts_per_account=2)
    async with running_app(settings) as app, client_of(app) as client:
        await register(client)
        assert [(await guess(client)).status_code for _ in range(3)] == [401, 401, 429]
        await connection.execute("UPDATE throttle SET empty_at = empty_at - interval '15 minutes'")
        assert (await guess(client, password=PASSWORD)).status_code == 200


async def test_registrations_from_an_address_are_throttled(database_url: str) -> None:
    async with running_app(make_settings(database_url, registrations_per_address=2)) as app, client_of(app) as client:
        statuses = [(await register(client, username=f"u{n}", email=f"u{n}@example.com")).status_code for n in range(3)]
        assert statuses == [201, 201, 429]


async def test_what_a_proxy_passes_on_as_an_address_is_one_or_nothing(
    app: FastAPI, connection: asyncpg.Connection
) -> None:
    for number, address in enumerate(("x" * 5_000, "<script>", "203.0.113.7", "2001:db8:0::7")):
        transport = httpx.ASGITransport(app=app, client=(address, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            answer = await register(client, username=f"ana{number}", email=f"ana{number}@example.com")
            assert answer.status_code == 201
    noted = await connection.fetch("SELECT address FROM audit_log WHERE action = 'register' ORDER BY id")
    assert [row["address"] for row in noted] == [None, None, "203.0.113.7", "2001:db8::7"]


@pytest.mark.parametrize(
    ("passed_on", "noted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:DB8::0:1", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        (f"fe80::1%{'a' * 20_000}", "fe80::1"),
        ("192.0.2.7%é", "192.0.2.7"),
        ("unknown", None),
        ("", None),
    ],
)
def test_what_a_proxy_passes_on_is_an_address_or_nothing(passed_on: str, noted: str | None) -> None:
    """A zone names an interface of some machine, in any words."""
    assert peer_address(Request({"type": "http", "client": (passed_on, 0), "headers": []})) == noted
