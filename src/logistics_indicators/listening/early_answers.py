"""Answers of the protocol itself, to what never became a request: the one error shape, a request id, a log line."""

import uuid
from collections.abc import Iterable
from http import HTTPStatus

import structlog

from ..errors import problem_response
from ..http.security_headers import ALWAYS, DATA_POLICY
from ..monitoring.access_log import SANE_REQUEST_ID

log = structlog.get_logger()

RETRY_AFTER = {HTTPStatus.SERVICE_UNAVAILABLE: {"Retry-After": "5"}}


def early_answer(status: HTTPStatus, detail: str, headers: Iterable[tuple[bytes, bytes]] = ()) -> bytes:
    """The bytes of the answer, after which the connection closes. `headers` are what was read of the request's."""
    request_id = _request_id(headers)
    more = ALWAYS | {
        "Content-Security-Policy": DATA_POLICY,
        "Cache-Control": "no-store",
        "X-Request-ID": request_id,
        "Connection": "close",
    }
    answer = problem_response(status, detail, headers=more | RETRY_AFTER.get(status, {}))
    log.info("request", method=None, route="unmatched", status=int(status), detail=detail, request_id=request_id)
    lines = [b"%s: %s\r\n" % header for header in answer.raw_headers]
    return b"HTTP/1.1 %d %s\r\n%s\r\n%s" % (status, status.phrase.encode(), b"".join(lines), bytes(answer.body))


def _request_id(headers: Iterable[tuple[bytes, bytes]]) -> str:
    asked = next((value.decode("latin-1") for name, value in headers if name == b"x-request-id"), "")
    return asked if SANE_REQUEST_ID.fullmatch(asked) else uuid.uuid4().hex
