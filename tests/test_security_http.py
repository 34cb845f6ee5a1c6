"""The server's own protocol, over real sockets: heads that do not end, or come too slowly, close their connection."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import uvicorn
from conftest import make_settings

from logistics_indicators.app import create_app
from logistics_indicators.listening import protocol as http_protocol
from logistics_indicators.listening.protocol import LARGEST_HEAD, BoundedHttpProtocol

HEALTHY = b"GET /v1/auth/me HTTP/1.1\r\nHost: test\r\n\r\n"


@pytest.fixture
async def port(database_url: str) -> AsyncIterator[int]:
    """Port of the service as the command line starts it."""
    config = uvicorn.Config(
        create_app(make_settings(database_url)), port=0, http=BoundedHttpProtocol, ws="none", log_config=None
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    await serving


async def exchange(port: int, *pieces: bytes) -> bytes:
    """All that the server says until it closes the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        return await asyncio.wait_for(reader.read(), 30)
    except ConnectionResetError:  # it closed while we were still sending
        return b""
    finally:
        writer.close()


async def status(port: int) -> bytes:
    answer = await exchange(port, HEALTHY.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    return answer.split(b" ")[1]


@pytest.mark.parametrize(
    "endless",
    [b"GET /" + b"a" * LARGEST_HEAD * 2, b"GET / HTTP/1.1\r\nX: " + b"a" * LARGEST_HEAD * 2],
    ids=["path", "header"],
)
async def test_a_head_without_end_is_cut_off(port: int, endless: bytes) -> None:
    pieces = [endless[start : start + 16_384] for start in range(0, len(endless), 16_384)]
    answer = await exchange(port, *pieces)
    assert answer == b"" or answer.startswith((b"HTTP/1.1 431", b"HTTP/1.1 414"))
    assert await status(port) == b"401"


async def test_a_large_head_in_one_piece_is_told_why(port: int) -> None:
    large = HEALTHY.replace(b"\r\n\r\n", b"\r\nConnection: close\r\nX: " + b"a" * 40_000 + b"\r\n\r\n")
    assert (await exchange(port, large)).startswith(b"HTTP/1.1 431")


async def test_connections_that_say_nothing_or_trickle_are_closed(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_protocol, "HEAD_SECONDS", 0.05)
    for said in (b"", b"G", b"GET /v1/auth/me HTTP/1.1\r\nHost: te"):
        assert await exchange(port, said) == b""
    assert await status(port) == b"401"


async def test_an_answered_connection_can_be_used_again_and_its_next_head_is_bounded(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_protocol, "HEAD_SECONDS", 0.05)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(2):
        writer.write(HEALTHY)
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(next(line for line in head.split(b"\r\n") if line.startswith(b"content-length")).split()[1])
        await reader.readexactly(length)
        assert head.startswith(b"HTTP/1.1 401")
    writer.write(b"GET /v1")
    assert await asyncio.wait_for(reader.read(), 30) == b""
    writer.close()


@pytest.mark.parametrize(
    "raw",
    [
        b"GET /\x00 HTTP/1.1\r\nHost: test\r\n\r\n",
        b"GET /v1/auth/me HTTP/1.1\r\nHost: test\r\nX-A: b\x00c\r\n\r\n",
        b"GET /v1/auth/me HTTP/1.1\r\nHost: test\r\nbad header: a\r\n\r\n",
        b"GET /v1/auth/me HTTP/1.1\r\nHost: test\r\nContent-Length: -1\r\n\r\n",
        b"GET /v1/auth/me HTTP/1.1\r\nHost: test\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"\r\n\r\n\x00\x00",
    ],
    ids=range(8),
)
async def test_what_is_no_http_is_a_400(port: int, raw: bytes) -> None:
    assert (await exchange(port, raw)).startswith(b"HTTP/1.1 400")
    assert await status(port) == b"401"
