"""A page's session: the access token in its memory, the refresh token in a cookie that no script can read."""

import asyncio
from http.cookies import Morsel, SimpleCookie

import asyncpg
import httpx
import pytest
from command_line import PASSWORD
from conftest import client_of, make_settings, running_app
from fastapi import FastAPI

SESSION = "/v1/auth/session"
ANA = {"username": "ana", "password": PASSWORD}
pytestmark = pytest.mark.usefixtures("account")


def cookie_of(answer: httpx.Response) -> "Morsel[str]":
    """The one cookie that the answer sets."""
    [header] = answer.headers.get_list("Set-Cookie")
    return SimpleCookie(header)["refresh_token"]


async def sign_in(page: httpx.AsyncClient) -> httpx.Response:
    answer = await page.post(SESSION, json=ANA)
    assert answer.status_code == 200, answer.text
    return answer


async def me(page: httpx.AsyncClient, session: httpx.Response) -> int:
    bearer = {"Authorization": f"Bearer {session.json()['access_token']}"}
    return (await page.get("/v1/auth/me", headers=bearer)).status_code


def assert_cleared(answer: httpx.Response) -> None:
    cookie = cookie_of(answer)
    assert (cookie.value, cookie["max-age"], cookie["path"]) == ("", "0", SESSION)


async def test_the_refresh_token_is_in_a_cookie_alone(anonymous: httpx.AsyncClient) -> None:
    answer = await sign_in(anonymous)
    assert set(answer.json()) == {"access_token", "token_type", "expires_in", "user"}
    assert answer.json()["user"]["username"] == "ana"
    cookie = cookie_of(answer)
    assert cookie.value not in answer.text
    assert (cookie["path"], cookie["samesite"], cookie["httponly"]) == (SESSION, "strict", True)
    assert not cookie["secure"]
    assert 29 * 86_400 < int(cookie["max-age"]) <= 30 * 86_400
    assert answer.headers["Cache-Control"] == "no-store"
    assert await me(anonymous, answer) == 200


async def test_over_https_the_cookie_is_never_sent_in_the_clear(app: FastAPI) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="https://test") as page:
        assert cookie_of(await sign_in(page))["secure"] is True


async def test_the_cookie_is_for_the_prefix_that_the_service_is_under(app: FastAPI) -> None:
    transport = httpx.ASGITransport(app=app, root_path="/logistics")
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as page:
        answer = await page.post(f"/logistics{SESSION}", json=ANA)
        assert cookie_of(answer)["path"] == f"/logistics{SESSION}"
        assert (await page.post(f"/logistics{SESSION}/refresh")).status_code == 200


async def test_a_reload_of_the_page_keeps_the_session(anonymous: httpx.AsyncClient) -> None:
    first = await sign_in(anonymous)
    again = await anonymous.post(f"{SESSION}/refresh")
    assert again.status_code == 200
    assert again.json().keys() == first.json().keys()
    assert again.json()["user"] == first.json()["user"]
    assert cookie_of(again).value != cookie_of(first).value
    assert int(cookie_of(again)["max-age"]) <= int(cookie_of(first)["max-age"])
    assert await me(anonymous, again) == 200


async def test_two_tabs_that_refresh_at_once_both_go_on(anonymous: httpx.AsyncClient) -> None:
    cookie = {"Cookie": f"refresh_token={cookie_of(await sign_in(anonymous)).value}"}
    anonymous.cookies.clear()
    answers = await asyncio.gather(*(anonymous.post(f"{SESSION}/refresh", headers=cookie) for _ in range(2)))
    assert [answer.status_code for answer in answers] == [200, 200]


async def test_a_cookie_that_was_spent_long_ago_ends_the_session(database_url: str) -> None:
    settings = make_settings(database_url, refresh_grace_seconds=0)
    async with running_app(settings) as app, client_of(app) as page:
        first = await sign_in(page)
        await page.post(f"{SESSION}/refresh")
        page.cookies.clear()
        stolen = await page.post(f"{SESSION}/refresh", headers={"Cookie": f"refresh_token={cookie_of(first).value}"})
        assert stolen.status_code == 401
        assert_cleared(stolen)
        assert await me(page, first) == 401


async def test_a_cookie_that_was_spent_long_ago_signs_out_its_own_session_alone(
    database_url: str, connection: asyncpg.Connection
) -> None:
    settings = make_settings(database_url, refresh_grace_seconds=0)
    async with running_app(settings) as app, client_of(app) as page:
        other = await sign_in(page)
        first = await sign_in(page)
        await page.post(f"{SESSION}/refresh")
        page.cookies.clear()
        spent = {"Cookie": f"refresh_token={cookie_of(first).value}"}
        answer = await page.delete(SESSION, params={"everywhere": True}, headers=spent)
        assert answer.status_code == 401
        assert_cleared(answer)
        assert await me(page, first) == 401
        assert await me(page, other) == 200
    actions = [row["action"] for row in await connection.fetch("SELECT action FROM audit_log ORDER BY id")]
    assert "refresh_token_reused" in actions
    assert "logout_everywhere" not in actions


@pytest.mark.parametrize("cookie", [None, "", "x", "a.b.c", "x" * 5000])
@pytest.mark.parametrize(("method", "path"), [("POST", f"{SESSION}/refresh"), ("DELETE", SESSION)])
async def test_without_a_good_cookie_there_is_no_session(
    anonymous: httpx.AsyncClient, cookie: str | None, method: str, path: str
) -> None:
    headers = {} if cookie is None else {"Cookie": f"refresh_token={cookie}"}
    answer = await anonymous.request(method, path, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert_cleared(answer)


async def test_signing_out_ends_the_session_and_clears_the_cookie(anonymous: httpx.AsyncClient) -> None:
    first = await sign_in(anonymous)
    answer = await anonymous.delete(SESSION)
    assert (answer.status_code, answer.content) == (204, b"")
    assert_cleared(answer)
    assert await me(anonymous, first) == 401
    cookie = {"Cookie": f"refresh_token={cookie_of(first).value}"}
    assert (await anonymous.post(f"{SESSION}/refresh", headers=cookie)).status_code == 401


async def test_signing_out_of_one_page_leaves_the_others(anonymous: httpx.AsyncClient) -> None:
    other = await sign_in(anonymous)
    await sign_in(anonymous)
    assert (await anonymous.delete(SESSION)).status_code == 204
    assert await me(anonymous, other) == 200


async def test_signing_out_everywhere_ends_every_session_of_the_user(
    anonymous: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    program = await anonymous.post("/v1/auth/login", json=ANA)
    page = await sign_in(anonymous)
    answer = await anonymous.delete(SESSION, params={"everywhere": True})
    assert answer.status_code == 204
    assert_cleared(answer)
    assert await me(anonymous, program) == await me(anonymous, page) == 401
    renewal = {"Authorization": f"Bearer {program.json()['refresh_token']}"}
    assert (await anonymous.post("/v1/auth/refresh", headers=renewal)).status_code == 401
    assert await connection.fetchval("SELECT username FROM audit_log WHERE action = 'logout_everywhere'") == "ana"


async def test_the_cookie_of_an_ended_session_signs_nobody_out(anonymous: httpx.AsyncClient) -> None:
    ended = await sign_in(anonymous)
    await anonymous.delete(SESSION)
    alive = await sign_in(anonymous)
    anonymous.cookies.clear()
    cookie = {"Cookie": f"refresh_token={cookie_of(ended).value}"}
    answer = await anonymous.delete(SESSION, params={"everywhere": True}, headers=cookie)
    assert answer.status_code == 401
    assert await me(anonymous, alive) == 200


ELSEWHERE = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "none"},
    {"Origin": "http://evil.example"},
    {"Origin": "http://test:8080"},
    {"Origin": "http://test.evil.example"},
    {"Origin": "null"},
    {"Origin": ""},
    {"Origin": "test"},
    {"Origin": "ftp://test"},
    {"Origin": "http://["},
    {"Origin": "http://]"},
    {"Origin": "http://[::1"},
    {"Sec-Fetch-Site": "same-origin", "Origin": "http://evil.example"},
]


@pytest.mark.parametrize("headers", ELSEWHERE)
async def test_a_page_of_another_origin_may_neither_set_nor_use_the_cookie(
    anonymous: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    session = await sign_in(anonymous)
    answers = [
        await anonymous.post(SESSION, json=ANA, headers=headers),
        await anonymous.post(f"{SESSION}/refresh", headers=headers),
        await anonymous.delete(SESSION, headers=headers),
        await anonymous.delete(SESSION, params={"everywhere": True}, headers=headers),
    ]
    assert [answer.status_code for answer in answers] == [403] * 4
    assert not any("Set-Cookie" in answer.headers for answer in answers)
    assert await me(anonymous, session) == 200


async def test_a_form_of_another_page_uses_up_nobody_s_guesses(database_url: str) -> None:
    settings = make_settings(database_url, cors_origins=["https://ours.example"])
    async with running_app(settings) as app, client_of(app) as browser:

        async def status_from(origin: str | None) -> int:
            headers = {"Origin": origin} if origin else {}
            return (await browser.post("/v1/auth/login", data=ANA, headers=headers)).status_code

        assert [await status_from(origin) for origin in ("https://evil.example", "null")] == [403, 403]
        assert [await status_from(origin) for origin in (None, "http://test", "https://ours.example")] == [200] * 3


async def test_our_own_pages_may(anonymous: httpx.AsyncClient) -> None:
    ours = {"Sec-Fetch-Site": "same-origin", "Origin": "http://test"}
    assert (await anonymous.post(SESSION, json=ANA, headers=ours)).status_code == 200
    assert (await anonymous.post(f"{SESSION}/refresh", headers=ours)).status_code == 200
    assert (await anonymous.delete(SESSION, headers=ours)).status_code == 204


async def test_a_proxy_that_ends_tls_need_not_say_so(anonymous: httpx.AsyncClient) -> None:
    await sign_in(anonymous)
    assert (await anonymous.post(f"{SESSION}/refresh", headers={"Origin": "https://test"})).status_code == 200


async def test_over_https_a_page_in_the_clear_is_of_another_origin(app: FastAPI) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="https://test") as page:
        await sign_in(page)
        assert (await page.post(f"{SESSION}/refresh", headers={"Origin": "http://test"})).status_code == 403
        assert (await page.post(f"{SESSION}/refresh", headers={"Origin": "https://test"})).status_code == 200


async def test_the_cookie_opens_no_other_route(anonymous: httpx.AsyncClient) -> None:
    cookie = {"Cookie": f"refresh_token={cookie_of(await sign_in(anonymous)).value}"}
    for path in ("/v1/auth/me", "/v1/loads", "/v1/services", "/v1/indicators/sla/polo"):
        assert (await anonymous.get(path, headers=cookie)).status_code == 401
    for path in ("/v1/auth/refresh", "/v1/auth/logout"):
        assert (await anonymous.post(path, headers=cookie)).status_code == 401
    assert (await anonymous.post(f"{SESSION}/refresh", headers=cookie)).status_code == 200


async def test_wrong_passwords_are_counted_with_those_of_programs(database_url: str) -> None:
    settings = make_settings(database_url, login_attempts_per_account=2)
    async with running_app(settings) as app, client_of(app) as page:
        wrong = ANA | {"password": "not it at all"}
        refused = await page.post(SESSION, json=wrong)
        assert refused.status_code == 401
        assert "Set-Cookie" not in refused.headers
        assert (await page.post("/v1/auth/login", json=wrong)).status_code == 401
        answer = await page.post(SESSION, json=ANA)
        assert answer.status_code == 429
        assert int(answer.headers["Retry-After"]) >= 1


async def test_a_sign_in_and_a_sign_out_are_in_the_audit_log(
    anonymous: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    await sign_in(anonymous)
    await anonymous.delete(SESSION)
    actions = [row["action"] for row in await connection.fetch("SELECT action FROM audit_log ORDER BY id")]
    assert actions == ["register", "login", "logout"]
