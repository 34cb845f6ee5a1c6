"""What tus 1.0 (tus.io/protocols/resumable-upload) says of headers and answers."""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from http import HTTPStatus
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ...errors import BadRequest, Problem
from ...http.request_limits import path_within

UPLOADS_PATH = "/v1/uploads"
VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,termination,expiration,checksum"
ALGORITHMS = ("sha256", "sha1")
CONTENT_TYPE = "application/offset+octet-stream"
REQUEST_HEADERS = (
    *("Tus-Resumable", "Upload-Checksum", "Upload-Length", "Upload-Metadata", "Upload-Offset"),
    "X-HTTP-Method-Override",
)
RESPONSE_HEADERS = (
    *("Tus-Checksum-Algorithm", "Tus-Extension", "Tus-Max-Size", "Tus-Resumable", "Tus-Version"),
    *("Upload-Expires", "Upload-Length", "Upload-Metadata", "Upload-Offset"),
)
"""What pages of other origins may send and see (CORS)."""

OVERRIDABLE = ("PATCH", "DELETE")
"""Not HEAD: to who waits for the answer of a POST, its body would be missing."""


class OtherVersion(Problem):
    status = HTTPStatus.PRECONDITION_FAILED
    headers = {"Tus-Version": VERSION}

    def __init__(self) -> None:
        super().__init__(f"Uploads here speak tus {VERSION}; say so with the header Tus-Resumable: {VERSION}.")


class Locked(Problem):
    status = HTTPStatus.LOCKED
    headers = {"Retry-After": "1"}

    def __init__(self) -> None:
        super().__init__("Another request is writing to this upload. Ask for its offset in a moment, and go on there.")


class ChecksumMismatch(Problem):
    status = 460

    def __init__(self) -> None:
        super().__init__("The bytes do not have the checksum of the header. None of this request was kept: send again.")


@dataclass(frozen=True)
class Checksum:
    """Of one request's bytes."""

    algorithm: str
    digest: bytes

    @classmethod
    def of_header(cls, header: str | None) -> "Checksum | None":
        """Raises BadRequest for one that is not `algorithm base64`, or of another algorithm."""
        if header is None:
            return None
        algorithm, _, encoded = header.partition(" ")
        if algorithm not in ALGORITHMS:
            raise BadRequest(f"Upload-Checksum takes {' and '.join(ALGORITHMS)}.")
        try:
            digest = base64.b64decode(encoded.strip(), validate=True)
            if not digest:
                raise ValueError
        except (binascii.Error, ValueError):
            raise BadRequest("Upload-Checksum is the algorithm, a blank, and the checksum in base64.") from None
        return cls(algorithm, digest)

    def hasher(self) -> Any:
        return hashlib.new(self.algorithm, usedforsecurity=False)

    def fits(self, hasher: Any) -> bool:
        return hmac.compare_digest(self.digest, hasher.digest())


def http_date(moment: datetime) -> str:
    """Of a time in UTC, as Upload-Expires has it."""
    return format_datetime(moment.replace(tzinfo=UTC), usegmt=True)


class TusRequests:
    """ASGI middleware: every answer below /v1/uploads names the version, and X-HTTP-Method-Override is the method.

    The override is for clients whose network knows no PATCH. It counts from here on, so that who asks is settled for
    the method that is meant.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not is_upload_path(path_within(scope)):
            await self.app(scope, receive, send)
            return

        async def send_with_version(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["Tus-Resumable"] = VERSION
            await send(message)

        override = Headers(scope=scope).get("x-http-method-override", "").upper()
        if scope["method"] == "POST" and override in OVERRIDABLE:
            scope["method"] = override
        await self.app(scope, receive, send_with_version)


def is_upload_path(path: str) -> bool:
    return path == UPLOADS_PATH or path.startswith(UPLOADS_PATH + "/")
