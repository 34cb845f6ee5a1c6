"""OpenTelemetry traces, where the extra `otel` is installed and the standard variables say where they go; else nothing.

A span says which route, which load and how much of it. Never what somebody sent: no path, query, row, file name or
value of a statement; and of an error its kind alone, since its sentence may quote a row. The log says nothing
in the SDK's words either: they quote headers and URLs of the collector, which hold secrets.
"""

import asyncio
import logging
import os
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from threading import Thread
from typing import TYPE_CHECKING, Any

import structlog
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, StatusCode, Tracer, get_current_span, use_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from . import __version__

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

log = structlog.get_logger()

NAME = "logistics-indicators"
ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
LOGGERS = ("opentelemetry", "urllib3")
"""The SDK's, and of what it sends with."""

QUIET_SECONDS = 300
"""A collector that is away is told of by each batch."""

LAST_SECONDS = 5.0
"""At the end, time for the spans that were not sent yet."""

TRACE_CONTEXT = TraceContextTextMapPropagator()

_provider: "TracerProvider | None" = None
_tracer: Tracer | None = None
"""Of the process, as its logs are: set once, by whoever starts it."""


def configure_traces() -> None:
    if not _are_asked_for():
        return
    _let_no_words_through()
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import OTELResourceDetector, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        log.warning("traces_not_installed", extra="otel")
        return
    global _provider, _tracer
    try:
        ours = Resource.create({"service.name": NAME, "service.version": __version__})
        provider = TracerProvider(resource=ours.merge(OTELResourceDetector().detect()), shutdown_on_exit=False)
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    except (ValueError, RuntimeError, ImportError, OSError) as error:
        variables = sorted(name for name in os.environ if name.startswith("OTEL_"))
        log.warning("traces_not_configured", reason=type(error).__name__, variables=variables)
        return
    _provider, _tracer = provider, provider.get_tracer(NAME, __version__)


def _are_asked_for() -> bool:
    """The SDK alone would send to this machine's port 4318 wherever nothing is said."""
    if os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    exporter = os.environ.get("OTEL_TRACES_EXPORTER", "").strip()
    return exporter == "otlp" or (not exporter and any(os.environ.get(name) for name in ENDPOINTS))


class _NoWords(logging.Handler):
    """Tells that a logger had something to say, and once in QUIET_SECONDS."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._told: dict[tuple[str, bool], float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        which = record.name, record.levelno >= logging.ERROR
        now = time.monotonic()
        if now - self._told.get(which, -QUIET_SECONDS) < QUIET_SECONDS:
            return
        self._told[which] = now
        if record.levelno >= logging.ERROR:
            log.error("traces_troubled", logger=record.name)
        else:
            log.warning("traces_troubled", logger=record.name)


def _let_no_words_through() -> None:
    handler = _NoWords()
    for name in LOGGERS:
        logger = logging.getLogger(name)
        logger.handlers[:] = [handler]
        logger.propagate = False


def traces_are_on() -> bool:
    return _tracer is not None


async def send_the_last_spans() -> None:
    """Where the collector is away, they are lost, and the end waits no longer for them."""
    if _provider is None:
        return
    sending = Thread(target=_provider.shutdown, name="last-spans", daemon=True)
    sending.start()
    await asyncio.to_thread(sending.join, LAST_SECONDS)
    if sending.is_alive():
        log.warning("last_spans_not_sent")


def with_trace_id(_: Any, __: str, event: Any) -> Any:
    """structlog's processor: a line that is written within a span names its trace."""
    if _tracer is not None and (span := get_current_span()).is_recording():
        event["trace_id"] = f"{span.get_span_context().trace_id:032x}"
    return event


def current_traceparent() -> str | None:
    """For work that is done later, in any process: 55 characters, as W3C Trace Context writes them."""
    carrier: dict[str, str] = {}
    if _tracer is not None:
        TRACE_CONTEXT.inject(carrier)
    return carrier.get("traceparent")


def _begun(tracer: Tracer, name: str, kind: SpanKind, traceparent: str | None, attributes: "Attributes") -> Span:
    """In the trace of `traceparent`; a malformed one, or none, begins a trace of our own."""
    return tracer.start_span(name, _context_of(traceparent), kind, attributes)


def _context_of(traceparent: str | None) -> Context:
    return TRACE_CONTEXT.extract({"traceparent": traceparent or ""})


@contextmanager
def _current(span: Span) -> Iterator[None]:
    with use_span(span, end_on_exit=True, record_exception=False, set_status_on_exception=False):
        yield


class RequestSpan:
    """A request that is answered; it has its name once its route is known."""

    def __init__(self, span: Span) -> None:
        self._span = span

    def answered(self, method: str, route: str, status: int, request_id: str | None) -> None:
        self._span.update_name(f"{method} {route}")
        self._span.set_attributes({"http.route": route, "http.response.status_code": status})
        if request_id is not None:
            self._span.set_attribute("request.id", request_id)
        if status >= 500:
            _failed(self._span, str(status))


@contextmanager
def request_span(method: str, traceparent: str | None) -> Iterator[RequestSpan]:
    """Only where traces_are_on. traceparent: the client's, if it sent one."""
    assert _tracer is not None
    span = _begun(_tracer, method, SpanKind.SERVER, traceparent, {"http.request.method": method})
    with _current(span):
        yield RequestSpan(span)


Attributes = dict[str, str | int]


class Work:
    """A step of a load: a span for all of it once it has begun, and within it one for each stage, which ends with the
    next, or with the step. Nothing at all where there are no traces, or the load came without one."""

    def __init__(self) -> None:
        self._open = ExitStack()
        self._stage = ExitStack()
        self._spans: list[Span] = []
        """That are open: the step's, and the stage's."""

    def begin(self, name: str, load: Any, *, follows: Iterable[str] = (), **attributes: str | int) -> None:
        """`load`: LOAD_COLUMNS. Its traceparent is of the request that it came with; `follows`: those of requests that
        the step came of as well, to which its span is linked."""
        links = [get_current_span(_context_of(each)).get_span_context() for each in follows]
        if _tracer is None or (load["traceparent"] is None and not links):
            return
        named: Attributes = {"load.id": load["id"], "load.kind": load["kind"], "load.stage": load["stage"]}
        span = _begun(_tracer, name, SpanKind.CONSUMER, load["traceparent"], named)
        for link in links:
            span.add_link(link)
        self._enter(self._open, span)
        self.note(**attributes)

    def stage(self, name: str) -> None:
        if _tracer is not None and self._spans:
            self._end_stage()
            self._enter(self._stage, _tracer.start_span(name))

    def note(self, **attributes: str | int) -> None:
        """Of the step."""
        for span in self._spans[:1]:
            span.set_attributes({f"load.{name}": value for name, value in attributes.items()})

    def _enter(self, stack: ExitStack, span: Span) -> None:
        stack.enter_context(_current(span))
        self._spans.append(span)

    def _end_stage(self) -> None:
        self._stage.close()
        del self._spans[1:]

    def __enter__(self) -> "Work":
        return self

    def __exit__(self, error_type: type[BaseException] | None, *_: object) -> None:
        if error_type is not None:
            for span in self._spans:
                _failed(span, error_type.__name__)
        self._end_stage()
        self._open.close()


def _failed(span: Span, kind: str) -> None:
    span.set_attribute("error.type", kind)
    span.set_status(StatusCode.ERROR)


@asynccontextmanager
async def traced_transaction(connection: Any) -> AsyncIterator[Work]:
    """A transaction that is a step of a load, once its block says of which; its commit is the last stage."""
    with Work() as work:
        async with connection.transaction():
            yield work
            work.stage("commit")
