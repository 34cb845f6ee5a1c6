"""What every answer tells the browser, and which Host a request may name."""

from collections.abc import Sequence

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..errors import problem_response
from .request_limits import path_within

DATA_POLICY = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'"
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
REDOC_POLICY = PAGE_POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'") + "; worker-src blob:"
"""ReDoc writes its styles into the page as it runs, and searches in a worker; scripts stay our own."""

REDOC_PATH = "/redoc"

ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
ONE_YEAR = "max-age=31536000"


class SecurityHeaders:
    """ASGI middleware, outside of all others, so that no answer lacks these headers."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                _add_headers(MutableHeaders(scope=message), scope)
            await send(message)

        await self.app(scope, receive, send_with_headers)


def _add_headers(headers: MutableHeaders, scope: Scope) -> None:
    for name, value in ALWAYS.items():
        headers.setdefault(name, value)
    headers.setdefault("Content-Security-Policy", _policy(headers.get("content-type", ""), path_within(scope)))
    if path_within(scope).startswith("/v1/"):  # customers' data stays out of every cache that does not ask again
        headers.setdefault("Cache-Control", "private, no-cache" if "etag" in headers else "no-store")
    if scope["scheme"] == "https":
        headers.setdefault("Strict-Transport-Security", ONE_YEAR)


def _policy(content_type: str, path: str) -> str:
    if not content_type.startswith("text/html"):
        return DATA_POLICY
    return REDOC_POLICY if path == REDOC_PATH else PAGE_POLICY


class TrustedHosts:
    """ASGI middleware: 400 for a Host that is not ours. `*.example.com` takes every name below.

    Loopback names are always ours: health checks on the machine use them, and no page elsewhere has them.
    """

    def __init__(self, app: ASGIApp, hosts: Sequence[str]) -> None:
        self.app = app
        self.names = frozenset(host.lower() for host in hosts if not host.startswith("*."))
        self.suffixes = tuple(host[1:].lower() for host in hosts if host.startswith("*."))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not self._ours(Headers(scope=scope).get("host", "")):
            answer = problem_response(400, "This service does not go by the name in the Host header.")
            await answer(scope, receive, send)
            return
        await self.app(scope, receive, send)

    def _ours(self, host: str) -> bool:
        name = host.lower()
        name = name.partition("]")[0] + "]" if name.startswith("[") else name.partition(":")[0]
        return name in self.names or name in LOOPBACK or name.endswith(self.suffixes)
