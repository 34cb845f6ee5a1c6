"""A span for each request, in the trace of whoever sent it. Stacked up only where there are traces."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..tracing import request_span
from .access_log import route_template
from .request_metrics import METHODS


class RequestSpans:
    """ASGI middleware, outside of AccessLog, so that its line names the trace.

    Of our own: FastAPI's spans, and those of opentelemetry-instrumentation-asgi, hold paths and queries, which are what
    people ask for.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status = 0

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
            await send(message)

        method = scope["method"] if scope["method"] in METHODS else "_OTHER"
        headers = Headers(scope=scope)
        with request_span(method, headers.get("traceparent")) as span:
            try:
                await self.app(scope, receive, send_and_note)
            finally:
                request_id = scope.get("state", {}).get("request_id")
                ours = request_id if request_id != headers.get("x-request-id") else None
                span.answered(method, route_template(scope), status or 500, ours)
