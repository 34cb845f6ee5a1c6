"""Raw bytes over real sockets: trailers, answers that come early, HTTP/1.0, pipelines, and how many connect."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable

import asyncpg
import psutil
import pytest
from conftest import make_settings, running_app
from fastapi import FastAPI, Response
from fastapi.responses import StreamingResponse
from listening import listening
from structlog.testing import capture_logs

from logistics_indicators.accounts.tokens import issue_access_token
from logistics_indicators.listening import bounds as connection_bounds
from logistics_indicators.listening import protocol as http_protocol
from logistics_indicators.listening import slow_readers
from logistics_indicators.listening.bounds import ConnectionBounds

ME = b"GET /v1/auth/me HTTP/1.1\r\nHost: test\r\n\r\n"
LAST_ME = ME.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
POST = b"POST /v1/customers HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n"
OPEN_POST = b"POST /v1/auth/login HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n"
"""To a route that needs no token: the body of another is not read before one is there."""


@pytest.fixture
async def port(app: FastAPI) -> AsyncIterator[int]:
    async with listening(app) as open_port:
        yield open_port


@pytest.fixture
async def token(app: FastAPI, connection: asyncpg.Connection) -> bytes:
    insert = "INSERT INTO users (username, email, password_hash, role) VALUES ('a', 'a', '!', 'analyst') RETURNING id"
    return issue_access_token(app.state.token_key, await connection.fetchval(insert)).encode()


class Talk:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def begin(cls, port: int) -> "Talk":
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def say(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of the next answer that has a Content-Length."""
        head = await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), 30)
        status, headers = parsed_head(head)
        return status, headers, await self.reader.readexactly(int(headers.get("content-length", 0)))

    async def rest(self) -> bytes:
        """All up to the end of the connection."""
        try:
            return await asyncio.wait_for(self.reader.read(), 30)
        except ConnectionResetError:
            return b""

    async def end(self) -> None:
        self.writer.close()


def parsed_head(head: bytes) -> tuple[int, dict[str, str]]:
    first, *lines = head.decode("latin-1").strip().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    return int(first.split()[1]), headers


async def exchange(port: int, data: bytes) -> bytes:
    talk = await Talk.begin(port)
    try:
        await talk.say(data)
        return await talk.rest()
    finally:
        await talk.end()


def assert_problem(raw: bytes, status: int) -> None:
    head, _, body = raw.partition(b"\r\n\r\n")
    found, headers = parsed_head(head)
    assert found == status, raw
    assert headers["content-type"] == "application/problem+json"
    assert headers["x-request-id"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["connection"] == "close"
    assert headers["content-length"] == str(len(body))
    assert json.loads(body)["status"] == status


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not holds():
            await asyncio.sleep(0.01)


# -- one shape for whatever is no request ----------------------------------------------------------------------

NO_REQUEST = {
    "a byte of UTF-8 in the path": ("GET /v1/é HTTP/1.1\r\nHost: a\r\n\r\n".encode(), 400),
    "a path of 70 kB": (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 414),
    "a query of 70 kB": (
        b"GET /v1/auth/me?a=" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        414,
    ),
    "a header of 70 kB": (b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX: " + b"a" * 70_000 + b"\r\n\r\n", 431),
    "a chunk's size that is none": (POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
    "HTTP/0.9": (b"GET /\r\n\r\n", 505),
    "HTTP/2 at once": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "HTTP/1.7": (b"GET / HTTP/1.7\r\nHost: a\r\n\r\n", 400),
    "an unknown method": (b"BREW / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "a folded header": (b"GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n", 400),
    "line feeds alone": (b"GET / HTTP/1.1\nHost: a\n\n", 400),
    "two lengths": (POST + b"Content-Length: 1\r\nContent-Length: 1\r\n\r\na", 400),
    "a length and chunks": (POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "chunks and a length": (POST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400),
    "a length with a sign": (POST + b"Content-Length: +5\r\n\r\nabcde", 400),
    "a coding that is not chunked": (POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400),
    "chunked twice": (POST + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400),
    "a blank before the colon": (POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00", 400),
}


@pytest.mark.parametrize(("raw", "status"), NO_REQUEST.values(), ids=NO_REQUEST.keys())
async def test_what_is_no_request_gets_the_one_error_shape(port: int, raw: bytes, status: int) -> None:
    assert_problem(await exchange(port, raw), status)
    assert (await exchange(port, LAST_ME)).startswith(b"HTTP/1.1 401")


async def test_a_sane_request_id_comes_back_on_a_parser_s_400_too(port: int) -> None:
    raw = await exchange(port, b"GET / HTTP/1.1\r\nHost: a\r\nX-Request-ID: mine-7\r\nX: y\r\nbad header: a\r\n\r\n")
    assert_problem(raw, 400)
    assert b"x-request-id: mine-7\r\n" in raw


HEADS = {
    "no Host": (b"GET /v1/auth/me HTTP/1.1\r\nConnection: close\r\n\r\n", 400),
    "two Hosts": (b"GET /v1/auth/me HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n", 400),
    "a Host with a path": (b"GET /v1/auth/me HTTP/1.1\r\nHost: a/b\r\nConnection: close\r\n\r\n", 400),
    "a Host with a user": (b"GET /v1/auth/me HTTP/1.1\r\nHost: a@b\r\nConnection: close\r\n\r\n", 400),
    "a coding that we do not speak": (POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
    "chunks in HTTP/1.0": (POST.replace(b"/1.1", b"/1.0") + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
}


@pytest.mark.parametrize(("raw", "status"), HEADS.values(), ids=HEADS.keys())
async def test_a_head_that_means_two_things_is_refused(port: int, raw: bytes, status: int) -> None:
    answer = await exchange(port, raw)
    assert answer.startswith(b"HTTP/1.1 %d" % status), answer
    assert b"application/problem+json" in answer


TAKEN = {
    "an absolute address": b"GET http://test/v1/auth/me HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n",
    "an IPv6 Host": b"GET /v1/auth/me HTTP/1.1\r\nHost: [::1]:8000\r\nConnection: close\r\n\r\n",
    "an empty Host": b"GET /v1/auth/me HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n",
    "HTTP/1.0 without a Host": b"GET /v1/auth/me HTTP/1.0\r\n\r\n",
}


@pytest.mark.parametrize("raw", TAKEN.values(), ids=TAKEN.keys())
async def test_odd_but_right_heads_are_served(port: int, raw: bytes) -> None:
    assert (await exchange(port, raw)).startswith(b"HTTP/1.1 401")


async def test_an_absolute_address_without_a_path_is_the_root(port: int) -> None:
    raw = b"GET http://test HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n"
    assert (await exchange(port, raw)).startswith(b"HTTP/1.1 200")


async def test_an_upgrade_is_passed_over_and_what_follows_is_the_next_request(port: int) -> None:
    upgrade = ME.replace(b"\r\n\r\n", b"\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n")
    raw = await exchange(port, upgrade + LAST_ME)
    assert raw.count(b"HTTP/1.1 401") == 2


async def test_a_tunnel_is_refused_and_closed(port: int) -> None:
    raw = await exchange(port, b"CONNECT test:80 HTTP/1.1\r\nHost: test:80\r\n\r\n" + ME)
    assert raw.count(b"HTTP/1.1 4") == 1
    assert raw.startswith((b"HTTP/1.1 400", b"HTTP/1.1 404", b"HTTP/1.1 405"))


async def test_a_later_request_that_cannot_be_read_takes_no_earlier_answer_s_place(app: FastAPI, port: int) -> None:
    go_on = asyncio.Event()

    @app.get("/slow")
    async def slow() -> Response:
        await go_on.wait()
        return Response("slow but sure")

    talk = await Talk.begin(port)
    await talk.say(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n" + ME + b"this is no request\r\n\r\n")
    await asyncio.sleep(0)
    go_on.set()
    first = await talk.answer()
    second = await talk.answer()
    assert (first[0], first[2], second[0]) == (200, b"slow but sure", 401)
    assert second[1]["connection"] == "close"
    assert await talk.rest() == b""
    await talk.end()


async def test_a_long_pipeline_is_answered_up_to_a_bound(port: int) -> None:
    raw = await exchange(port, ME * 500)
    assert 1 <= raw.count(b"HTTP/1.1 401") <= http_protocol.MOST_PIPELINED + 2


# -- HTTP/1.0 --------------------------------------------------------------------------------------------------


async def test_http_1_0_gets_no_chunks(app: FastAPI, port: int) -> None:
    @app.get("/streamed")
    async def streamed() -> StreamingResponse:
        async def pieces() -> AsyncIterator[bytes]:
            yield b"one,"
            yield b""
            yield b"two"

        return StreamingResponse(pieces())

    raw = await exchange(port, b"GET /streamed HTTP/1.0\r\n\r\n")
    head, _, body = raw.partition(b"\r\n\r\n")
    assert b"transfer-encoding" not in head.lower()
    assert b"connection: close" in head.lower()
    assert body == b"one,two"
    chunked = await exchange(port, b"GET /streamed HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert chunked.endswith(b"4\r\none,\r\n3\r\ntwo\r\n0\r\n\r\n")


# -- trailers --------------------------------------------------------------------------------------------------

CUSTOMER = b'{"nome": "Ana", "email": "ana@example.com"}'


def chunked(body: bytes, trailers: bytes = b"") -> bytes:
    return b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n%s\r\n" % (len(body), body, trailers)


async def test_a_token_in_a_trailer_is_nobody_s(port: int, token: bytes, connection: asyncpg.Connection) -> None:
    authorization = b"Authorization: Bearer " + token + b"\r\n"
    talk = await Talk.begin(port)
    await talk.say(POST + chunked(CUSTOMER, authorization))
    assert (await talk.answer())[0] == 401
    await talk.say(POST + chunked(CUSTOMER))  # nor does it stay for the next request
    assert (await talk.answer())[0] == 401
    await talk.say(POST + authorization + chunked(CUSTOMER, b"X-A: b\r\nContent-Type: text/plain\r\n"))
    assert (await talk.answer())[0] == 201
    await talk.end()
    assert await connection.fetchval("SELECT count(*) FROM customers") == 1


ENDLESS = {
    "many trailers": b"X-Trailer: " + b"a" * 1000 + b"\r\n",
    "one trailer without end": b"a" * 1000,
}


@pytest.mark.parametrize("piece", ENDLESS.values(), ids=ENDLESS.keys())
async def test_trailers_without_end_close_the_connection_and_are_not_kept(port: int, piece: bytes) -> None:
    before = psutil.Process().memory_info().rss
    talk = await Talk.begin(port)
    start = b"" if piece.endswith(b"\n") else b"X-Trailer: "
    await talk.say(OPEN_POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n0\r\n" + start)
    sent = 0
    try:
        while sent < 40_000_000 and not talk.reader.at_eof():
            await talk.say(piece * 16)
            sent += len(piece) * 16
    except ConnectionError:
        pass
    assert psutil.Process().memory_info().rss - before < 30_000_000
    raw = await talk.rest()
    assert raw == b"" or raw.startswith((b"HTTP/1.1 400", b"HTTP/1.1 431"))
    await talk.end()
    assert (await exchange(port, LAST_ME)).startswith(b"HTTP/1.1 401")


async def test_a_chunk_s_extension_without_end_closes_the_connection(port: int) -> None:
    talk = await Talk.begin(port)
    await talk.say(OPEN_POST + b"Transfer-Encoding: chunked\r\n\r\n1;")
    for _ in range(1000):  # more than one read of the server's takes
        try:
            await talk.say(b"a" * 1000)
        except ConnectionError:
            break
    raw = await talk.rest()
    assert raw == b"" or raw.startswith(b"HTTP/1.1 400")
    await talk.end()


@pytest.mark.parametrize("cut", [b"zz\r\n", b"5\r\n{"], ids=["a size that is none", "a client that leaves"])
async def test_a_body_that_ends_badly_is_logged_and_counted_as_a_400(app: FastAPI, port: int, cut: bytes) -> None:
    def statuses(method: str | None) -> list[int]:
        return [line["status"] for line in lines if line["event"] == "request" and line["method"] == method]

    with capture_logs() as lines:
        talk = await Talk.begin(port)
        await talk.say(OPEN_POST + b"Transfer-Encoding: chunked\r\n\r\n" + cut)
        await talk.end()
        await until(lambda: bool(statuses("POST")))
    assert statuses("POST") == [400]
    assert {line["log_level"] for line in lines} == {"info"}
    assert app.state.metrics.requests.labels("POST", "unmatched", 400)._value.get() == 1


async def test_trailers_at_the_bound_are_passed_over(port: int, token: bytes) -> None:
    trailers = (b"X-Trailer: " + b"a" * 989 + b"\r\n") * 60
    head = POST + b"Authorization: Bearer " + token + b"\r\nConnection: close\r\n"
    assert (await exchange(port, head + chunked(CUSTOMER, trailers))).startswith(b"HTTP/1.1 201")
    assert_problem(await exchange(port, head + chunked(CUSTOMER, trailers * 2)), 431)


# -- answers before the end of the body ------------------------------------------------------------------------

UPLOAD = b"POST /v1/customers/batch HTTP/1.1\r\nHost: a\r\nContent-Type: text/csv\r\n"
EARLY = {
    "401": (UPLOAD + b"Content-Length: 1000000\r\n\r\n", 401),
    "401 with chunks": (UPLOAD + b"Transfer-Encoding: chunked\r\n\r\n", 401),
    "413": (OPEN_POST + b"Content-Length: 9999999999\r\n\r\n", 413),
    "405": (b"PATCH /v1/customers/batch HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n", 405),
}


@pytest.mark.parametrize(("head", "status"), EARLY.values(), ids=EARLY.keys())
async def test_an_answer_before_the_end_of_the_body_says_that_it_closes_and_closes(
    port: int, monkeypatch: pytest.MonkeyPatch, head: bytes, status: int
) -> None:
    monkeypatch.setattr(http_protocol, "LINGER_SECONDS", 0.05)
    talk = await Talk.begin(port)
    await talk.say(head)
    found, headers, _ = await talk.answer()
    assert (found, headers["connection"]) == (status, "close")
    assert await talk.rest() == b""
    await talk.end()


async def test_an_early_answer_reaches_a_client_that_goes_on_sending(port: int) -> None:
    talk = await Talk.begin(port)
    await talk.say(UPLOAD + b"Content-Length: 3000000\r\n\r\n")
    for _ in range(30):
        await talk.say(b"x" * 100_000)
    assert (await talk.answer())[0] == 401
    await talk.end()


async def test_no_request_is_seen_in_the_unread_rest_of_a_body(port: int) -> None:
    raw = await exchange(port, UPLOAD + b"Content-Length: 1000000\r\n\r\n" + ME * 3)
    assert raw.count(b"HTTP/1.1 ") == 1


async def test_who_waits_for_100_continue_is_refused_without_sending(port: int, token: bytes) -> None:
    expecting = b"Content-Length: 22\r\nExpect: 100-continue\r\n\r\n"
    talk = await Talk.begin(port)
    await talk.say(UPLOAD + expecting)
    status, headers, _ = await talk.answer()
    assert (status, headers["connection"]) == (401, "close")
    await talk.end()
    talk = await Talk.begin(port)
    await talk.say(UPLOAD + b"Authorization: Bearer " + token + b"\r\n" + expecting)
    assert await talk.reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    await talk.say(b"1;Ana;ana@example.com;")
    status, headers, _ = await talk.answer()
    assert status == 202
    assert "connection" not in headers
    await talk.say(LAST_ME)
    assert (await talk.answer())[0] == 401
    await talk.end()


MULTIPART = b"POST /v1/services/batch HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=b\r\n"
OBJECTS = UPLOAD.replace(b"text/csv", b"application/json")


@pytest.mark.parametrize("expect", [b"", b"Expect: 100-continue\r\n"])
@pytest.mark.parametrize(
    ("head", "length"),
    [
        (UPLOAD, 2**31 + 1),
        (MULTIPART, 2**31 + 2**20),
        (UPLOAD + b"Content-Encoding: gzip\r\n", 2**32),
        (OBJECTS, 8 * 2**20 + 1),
    ],
)
async def test_a_body_that_is_said_to_be_too_large_is_refused_before_any_of_it_comes(
    port: int, token: bytes, head: bytes, length: int, expect: bytes
) -> None:
    talk = await Talk.begin(port)
    await talk.say(head + b"Authorization: Bearer %s\r\nContent-Length: %d\r\n%s\r\n" % (token, length, expect))
    status, headers, _ = await talk.answer()
    assert (status, headers["connection"]) == (413, "close")
    assert await talk.rest() == b""
    await talk.end()


async def test_blank_lines_do_not_keep_an_idle_connection(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    async with listening(app) as port:
        talk = await Talk.begin(port)
        await talk.say(ME)
        await talk.answer()

        async def trickle() -> None:
            while True:
                await talk.say(b"\r\n")
                await asyncio.sleep(0.2)

        trickling = asyncio.create_task(trickle())
        try:
            assert await talk.rest() == b""
        finally:
            trickling.cancel()
            await talk.end()


# -- how many, and how slow ------------------------------------------------------------------------------------


async def test_an_address_has_a_bound_of_connections_and_gets_its_place_back(app: FastAPI) -> None:
    async with listening(app, ConnectionBounds(total=100, per_address=3)) as port:
        held = [await Talk.begin(port) for _ in range(3)]
        for talk in held:
            await talk.say(ME)
            assert (await talk.answer())[0] == 401
        assert_problem(await exchange(port, b""), 503)
        await held[0].end()
        async with asyncio.timeout(30):
            while not (await exchange(port, LAST_ME)).startswith(b"HTTP/1.1 401"):
                pass
        for talk in held[1:]:
            await talk.end()


async def test_a_proxy_s_connections_are_many_clients(app: FastAPI) -> None:
    async with listening(app, ConnectionBounds(total=100, per_address=1, proxies="10.0.0.1, 127.0.0.0/8")) as port:
        held = [await Talk.begin(port) for _ in range(5)]
        for talk in held:
            await talk.say(ME)
            assert (await talk.answer())[0] == 401
            await talk.end()


async def test_a_proxy_s_idle_connection_has_a_time_of_its_own(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    assert http_protocol.PROXY_IDLE_SECONDS > 60  # as long as AWS's balancers keep theirs
    monkeypatch.setattr(http_protocol, "PROXY_IDLE_SECONDS", 0.05)
    async with listening(app, ConnectionBounds(proxies="127.0.0.1"), idle=3600) as port:
        talk = await Talk.begin(port)
        await talk.say(ME)
        assert (await talk.answer())[0] == 401
        assert await talk.reader.read() == b""
        await talk.end()


async def test_who_is_not_answered_before_the_process_ends_is_told_so(app: FastAPI) -> None:
    begun = asyncio.Event()

    @app.get("/never")
    async def never() -> None:
        begun.set()
        await asyncio.Event().wait()

    async with listening(app) as port:
        talk = await Talk.begin(port)
        await talk.say(b"GET /never HTTP/1.1\r\nHost: a\r\n\r\n")
        await begun.wait()
    answer = await talk.rest()
    assert_problem(answer, 503)
    assert b"retry-after: " in answer
    await talk.end()


async def test_a_head_of_known_length_waits_for_its_body(app: FastAPI, port: int) -> None:
    """So an answer that breaks before its body is a whole answer still. Another head goes at once."""

    @app.get("/broken/{length}")
    async def broken(length: str) -> StreamingResponse:
        async def pieces() -> AsyncIterator[bytes]:
            raise RuntimeError("the rows are gone")
            yield b""

        return StreamingResponse(pieces(), headers={"Content-Length": "5"} if length == "known" else {})

    assert_problem(await exchange(port, b"GET /broken/known HTTP/1.1\r\nHost: a\r\n\r\n"), 500)
    cut = await exchange(port, b"GET /broken/unknown HTTP/1.1\r\nHost: a\r\n\r\n")
    assert cut.startswith(b"HTTP/1.1 200")
    assert cut.endswith(b"\r\n\r\n")


@pytest.mark.parametrize("method", [b"GET", b"HEAD"])
async def test_heads_and_bodies_follow_each_other_in_a_pipeline(port: int, method: bytes) -> None:
    asked = method + ME[3:]
    raw = await exchange(port, asked * 3 + LAST_ME)
    assert raw.count(b"HTTP/1.1 401") == 4
    assert raw.count(b'"status":401') == (4 if method == b"GET" else 1)


async def test_a_full_process_still_answers_health_checks(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_bounds, "RESERVED", 2)
    async with listening(app, ConnectionBounds(total=4, per_address=100)) as port:
        held = [await Talk.begin(port) for _ in range(4)]
        for talk in held:
            await talk.say(ME)
            assert (await talk.answer())[0] == 401
        for check in (b"health", b"ready"):
            health = await exchange(port, b"GET /v1/" + check + b" HTTP/1.1\r\nHost: a\r\n\r\n")
            assert health.startswith(b"HTTP/1.1 200")
            assert b"connection: close" in health
        refused = await exchange(port, ME)
        assert_problem(refused, 503)
        assert b"retry-after: " in refused
        await held[0].say(ME)  # and who is in goes on
        assert (await held[0].answer())[0] == 401
        held += [await Talk.begin(port) for _ in range(2)]
        assert_problem(await exchange(port, b""), 503)
        for talk in held:
            await talk.end()


async def test_who_does_not_read_is_cut_off(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slow_readers, "LOOK_SECONDS", 0.2)

    @app.get("/endless")
    async def endless() -> StreamingResponse:
        async def pieces() -> AsyncIterator[bytes]:
            while True:
                yield b"x" * 100_000

        return StreamingResponse(pieces())

    @app.get("/large")
    async def large() -> Response:
        return Response(b"x" * 50_000_000)

    async with listening(app) as port:

        def connected() -> list[object]:
            found = psutil.Process().net_connections()
            return [c for c in found if c.laddr[1] == port and c.status == psutil.CONN_ESTABLISHED]

        talks = [await Talk.begin(port) for _ in range(4)]
        for talk in talks[:3]:
            await talk.say(b"GET /endless HTTP/1.1\r\nHost: a\r\n\r\n")
        await talks[3].say(b"GET /large HTTP/1.0\r\n\r\n")
        await until(lambda: not connected())
        assert (await exchange(port, LAST_ME)).startswith(b"HTTP/1.1 401")
        for talk in talks:
            await talk.end()


class HalfRead(asyncio.Transport):
    """A transport of which the test says how much waits to be sent."""

    waiting = 0
    aborted = False

    def get_write_buffer_size(self) -> int:
        return self.waiting

    def abort(self) -> None:
        self.aborted = True


@pytest.mark.parametrize(("taken", "cut"), [(slow_readers.LEAST_BYTES, False), (slow_readers.LEAST_BYTES - 1, True)])
async def test_who_reads_slowly_is_cut_off_below_the_rate_alone(taken: int, cut: bool) -> None:
    transport = HalfRead()
    watch = slow_readers.SlowReaderWatch(transport, asyncio.get_running_loop())
    transport.waiting = 1_000_000
    watch.wrote(1_000_000)
    transport.waiting -= taken
    watch._look()  # as its timer does
    watch.stop()
    assert transport.aborted is cut


async def test_settings_reach_the_protocol(database_url: str) -> None:
    settings = make_settings(database_url, connections_max=7, connections_per_address=2, forwarded_allow_ips="10.1.1.1")
    async with running_app(settings):
        assert ConnectionBounds.of(settings) == ConnectionBounds(7, 2, "10.1.1.1")
