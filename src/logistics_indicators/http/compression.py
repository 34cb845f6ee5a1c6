"""gzip for those who accept it: texts over a kilobyte, never events, files that are packed already, or tokens."""

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .request_limits import path_within

LEAST_BYTES = 1024
LEVEL = 5
PACKED = (
    *DEFAULT_EXCLUDED_CONTENT_TYPES,
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.apache.parquet",
)
SECRET_PATHS = ("/v1/auth", "/v1/tokens")
"""Their answers hold tokens, whose length must not tell what they have in common with the request (BREACH)."""


class Compression:
    """ASGI middleware. A packed answer is another variant of its resource, so a strong ETag becomes a weak one."""

    def __init__(self, app: ASGIApp) -> None:
        self.plain = app
        self.packing = GZipMiddleware(app, LEAST_BYTES, LEVEL, exclude_content_types=PACKED)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or path_within(scope).startswith(SECRET_PATHS):
            await self.plain(scope, receive, send)
            return

        async def send_variant(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if "accept-encoding" not in headers.get("vary", "").lower():  # packed, it says so already
                    headers.add_vary_header("Accept-Encoding")
                etag = headers.get("etag", "")
                if headers.get("content-encoding") == "gzip" and etag.startswith('"'):
                    headers["ETag"] = "W/" + etag
            await send(message)

        chosen = self.packing if accepts_gzip(Headers(scope=scope).get("accept-encoding", "")) else self.plain
        await chosen(scope, receive, send_variant)


def accepts_gzip(accepted: str) -> bool:
    """Accept-Encoding names gzip itself, and not with a weight of zero (RFC 9110, 12.5.3)."""
    for item in accepted.lower().split(","):
        coding, _, weight = item.partition(";")
        if coding.strip() == "gzip":
            return weight.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False
