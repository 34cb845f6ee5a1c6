"""Request ids, one JSON log line per request, and the last net under every exception."""

import logging
import re
import time
import uuid

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..http.error_answers import unexpected_problem
from .request_metrics import RequestMetrics

log = structlog.get_logger()

SANE_REQUEST_ID = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}")


def route_template(scope: Scope) -> str:
    """The route's path with its parameters' names; never the path that was asked, which has no bound."""
    route = scope.get("route")
    return getattr(route, "path", None) or "unmatched"


class AccessLog:
    """ASGI middleware. Sets `request.state.request_id`; answers with X-Request-ID; counts the request."""

    def __init__(self, app: ASGIApp, metrics: RequestMetrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        asked = Headers(scope=scope).get("x-request-id", "")
        request_id = asked if SANE_REQUEST_ID.fullmatch(asked) else uuid.uuid4().hex
        state = scope.setdefault("state", {})
        state["request_id"] = request_id
        status = 0
        started = time.perf_counter()

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])  # an HTTPStatus would not be logged as a number
                MutableHeaders(scope=message)["X-Request-ID"] = request_id
            await send(message)

        failure: Exception | None = None
        level = logging.INFO
        try:
            await self.app(scope, receive, send_with_id)
        except Exception as error:
            failure = error
            if not status:  # Starlette would answer from outside of us, without an id or any other header
                await unexpected_problem(request_id)(scope, receive, send_with_id)
        except BaseException:  # the process ends: whoever ended it knows
            level = logging.WARNING
            raise
        finally:
            seconds, status = time.perf_counter() - started, status or 500
            if level == logging.INFO and (failure or status >= 500):
                level = logging.ERROR
            self.metrics.count_request(scope["method"], route_template(scope), status, seconds)
            log.log(
                level,
                "request",
                method=scope["method"],
                route=route_template(scope),
                status=status,
                duration_ms=round(seconds * 1000, 3),
                request_id=request_id,
                user=state.get("username"),
                exc_info=failure,
            )
