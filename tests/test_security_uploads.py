"""Uploads made to hurt: each gets a clean 4xx, leaves nothing behind, and the next good file loads."""

import gzip
from collections.abc import AsyncIterator

import asyncpg
import httpx
import pytest
from conftest import client_of, make_settings, running_app

from logistics_indicators.accounts.tokens import issue_access_token

BATCH = "/v1/customers/batch"
GOOD = b"1;Ana;ana@example.com;5588999990000\n"
LIMIT = 1_000_000


@pytest.fixture
async def uploader(database_url: str, connection: asyncpg.Connection) -> AsyncIterator[httpx.AsyncClient]:
    """An analyst of a service that takes files of up to a megabyte, unpacked."""
    insert = "INSERT INTO users (username, email, password_hash, role) VALUES ('a', 'a', '!', 'analyst') RETURNING id"
    user_id = await connection.fetchval(insert)
    async with (
        running_app(make_settings(database_url, load_max_bytes=LIMIT)) as app,
        client_of(app, issue_access_token(app.state.token_key, user_id)) as client,
    ):
        yield client


def part(name: str = "file", filename: str = "c.csv", body: bytes = GOOD, extra: str = "") -> bytes:
    head = f'--b\r\nContent-Disposition: form-data; name="{name}"; filename="{filename}"\r\n{extra}\r\n'
    return head.encode("utf-8", "surrogateescape") + body + b"\r\n"


MULTIPART = {"Content-Type": "multipart/form-data; boundary=b"}
CSV = {"Content-Type": "text/csv"}
PACKED = {"Content-Encoding": "gzip"}
BOMB = gzip.compress(b"1;Ana;ana@example.com;\n" * 2_000_000)

HOSTILE: dict[str, tuple[dict[str, str], bytes, set[int]]] = {
    "zip bomb": (CSV | PACKED, BOMB, {413}),
    "zip bomb in a multipart": (MULTIPART | PACKED, gzip.compress(part(body=GOOD * 200_000) + b"--b--\r\n"), {413}),
    "zip bomb of one row": (CSV | PACKED, gzip.compress(GOOD + b"1;" + b"a" * 50_000_000), {413}),
    "zip in a zip": (CSV | {"Content-Encoding": "gzip, gzip"}, gzip.compress(gzip.compress(GOOD)), {415}),
    "packed otherwise": (CSV | {"Content-Encoding": "br"}, GOOD, {415}),
    "no gzip at all": (CSV | PACKED, GOOD, {400}),
    "gzip cut short": (CSV | PACKED, gzip.compress(GOOD)[:-4], {400}),
    "too large": (CSV, GOOD * 30_000, {413}),
    "10,000 parts": (MULTIPART, part() + part("x", "x", b"1") * 10_000 + b"--b--\r\n", {400, 422}),
    "10,000 files": (MULTIPART, part() * 10_000 + b"--b--\r\n", {400, 422}),
    "unclosed multipart": (MULTIPART, part(), {400}),
    "multipart cut in a header": (MULTIPART, part()[:30], {400}),
    "multipart of another boundary": (MULTIPART, b"--c\r\n\r\n--c--\r\n", {400}),
    "multipart without a boundary": ({"Content-Type": "multipart/form-data"}, part(), {400}),
    "multipart of nothing": (MULTIPART, b"", {400, 422}),
    "endless part header": (MULTIPART, part(extra="X: " + "a" * 100_000 + "\r\n"), {400}),
    "10,000 part headers": (MULTIPART, part(extra="X: a\r\n" * 10_000), {400}),
    "part without a name": (MULTIPART, b"--b\r\nContent-Disposition: form-data\r\n\r\n1\r\n--b--\r\n", {400, 422}),
    "an executable": (MULTIPART, part(extra="Content-Type: application/x-msdownload\r\n") + b"--b--\r\n", {415}),
    "empty file": (MULTIPART, part(body=b"") + b"--b--\r\n", {422}),
    "JSON that is no list of rows": ({"Content-Type": "application/json"}, b"{}", {422}),
    "no type": ({"Content-Type": ""}, GOOD, {415}),
    "a type that is none": ({"Content-Type": "\x7f; boundary="}, GOOD, {415}),
}


@pytest.mark.parametrize(("headers", "body", "statuses"), HOSTILE.values(), ids=HOSTILE.keys())
async def test_a_hostile_upload_is_refused_and_leaves_nothing(
    uploader: httpx.AsyncClient,
    connection: asyncpg.Connection,
    headers: dict[str, str],
    body: bytes,
    statuses: set[int],
) -> None:
    answer = await uploader.post(BATCH, content=body, headers=headers)
    assert answer.status_code in statuses, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert await connection.fetchval("SELECT count(*) FROM loads") == 0
    assert await connection.fetchval("SELECT count(*) FROM load_chunks") == 0
    good = await uploader.post(BATCH, content=part() + b"--b--\r\n", headers=MULTIPART)
    assert good.status_code == 202


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("..\\..\\windows\\system32\\c.csv", "c.csv"),
        ("%2e%2e%2fetc%2fpasswd", "passwd"),
        ("/etc/passwd", "passwd"),
        ("c.csv\x00.exe", "c.csv.exe"),
        ("a%0d%0aSet-Cookie: b=c.csv", "aSet-Cookie: b=c.csv"),
        ("\udcff\udcfe.csv", ".csv"),
        ("x" * 1000, "x" * 255),
        ("", None),
        ("../", None),
    ],
)
async def test_a_file_name_is_only_a_name(uploader: httpx.AsyncClient, sent: str, kept: str | None) -> None:
    answer = await uploader.post(BATCH, content=part(filename=sent) + b"--b--\r\n", headers=MULTIPART)
    assert answer.status_code == 202, answer.text
    assert answer.json()["load"]["filename"] == kept
    assert "set-cookie" not in answer.headers


async def test_a_text_that_is_not_in_any_column_reaches_no_table(
    uploader: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    rows = [
        b'1;"Robert\'); DROP TABLE customers;--";a@example.com;',
        b"2;nul\x00byte;b@example.com;",
        b"3;=cmd|'/c calc'!A1;c@example.com;",
        b"-4;minus;d@example.com;",
        b"99999999999999999999;huge;e@example.com;",
        b"\\.;end of COPY;f@example.com;",
        b"6;\\Nova;g@example.com;",
        b"7;tab\\tbackslash\\;h@example.com;",
    ]
    answer = await uploader.post(BATCH, content=b"\n".join(rows) + b"\n", headers=CSV)
    assert answer.status_code == 202
    url = answer.headers["location"]
    while (load := (await uploader.get(url)).json())["status"] in ("received", "loading"):
        pass
    assert load["status"] == "completed", load
    counted = ("rows_inserted", "rows_updated", "rows_unchanged", "rows_rejected")
    assert load["rows_read"] == sum(load[name] for name in counted)
    stored = {row["id"]: row["nome"] for row in await connection.fetch("SELECT id, nome FROM customers")}
    assert stored[1] == "Robert'); DROP TABLE customers;--"
    assert stored[3] == "=cmd|'/c calc'!A1"
    assert stored[6] == "\\Nova"
    assert stored[7] == "tab\\tbackslash\\"
    assert not {-4, 99999999999999999999} & set(stored)
    assert all("\0" not in nome for nome in stored.values())


async def test_an_idempotency_key_is_a_bounded_text(uploader: httpx.AsyncClient) -> None:
    for key in (b"", b"k" * 300, b"a\x01b", b"\xff\xfe"):
        answer = await uploader.post(BATCH, content=GOOD, headers=[(b"Idempotency-Key", key), *_raw(CSV)])
        assert answer.status_code in (202, 422), key


def _raw(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode()) for name, value in headers.items()]


@pytest.mark.parametrize(
    ("taken_away", "status"), [("active = false", 401), ("role = 'viewer'", 403)], ids=["disabled", "demoted"]
)
async def test_who_may_no_more_when_the_last_byte_comes_has_sent_nothing(
    uploader: httpx.AsyncClient, connection: asyncpg.Connection, taken_away: str, status: int
) -> None:
    async def rows() -> AsyncIterator[bytes]:
        yield GOOD
        await connection.execute(f"UPDATE users SET {taken_away}")
        yield GOOD.replace(b"1;", b"2;")

    answer = await uploader.post(BATCH, content=rows(), headers=CSV)
    assert (answer.status_code, "Nothing was kept." in answer.json()["detail"]) == (status, True)
    assert await connection.fetchval("SELECT count(*) FROM loads") == 0
