"""Bounds on a request before any route sees it: addresses, headers, bodies, and the time a body may take.

Bodies of ordinary routes are read here, whole and bounded, so a slow client holds neither a connection of the
database nor a route. Uploads stream through: their bounds are in loads/.
"""

import asyncio
import re
from collections.abc import Callable
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..errors import BadRequest, ContentTooLarge, NotFound, Problem, UnsupportedMediaType, problem_response

LONGEST_PATH = 2048
LONGEST_QUERY = 8192
MOST_HEADERS = 100
LARGEST_HEADERS = 32 * 1024
"""Bytes of all names and values together."""

ACCOUNT_PATHS, ACCOUNT_BODY_BYTES = "/v1/auth/", 16 * 1024
"""A stranger's bodies are small: whatever is wrong in a large one, it would take its time to say so."""

PLAIN_HOST = re.compile(r"(?:[A-Za-z0-9._~%-]*|\[[0-9A-Fa-f:.]+\])(?::[0-9]*)?")


class UriTooLong(Problem):
    status = HTTPStatus.REQUEST_URI_TOO_LONG


class HeadersTooLarge(Problem):
    status = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE


class RequestTimeout(Problem):
    status = HTTPStatus.REQUEST_TIMEOUT
    headers = {"Connection": "close"}

    def __init__(self) -> None:
        super().__init__("The body did not come in time.")


class NotImplementedHere(Problem):
    status = HTTPStatus.NOT_IMPLEMENTED


class _Disconnected(Exception):
    """The client went away before its body was complete."""


def check_head(scope: Scope) -> None:
    """Raises the problem of a request whose address or headers cannot be taken."""
    if len(scope["path"]) > LONGEST_PATH or len(scope["query_string"]) > LONGEST_QUERY:
        raise UriTooLong(f"A path has up to {LONGEST_PATH} bytes, a query up to {LONGEST_QUERY}.")
    headers = scope["headers"]
    if len(headers) > MOST_HEADERS or sum(len(name) + len(value) for name, value in headers) > LARGEST_HEADERS:
        raise HeadersTooLarge(f"A request has up to {MOST_HEADERS} headers of {LARGEST_HEADERS} bytes together.")
    check_framing(scope)
    if "\0" in scope["path"]:
        raise NotFound("There is nothing at this path.")


def check_framing(scope: Scope) -> None:
    """What two servers in a row might read in two ways is refused (RFC 9112, 3.2 and 6.1)."""
    names = [name for name, _ in scope["headers"]]
    headers = Headers(scope=scope)
    if names.count(b"host") > 1 or (b"host" not in names and scope["http_version"] == "1.1"):
        raise BadRequest("A request names one Host.")
    if not PLAIN_HOST.fullmatch(headers.get("host", "")):
        raise BadRequest("The Host is no name of a host.")
    coding = headers.get("transfer-encoding", "chunked").strip().lower()
    if coding != "chunked":
        raise NotImplementedHere("The one Transfer-Encoding here is chunked.")
    if b"transfer-encoding" in names and scope["http_version"] == "1.0":
        raise BadRequest("HTTP/1.0 has no Transfer-Encoding.")


def path_within(scope: Scope) -> str:
    """The path as the routes know it, without the prefix that a proxy in front adds."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))


async def _answer(problem: Problem, scope: Scope, receive: Receive, send: Send) -> None:
    answer = problem_response(problem.status, problem.detail, errors=problem.errors, headers=problem.headers)
    await answer(scope, receive, send)


class HeadLimits:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            if scope["type"] == "http":
                check_head(scope)
        except Problem as problem:
            await _answer(problem, scope, receive, send)
        else:
            await self.app(scope, receive, send)


class BodyLimits:
    """ASGI middleware. `streams` knows the paths whose bodies a route reads piece by piece."""

    def __init__(self, app: ASGIApp, *, body_bytes: int, body_seconds: float, streams: Callable[[str], bool]) -> None:
        self.app = app
        self.body_bytes = body_bytes
        self.body_seconds = body_seconds
        self.streams = streams

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        try:
            inner = await self._bounded(scope, receive)
        except Problem as problem:
            await _answer(problem, scope, receive, send)
        except _Disconnected:  # nobody reads it, but the log and the metrics tell of it
            await _answer(BadRequest("The body was cut short, or is malformed."), scope, receive, send)
        else:
            await self.app(scope, inner, send)

    async def _bounded(self, scope: Scope, receive: Receive) -> Receive:
        headers = Headers(scope=scope)
        bodiless = "content-length" not in headers and "transfer-encoding" not in headers
        if bodiless or self.streams(path_within(scope)):
            return receive
        if headers.get("content-encoding", "").strip().lower() not in ("", "identity"):
            raise UnsupportedMediaType("Send the body as it is: only files are taken with a Content-Encoding.")
        most = self._most(scope)
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length[:20]) > most:
            raise _too_large(most)
        try:
            async with asyncio.timeout(self.body_seconds):
                body = await self._read(receive, most)
        except TimeoutError:
            raise RequestTimeout from None
        return _replay(body, receive)

    def _most(self, scope: Scope) -> int:
        is_stranger_s = path_within(scope).startswith(ACCOUNT_PATHS)
        return min(self.body_bytes, ACCOUNT_BODY_BYTES) if is_stranger_s else self.body_bytes

    @staticmethod
    async def _read(receive: Receive, most: int) -> bytes:
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise _Disconnected
            body += message.get("body", b"")
            if len(body) > most:
                raise _too_large(most)
            if not message.get("more_body", False):
                return bytes(body)


def _too_large(most: int) -> ContentTooLarge:
    return ContentTooLarge(f"A body has up to {most} bytes here.")


def _replay(body: bytes, receive: Receive) -> Receive:
    replayed = False

    async def receive_again() -> Message:
        nonlocal replayed
        if replayed:
            return await receive()
        replayed = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive_again
