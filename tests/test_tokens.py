"""Every access token but a good one is refused, and a good one only for as long as its user and session are."""

import base64
import json
import time
from typing import Any

import asyncpg
import httpx
import pytest
from conftest import SECRET, ClientAs, client_of, make_settings, running_app
from fastapi import FastAPI
from jose import jwt

from logistics_indicators.accounts.tokens import (
    AUDIENCE,
    ISSUER,
    InvalidToken,
    TokenKey,
    issue_access_token,
    key_id,
    read_access_token,
)

OTHER_SECRET = "another-secret-of-the-tests-0123456789"
KEY = TokenKey(SECRET)


def claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    good = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "1",
        "typ": "access",
        "jti": "1",
        "iat": now,
        "nbf": now,
        "exp": now + 60,
    }
    return {name: value for name, value in (good | changes).items() if value is not None}


def signed(secret: str = SECRET, algorithm: str = "HS256", kid: str | None = None, **changes: Any) -> str:
    headers = {"kid": kid or key_id(secret)}
    return jwt.encode(claims(**changes), secret, algorithm=algorithm, headers=headers)


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def unsigned(alg: str, signature: str = "") -> str:
    return f"{part({'alg': alg, 'typ': 'JWT', 'kid': key_id(SECRET)})}.{part(claims())}.{signature}"


def with_header(**header: Any) -> str:
    return jwt.encode(claims(), SECRET, algorithm="HS256", headers={"kid": key_id(SECRET), **header})


GOOD = signed()
BAD = {
    "no alg": unsigned("none"),
    "no alg, another spelling": unsigned("nOnE"),
    "no alg, with a signature": unsigned("none", GOOD.rpartition(".")[2]),
    "no signature": unsigned("HS256"),
    "wrong key": signed(OTHER_SECRET),
    "wrong key under our key's id": signed(OTHER_SECRET, kid=key_id(SECRET)),
    "unknown key id": signed(kid="0" * 16),
    "no key id": jwt.encode(claims(), SECRET, algorithm="HS256"),
    "wrong algorithm, HS512": signed(algorithm="HS512"),
    "wrong algorithm, HS384": signed(algorithm="HS384"),
    "algorithm of a public key": unsigned("RS256", "c2ln"),
    "critical header": with_header(crit=["b64"], b64=False),
    "expired": signed(iat=1, nbf=1, exp=int(time.time()) - 1),
    "not yet valid": signed(nbf=int(time.time()) + 60),
    "wrong kind": signed(typ="refresh"),
    "no kind": signed(typ=None),
    "wrong audience": signed(aud="another-api"),
    "no audience": signed(aud=None),
    "wrong issuer": signed(iss="another-issuer"),
    "no issuer": signed(iss=None),
    "no expiry": signed(exp=None),
    "no subject": signed(sub=None),
    "no id": signed(jti=None),
    "subject that is no number": signed(sub="admin"),
    "expiry that is no number": signed(exp="never"),
    "session that is no number": signed(sid="x"),
    "truncated": GOOD[:-1],
    "truncated payload": ".".join([GOOD.split(".")[0], GOOD.split(".")[1][:-4], GOOD.split(".")[2]]),
    "changed payload": ".".join([GOOD.split(".")[0], part(claims(sub="2")), GOOD.split(".")[2]]),
    "oversized": signed(padding="x" * 5000),
    "a megabyte": "a" * 1_000_000,
    "four parts": GOOD + ".a",
    "five parts": GOOD + ".a.b",
    "empty parts": "..",
    "header that is no object": f"{part([1])}.{part(claims())}.c2ln",
    "deeply nested": f"{base64.urlsafe_b64encode(b'[' * 1500).decode()}.{part({})}.c2ln",
    "not base64": "%%%.%%%.%%%",
    "not ascii": "é" * 40,
    "nothing": "",
}


def test_a_good_token_is_taken() -> None:
    good = read_access_token(KEY, signed())  # signed now: GOOD is as old as the run
    assert good.user_id == 1
    assert read_access_token(KEY, issue_access_token(KEY, 7, 9)) == type(good)(7, 9)


@pytest.mark.parametrize("token", BAD.values(), ids=BAD.keys())
def test_a_bad_token_is_no_token(token: str) -> None:
    with pytest.raises(InvalidToken):
        read_access_token(KEY, token)


HEADERS = [
    *(f"Bearer {token}" for name, token in BAD.items() if token.isascii() and len(token) < 10_000),
    "Bearer",
    "Bearer ",
    f"Basic {GOOD}",
    f"Token {GOOD}",
    GOOD,
    f"Bearer {GOOD} {GOOD}",
    f"Bearer {GOOD},Bearer {GOOD}",
    "Bearer \x00",
    "Bearer \xff",
]


async def test_no_bad_authorization_gets_in(anonymous: httpx.AsyncClient) -> None:
    for header in HEADERS:
        answer = await anonymous.get("/v1/auth/me", headers=[(b"Authorization", header.encode("latin-1"))])
        assert answer.status_code == 401, header
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.headers["content-type"] == "application/problem+json"


async def test_a_token_in_the_query_is_none(client_as: ClientAs, anonymous: httpx.AsyncClient) -> None:
    token = (await client_as("admin")).headers["authorization"].split()[1]
    assert (await anonymous.get(f"/v1/auth/me?access_token={token}")).status_code == 401


async def test_an_access_token_refreshes_nothing(client_as: ClientAs) -> None:
    client = await client_as("admin")
    for route in ("refresh", "logout"):
        assert (await client.post(f"/v1/auth/{route}")).status_code == 401


@pytest.mark.parametrize("token", [GOOD, GOOD[:-1], signed(typ="refresh", sid=1), "x"])
async def test_a_refresh_token_that_we_never_gave_is_refused(anonymous: httpx.AsyncClient, token: str) -> None:
    answer = await anonymous.post("/v1/auth/refresh", json={"refresh_token": token})
    assert answer.status_code == 401


async def test_a_refresh_token_opens_nothing(anonymous: httpx.AsyncClient) -> None:
    account = {"username": "ana", "email": "ana@example.com", "password": "a long walk on the beach"}
    await anonymous.post("/v1/auth/register", json=account)
    del account["email"]
    pair = (await anonymous.post("/v1/auth/login", json=account)).json()
    answer = await anonymous.get("/v1/auth/me", headers={"Authorization": f"Bearer {pair['refresh_token']}"})
    assert answer.status_code == 401


async def test_a_disabled_user_is_out_at_once(client_as: ClientAs, connection: asyncpg.Connection) -> None:
    client = await client_as("analyst")
    assert (await client.get("/v1/auth/me")).status_code == 200
    await connection.execute("UPDATE users SET active = false WHERE role = 'analyst'")
    assert (await client.get("/v1/auth/me")).status_code == 401


async def test_a_removed_user_is_out_at_once(client_as: ClientAs, connection: asyncpg.Connection) -> None:
    client = await client_as("analyst")
    await connection.execute("DELETE FROM users")
    assert (await client.get("/v1/auth/me")).status_code == 401


async def test_a_demoted_user_has_the_new_role_at_once(client_as: ClientAs, connection: asyncpg.Connection) -> None:
    client = await client_as("admin")
    assert (await client.get("/v1/users")).status_code == 200
    await connection.execute("UPDATE users SET role = 'viewer'")
    assert (await client.get("/v1/users")).status_code == 403
    assert (await client.get("/v1/auth/me")).json()["role"] == "viewer"


async def test_a_token_of_an_earlier_key_is_taken_while_that_key_is_named(
    database_url: str, connection: asyncpg.Connection
) -> None:
    insert = "INSERT INTO users (username, email, password_hash, role) VALUES ('a', 'a', '!', 'viewer') RETURNING id"
    user_id = await connection.fetchval(insert)
    old = issue_access_token(TokenKey(OTHER_SECRET), user_id)
    headers = {"Authorization": f"Bearer {old}"}
    for previous, status in (((), 401), ((OTHER_SECRET,), 200)):
        settings = make_settings(database_url, jwt_previous_keys=previous)
        async with running_app(settings) as app, client_of(app) as client:
            assert (await client.get("/v1/auth/me", headers=headers)).status_code == status
            new = issue_access_token(app.state.token_key, user_id)
            assert jwt.get_unverified_header(new)["kid"] == key_id(SECRET)


async def test_the_life_of_an_access_token_is_a_setting(database_url: str) -> None:
    async with running_app(make_settings(database_url, access_token_minutes=1)) as app:
        token = issue_access_token(app.state.token_key, 1)
    found = jwt.get_unverified_claims(token)
    assert found["exp"] - found["iat"] == 60


def test_tokens_carry_no_name_and_no_role(app: FastAPI) -> None:
    found = jwt.get_unverified_claims(issue_access_token(app.state.token_key, 1, 2))
    assert set(found) == {"iss", "aud", "sub", "typ", "jti", "iat", "nbf", "exp", "sid"}


def test_the_secret_is_in_no_representation() -> None:
    assert SECRET not in repr(TokenKey(SECRET, (OTHER_SECRET,)))
    assert OTHER_SECRET not in repr(TokenKey(SECRET, (OTHER_SECRET,)))
