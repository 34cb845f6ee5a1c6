"""Usernames that are the same, look the same or hide something, and the throttle that no spelling gets around."""

import uuid
from collections.abc import AsyncIterator

import asyncpg
import httpx
import pytest
from conftest import client_of, make_settings, running_app
from earlier_schema import upgrade_to
from hypothesis import given
from hypothesis import strategies as st
from other_servers import empty_database

from logistics_indicators.accounts.names import PLAIN_NAME, name_key, name_skeleton, require_plain_name
from logistics_indicators.accounts.passwords import HASH
from logistics_indicators.loads.receiving.bodies import safe_filename
from logistics_indicators.running.embedded import EmbeddedPostgres

PASSWORD = "a long walk on the beach"


async def register(client: httpx.AsyncClient, username: str) -> httpx.Response:
    body = {"username": username, "email": f"{uuid.uuid4().hex}@example.com", "password": PASSWORD}
    return await client.post("/v1/auth/register", json=body)


async def sign_in(client: httpx.AsyncClient, username: str, password: str = PASSWORD) -> int:
    answer = await client.post("/v1/auth/login", json={"username": username, "password": password})
    return answer.status_code


SAME = [
    *[("ana", other) for other in ("ANA", "aNa", "aná", "ANÁ", "a\u0301na", "ａｎａ", "ªna", "ⓐⓝⓐ")],
    *[("istanbul", other) for other in ("ISTANBUL", "İstanbul", "ıstanbul", "İSTANBUL")],
    *[("strasse", other) for other in ("straße", "STRAẞE", "ſtrasse")],
    *[("kelvin", other) for other in ("\u212aelvin", "Ķelvin")],
    *[("angström", other) for other in ("\u212bngstrom", "ÅNGSTRÖM")],
    *[("file", other) for other in ("ﬁle", "FILE")],
    *[("lodz", other) for other in ("Łódź", "ŁÓDŹ")],
    ("a b", "a\u00a0b"),
]
ALIKE = [
    *[("paypal", other) for other in ("paypaI", "paypa1", "PAYPAL")],
    *[("oo", other) for other in ("o0", "0O", "00")],
    ("mario", "rnario"),
]


@pytest.mark.parametrize(("first", "second"), SAME + ALIKE)
async def test_of_names_that_are_or_look_the_same_only_one_is_given(
    anonymous: httpx.AsyncClient, first: str, second: str
) -> None:
    assert (await register(anonymous, first)).status_code == 201
    answer = await register(anonymous, second)
    assert answer.status_code in (409, 422), answer.text  # the form's pattern knows some of them already
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(("stored", "typed"), SAME)
async def test_one_signs_in_by_any_spelling_of_ones_name(anonymous: httpx.AsyncClient, stored: str, typed: str) -> None:
    await register(anonymous, stored)
    assert await sign_in(anonymous, typed) == 200


@pytest.mark.parametrize(("stored", "typed"), ALIKE[:2])
async def test_a_name_that_only_looks_like_ones_own_signs_in_nobody(
    anonymous: httpx.AsyncClient, stored: str, typed: str
) -> None:
    await register(anonymous, stored)
    assert await sign_in(anonymous, typed) == 401


@pytest.mark.parametrize(
    "name",
    [
        *("аna", "ana\u0430", "\u0430\u043d\u0430", "αna", "Ωmega", "ana\u4e00", "\u05d0na", "аdmin"),
        *("an\u200da", "an\u200ca", "an\u200ba", "\u2060ana", "ana\ufeff", "an\u00ada", "an\u034fa", "a\u180ena"),
        *("an\u202ea", "\u202dana", "an\u2066a\u2069", "ana\u200f", "ana\u061c", "an\u0085a", "an\u2028a", "an\x7fa"),
        *("ana\u0301\u0301", "\u0301ana", "q\u0307ueen", "ana\ufe0f", "ana\U000e0041", "ana\u3164", "ana\u115f"),
        *("ᴀna", "ꞵia", "ǃana", "ana\u02bc", "ana\u2024com", "anа@example.com", "an\u2010a", "(ana)"),
        *(" ana", "ana ", "\u00a0ana", "ana\u3000", "½"),
    ],
)
async def test_a_name_that_hides_something_or_mixes_scripts_is_refused(anonymous: httpx.AsyncClient, name: str) -> None:
    answer = await register(anonymous, name)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["loc"] == ["body", "username"]


@pytest.mark.parametrize("name", ["ana", "José da Silva", "ana@example.com", "Łódź", "a+b-c_d.e", "Ý", "são-paulo-2"])
async def test_an_ordinary_name_is_stored_as_it_is_written(anonymous: httpx.AsyncClient, name: str) -> None:
    answer = await register(anonymous, name)
    assert (answer.status_code, answer.json()["username"]) == (201, name)


@given(st.text(max_size=20))
def test_a_key_is_its_own_key_whatever_the_case(name: str) -> None:
    key = name_key(name)
    assert name_key(key) == key
    try:
        shown = require_plain_name(name)
    except ValueError:
        return
    assert PLAIN_NAME.fullmatch(key)
    assert {name_key(shown), name_key(shown.upper()), name_key(shown.lower()), name_key(shown.swapcase())} == {key}
    assert require_plain_name(shown) == shown
    assert name_skeleton(shown).isascii()


async def test_no_spelling_of_a_name_gets_more_guesses(database_url: str) -> None:
    settings = make_settings(database_url, login_attempts_per_account=4)
    spellings = ["istanbul", "ISTANBUL", "İstanbul", "ıstanbul", "i\u0307stanbul", "ístanbul", "ｉstanbul", "istaNBul"]
    async with running_app(settings) as app, client_of(app) as client:
        for known in (False, True):
            if known:
                await register(client, "istanbul")
            statuses = [await sign_in(client, spelling, "wrong") for spelling in spellings]
            assert statuses == [401] * 4 + [429] * 4  # alike for one that exists and one that does not


async def test_a_mail_of_another_case_is_the_same_mail(anonymous: httpx.AsyncClient) -> None:
    bodies = [{"username": f"u{mail[0]}", "email": mail, "password": PASSWORD} for mail in ("ki@x.com", "KI@X.COM")]
    statuses = [(await anonymous.post("/v1/auth/register", json=body)).status_code for body in bodies]
    assert statuses == [201, 409]
    for mail in ("\u212ai@x.com", "kİ@x.com", "kı@x.com", "ki@x\u3002com", "k\u200di@x.com"):  # ASCII alone is taken
        body = {"username": "other", "email": mail, "password": PASSWORD}
        assert (await anonymous.post("/v1/auth/register", json=body)).status_code == 422


# -- accounts from before the forms were kept -----------------------------------------------------------------

EARLIER = ["José", "jose", "Иван", "paypal", "paypaI", "straße"]


@pytest.fixture
async def earlier_url(server: EmbeddedPostgres) -> AsyncIterator[str]:
    """A database of the version before, with accounts in it."""
    async with empty_database(server.url("postgres")) as url:
        await upgrade_to(url, "0003")
        connection = await asyncpg.connect(url)
        insert = "INSERT INTO users (username, email, password_hash, role) VALUES ($1, $2, $3, 'analyst')"
        rows = [(name, f"{n}@x.com", HASH.hash(f"{PASSWORD} {n}")) for n, name in enumerate(EARLIER)]
        await connection.executemany(insert, rows)
        await connection.close()
        yield url


async def test_accounts_of_an_earlier_version_still_sign_in_and_collisions_are_in_the_audit_log(
    earlier_url: str,
) -> None:
    async with running_app(make_settings(earlier_url)) as app, client_of(app) as client:
        for n, name in enumerate(EARLIER):
            assert await sign_in(client, name, f"{PASSWORD} {n}") == 200, name
        assert await sign_in(client, "JOSÉ", f"{PASSWORD} 0") == 200  # the key belongs to the older account
        assert await sign_in(client, "иван", f"{PASSWORD} 2") == 200
        assert await sign_in(client, "jose", f"{PASSWORD} 0") == 401
        for name in ("Jose", "JOSÉ", "STRASSE"):
            assert (await register(client, name)).status_code == 409
        rows = await app.state.pool.fetch("SELECT username, detail FROM audit_log WHERE action = 'username_ambiguous'")
    found = sorted((row["username"], row["detail"]["form"]) for row in rows)
    assert found == [("jose", "name_key"), ("jose", "name_skeleton"), ("paypaI", "name_skeleton")]


# -- names of files --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("visits\u202evsc.exe", "visitsvsc.exe"),
        ("\u2066a\u2069\u200f.csv", "a.csv"),
        ("a\u200b\u200d\ufeff\u00ad.csv", "a.csv"),
        ("a\u2028b\u2029c\u0085.csv", "abc.csv"),
        ("a%E2%80%AEb.csv", "ab.csv"),
        ("\u061ca\U000e0041.csv", "a.csv"),
        ("visitas_março_🚚.csv", "visitas_março_🚚.csv"),
        ("../../a\tb.csv", "ab.csv"),
        ("\u202e\u200b", None),
    ],
)
def test_a_files_name_hides_and_reorders_nothing(sent: str, shown: str | None) -> None:
    assert safe_filename(sent.encode()) == shown
