"""What RFC 2046 lets stand around the parts of a multipart body, and boundaries that cannot be taken."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Mapping

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from logistics_indicators.loads.receiving import bodies

BATCH = "/v1/customers/batch"
PART = (
    b"--b\r\n"
    b'Content-Disposition: form-data; name="file"; filename="c.csv"\r\n'
    b"Content-Type: text/csv\r\n\r\n"
    b"1;Ana;ana@example.com;5588999990000\n\r\n"
)
END = b"--b--\r\n"
MULTIPART = {"Content-Type": "multipart/form-data; boundary=b"}

TAKEN = {
    "a preamble": b"This is a message in several parts.\r\n" + PART + END,
    "a preamble with a line that only begins like the delimiter": b"--bad\r\n--b\t-\r\n--bb--\r\n" + PART + END,
    "blank lines first": b"\r\n\r\n" + PART + END,
    "a preamble of one byte": b"\n" + PART + END,
    "blanks behind the delimiter": PART.replace(b"--b\r\n", b"--b \t\r\n", 1) + END,
    "an epilogue": PART + END + b"This is the epilogue; --b is no delimiter here.\r\n--b\r\n\r\nx",
    "blanks behind the last delimiter": PART + b"--b--  \r\n",
    "no line end at the end": PART + b"--b--",
    "a preamble and an epilogue of 60 kB": b"a" * 60_000 + b"\r\n" + PART + END + b"a" * 60_000,
}


async def in_pieces(body: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(body), size):
        yield body[start : start + size]


@pytest.mark.parametrize("size", [1, 7, 1_000_000])
@pytest.mark.parametrize("body", TAKEN.values(), ids=TAKEN.keys())
async def test_what_stands_around_the_parts_is_passed_over(client: httpx.AsyncClient, body: bytes, size: int) -> None:
    answer = await client.post(BATCH, content=in_pieces(body, size if len(body) < 9_000 else 9_000), headers=MULTIPART)
    assert answer.status_code == 202, answer.text
    assert answer.json()["load"]["bytes"] == len(b"1;Ana;ana@example.com;5588999990000\n")
    assert answer.json()["load"]["filename"] == "c.csv"


async def test_a_packed_body_may_have_them_too(client: httpx.AsyncClient) -> None:
    packed = gzip.compress(TAKEN["a preamble and an epilogue of 60 kB"])
    answer = await client.post(BATCH, content=packed, headers=MULTIPART | {"Content-Encoding": "gzip"})
    assert answer.status_code == 202, answer.text


REFUSED: dict[str, tuple[Mapping[str, str | bytes], bytes, int]] = {
    "a preamble without end": (MULTIPART, b"a" * 200_000, 400),
    "a preamble of more than 64 KiB": (MULTIPART, b"a" * 66_000 + b"\r\n" + PART + END, 400),
    "a preamble alone": (MULTIPART, b"a", 400),
    "a boundary of 257 bytes": ({"Content-Type": f"multipart/form-data; boundary={'b' * 257}"}, PART, 400),
    "a boundary of 30,000 bytes": ({"Content-Type": f"multipart/form-data; boundary={'b' * 30_000}"}, PART, 400),
    "a boundary of nothing": ({"Content-Type": 'multipart/form-data; boundary=""'}, PART, 400),
    "a type that is no text": ({"Content-Type": b"multipart/form-data; boundary=\xff\xfe"}, PART, 400),
    "another multipart": ({"Content-Type": "multipart/mixed; boundary=b"}, PART + END, 415),
    "a disposition that is no text": (MULTIPART, PART.replace(b'"file"', b'"\xff\xfe"') + END, 422),
    "a disposition of an unknown charset": (
        MULTIPART,
        PART.replace(b'filename="c.csv"', b"filename*=x-nothing''%ff; name*=zip''a") + END,
        202,
    ),
    "a part's type of commas": (MULTIPART, PART.replace(b"text/csv", b",;,=;/") + END, 415),
}


@pytest.mark.parametrize(("headers", "body", "status"), REFUSED.values(), ids=REFUSED.keys())
async def test_a_multipart_that_cannot_be_read_is_told_so(
    client: httpx.AsyncClient, headers: Mapping[str, str | bytes], body: bytes, status: int
) -> None:
    mixed = httpx.Headers(headers)  # type: ignore[arg-type] # text and bytes, which httpx takes at runtime
    answer = await client.post(BATCH, content=body, headers=mixed)
    assert answer.status_code == status, answer.text


async def test_what_follows_the_last_part_is_not_read_for_ever(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "LONGEST_AROUND_PARTS", 1000)
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        yield PART + END
        while True:
            read += 100
            await asyncio.sleep(0)
            yield b"x" * 100

    answer = await asyncio.wait_for(client.post(BATCH, content=endless(), headers=MULTIPART), 30)
    assert answer.status_code == 202
    assert read <= 2000


async def test_a_key_of_a_dry_run_does_not_answer_for_the_load(client: httpx.AsyncClient) -> None:
    async def send(query: str, key: str) -> httpx.Response:
        return await client.post(BATCH + query, content=PART + END, headers=MULTIPART | {"Idempotency-Key": key})

    dry = await send("?validate_only=true", "k")
    assert dry.status_code == 202
    for query in ("", "?on_conflict=update", "?validate_only=true&max_rejects=3"):
        refused = await send(query, "k")
        assert refused.status_code == 422
        assert "Idempotency-Key" in refused.text
    again = await send("?validate_only=true", "k")
    assert again.json()["load"]["id"] == dry.json()["load"]["id"]
    assert (await send("", "another")).json()["load"]["id"] != dry.json()["load"]["id"]


async def test_an_upload_that_was_swept_away_while_it_stood_still_is_a_408(
    app: FastAPI, client: httpx.AsyncClient, connection: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a SIGSTOP of the process, or a sleep of the machine, longer than a sweeper waits."""
    rows = b"".join(b"%d;Ana;ana%d@example.com;\n" % (n, n) for n in range(200_000))

    async def frozen_in_the_middle() -> AsyncIterator[bytes]:
        yield rows[:1000]
        while not await connection.fetchval("SELECT count(*) FROM loads WHERE status = 'receiving'"):
            await asyncio.sleep(0.01)
        await connection.execute("DELETE FROM loads")
        yield rows[1000:]

    answer = await client.post(BATCH, content=frozen_in_the_middle(), headers={"Content-Type": "text/csv"})
    assert answer.status_code == 408, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
