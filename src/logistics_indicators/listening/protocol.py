"""uvicorn's HTTP protocol with what it lacks: bounds on what a client sends, on how long it takes to, and on how
slowly it reads; and answers in our own shape to what is no request.
"""

import asyncio
from http import HTTPStatus
from typing import Any

import httptools
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from ..http.request_limits import LONGEST_PATH, LONGEST_QUERY, path_within
from .bounds import ConnectionBounds, Room
from .early_answers import early_answer
from .one_write import HeadWithBody
from .slow_readers import SlowReaderWatch

LARGEST_HEAD = 64 * 1024
"""Bytes of request line and headers; the app itself refuses less with a better answer."""

HEAD_SECONDS = 20.0
"""From the connection, or the first byte of a further request, to the end of its headers."""

LONGEST_URL = 3 * LONGEST_PATH + LONGEST_QUERY + 512
"""As sent, in %XX and with a host; the app has the exact bounds."""

LARGEST_FRAMING = 64 * 1024
"""Bytes of a chunked body without a byte of content among them: trailers, extensions of a chunk."""

MOST_PIPELINED = 16
"""Requests that wait for the answer to an earlier one."""

LINGER_SECONDS = 5.0
"""How long the rest of a request is thrown away after its answer: a reset would take the answer with it."""

LINGER_BYTES = 64 * 1024 * 1024
VERSIONS = ("1.0", "1.1")
STOPPED = "The service stopped before it could answer. Look whether it was done before you ask again."
BROKEN = "Something broke on our side."
HEALTH_PATHS = frozenset({"/v1/health", "/v1/ready"})

PROXY_IDLE_SECONDS = 75
"""How long a proxy's idle connection is kept: longer than proxies keep theirs, else one that it takes for its next
request may be closed under it, and the request lost. AWS's balancers keep theirs for 60 s."""

STREAM_END_SECONDS = 2.0
"""How long a stream of events has to come to its end by itself, once the process ends."""


class _CannotBeTaken(Exception):
    """Ends the parsing; httptools wraps it in an exception of its own."""


class BoundedHttpProtocol(HttpToolsProtocol):
    def __init__(self, *args: Any, bounds: ConnectionBounds | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._bounds = bounds or ConnectionBounds()
        self._room = Room.free
        self._in_head = True
        self._head_bytes = 0
        self._head_timer: asyncio.TimerHandle | None = None
        self._framing = 0
        self._trailers = 0
        self._has_cycle = False
        """True from the end of a request's head on, where self.cycle is that request's."""
        self._running: RequestResponseCycle | None = None
        """The cycle whose app was started last; those behind it are in the pipeline."""
        self._refusal = (HTTPStatus.BAD_REQUEST, "This is not HTTP/1.1 as RFC 9112 has it.")
        self._deaf = False
        """What still comes is thrown away."""
        self._discarded = 0
        self._endless = False
        """The answer under way is a stream of events."""
        self._reader_watch: SlowReaderWatch | None = None

    # -- the connection ------------------------------------------------------------------------------------

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._reader_watch = SlowReaderWatch(transport, self.loop)
        if self._address is not None and self._bounds.is_proxy(self._address):
            self.timeout_keep_alive = PROXY_IDLE_SECONDS
        self._room = self._bounds.room_for(self._address, [_address_of(other) for other in self.connections])
        if self._room is Room.none:
            self._deaf = True
            self._write_early(HTTPStatus.SERVICE_UNAVAILABLE, "There are too many connections.")
            transport.close()
        else:
            self._start_head()

    def shutdown(self) -> None:
        """Answers under way are finished. A stream of events that does not end itself is cut: its reader comes back."""
        super().shutdown()
        if self._endless and self._last_due() is not None:
            self.loop.call_later(STREAM_END_SECONDS, self.transport.close)

    @property
    def _address(self) -> str | None:
        return _address_of(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        if self._reader_watch is not None:
            self._reader_watch.stop()
        self._unset_keepalive_if_required()
        for cycle, _ in self.pipeline:
            cycle.disconnected = True
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._deaf:
            self._discard(data)
            return
        if self._in_head:
            self._head_bytes += len(data)
        else:
            self._framing += len(data)
        try:
            self._feed(data)
            self._check_sizes()
        except (httptools.HttpParserError, _CannotBeTaken):
            self._refuse(*self._refusal)

    def _feed(self, data: bytes) -> None:
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            # To a protocol that we do not speak, so this is a request like any other.
            if self.scope["method"] == "CONNECT":
                self._deaf = True
                self.cycle.keep_alive = False
            elif rest := data[upgrade.args[0] :]:
                self._feed(rest)

    def _check_sizes(self) -> None:
        if self._in_head and self._head_bytes > LARGEST_HEAD:
            if len(getattr(self, "url", b"")) > LONGEST_URL:
                self._fail(HTTPStatus.REQUEST_URI_TOO_LONG, "The address is too long.")
            self._fail(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, f"A request's head has up to {LARGEST_HEAD} bytes.")
        if not self._in_head and self._framing > LARGEST_FRAMING and self._has_cycle and self.cycle.more_body:
            self._fail(HTTPStatus.BAD_REQUEST, "The body's chunks have too much around their content.")

    def _fail(self, status: HTTPStatus, detail: str) -> None:
        self._refusal = (status, detail)
        raise _CannotBeTaken

    # -- the parser's callbacks ----------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        if len(self.pipeline) >= MOST_PIPELINED:
            self._fail(HTTPStatus.TOO_MANY_REQUESTS, "Too many requests wait on this connection.")
        self._unset_keepalive_if_required()
        self._has_cycle = False
        if not self._in_head:
            self._start_head()
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._in_head:
            super().on_header(name, value)
            return
        # A trailer: uvicorn would put it among the headers, after they were checked. Nobody here needs any.
        self._trailers += len(name) + len(value) + 4
        if self._trailers > LARGEST_FRAMING:
            self._fail(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "The body's trailers are too large.")

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._framing = self._trailers = 0
        self._stop_timer()
        if self.parser.get_http_version() not in VERSIONS:
            self._fail(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, "This service speaks HTTP/1.1 and 1.0.")
        if len(self.url) > LONGEST_URL:
            self._fail(HTTPStatus.REQUEST_URI_TOO_LONG, "The address is too long.")
        if not self.url.startswith(b"/"):
            self.url = _with_path(self.url)
        super().on_headers_complete()
        self._has_cycle = True
        if self._room is Room.reserved:
            self.cycle.keep_alive = False
            if path_within(dict(self.cycle.scope)) not in HEALTH_PATHS:
                self._fail(HTTPStatus.SERVICE_UNAVAILABLE, "There are too many connections.")

    def on_body(self, body: bytes) -> None:
        self._framing = 0
        super().on_body(body)

    # -- a request that cannot be taken --------------------------------------------------------------------

    def _refuse(self, status: HTTPStatus, detail: str) -> None:
        """Answers, where it is this request's turn. Where earlier answers are due, these come, and then the connection
        ends without this one."""
        self._deaf = True
        self._stop_timer()
        failing = self.cycle if self._has_cycle and self.cycle.more_body else None
        if failing is not None and self.pipeline and self.pipeline[0][0] is failing:
            self.pipeline.popleft()
            failing = None
        elif failing is not None and failing.response_started:
            self.transport.close()
            return
        if failing is None and (due := self._last_due()) is not None:
            due.keep_alive = False
            return
        if failing is not None:
            failing.disconnected = True
            failing.message_event.set()
        self._write_early(status, detail)
        self._linger()

    def _last_due(self) -> RequestResponseCycle | None:
        """The last request whose answer is still to come."""
        last = self.pipeline[0][0] if self.pipeline else self._running
        return None if last is None or last.response_complete else last

    def _write_early(self, status: HTTPStatus, detail: str) -> None:
        if not self.transport.is_closing():
            between_requests = self._has_cycle and not self.cycle.more_body
            headers = () if between_requests else self.headers or ()
            self.transport.write(early_answer(status, detail, headers))

    # -- answers -------------------------------------------------------------------------------------------

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, self._answering(cycle, app))

    def _answering(self, cycle: RequestResponseCycle, app: ASGIApp) -> Any:
        """`app` with answers that HTTP/1.0 understands, that close what they leave unread, and that somebody reads."""

        transport = HeadWithBody(cycle.transport)
        cycle.transport = transport  # type: ignore[assignment]

        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            until_close = False
            start: Message | None = None

            async def send_bounded(message: Message) -> None:
                nonlocal until_close, start
                if message["type"] == "http.response.start":
                    self._endless = _is_event_stream(message)
                    if cycle.more_body:
                        cycle.keep_alive = False
                    until_close = scope["http_version"] == "1.0" and _has_no_length(message)
                    if until_close:
                        cycle.chunked_encoding = False
                    if _has_length(message):
                        start = message
                    else:
                        await send(message)
                    return
                if start is not None:
                    transport.hold()
                    await send(start)
                    start = None
                if until_close:
                    cycle.expected_content_length = len(message.get("body", b""))
                last = not message.get("more_body", False)
                unread = last and not cycle.keep_alive and (cycle.more_body or self._deaf)
                if unread:
                    cycle.keep_alive = True  # else uvicorn would close at once
                await send(message)
                transport.let_go()
                if cycle.disconnected:
                    await asyncio.sleep(0)  # an app that never waits must come to see that nobody is there
                if self._reader_watch is not None:
                    self._reader_watch.wrote(len(message.get("body", b"")))
                if unread:
                    self._linger()

            instead = (HTTPStatus.INTERNAL_SERVER_ERROR, BROKEN)
            try:
                await app(scope, receive, send_bounded)
            except asyncio.CancelledError:  # uvicorn cancels what takes too long at the process's end
                instead = (HTTPStatus.SERVICE_UNAVAILABLE, STOPPED)
                raise
            finally:
                self._answer_instead(cycle, *instead)

        return answer

    def _answer_instead(self, cycle: RequestResponseCycle, status: HTTPStatus, detail: str) -> None:
        """Where the app has begun no answer, or only a head that waits. uvicorn would answer in a shape not ours."""
        if not cycle.response_started and not cycle.disconnected:
            cycle.response_started = True
            self._write_early(status, detail)

    def _linger(self) -> None:
        """Says that nothing more comes, and throws away what the client still sends, for a while."""
        self._deaf = True
        self._stop_timer()
        self._unset_keepalive_if_required()
        if self.transport.is_closing():
            return
        if not self.transport.can_write_eof():
            self.transport.close()
            return
        self.flow.resume_reading()
        self.transport.write_eof()
        self._head_timer = self.loop.call_later(LINGER_SECONDS, self.transport.abort)

    def _discard(self, data: bytes) -> None:
        self._discarded += len(data)
        if self._discarded > LINGER_BYTES:
            self.transport.abort()

    # -- the head's time -----------------------------------------------------------------------------------

    def _start_head(self) -> None:
        self._in_head = True
        self._head_bytes = 0
        self._stop_timer()
        self._head_timer = self.loop.call_later(HEAD_SECONDS, self._head_is_late)

    def _head_is_late(self) -> None:
        if self._last_due() is None:
            self.transport.close()
        else:  # while an answer is due, we may be the ones who do not read
            self._head_timer = self.loop.call_later(HEAD_SECONDS, self._head_is_late)

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None


def _address_of(protocol: Any) -> str | None:
    client = getattr(protocol, "client", None)
    return client[0] if client else None


def _has_length(message: Message) -> bool:
    return any(name.lower() == b"content-length" for name, _ in message.get("headers", ()))


def _has_no_length(message: Message) -> bool:
    return message["status"] not in (204, 304) and not _has_length(message)


def _is_event_stream(message: Message) -> bool:
    return any(
        name.lower() == b"content-type" and value.startswith(b"text/event-stream") for name, value in message["headers"]
    )


def _with_path(url: bytes) -> bytes:
    """An absolute address may leave its path out: http://host?query."""
    parsed = httptools.parse_url(url)
    if parsed.path is not None:
        return url
    return b"/" + (b"?" + parsed.query if parsed.query else b"")
