"""structlog as JSON lines on standard output; the standard library's loggers join it."""

import contextlib
import logging
import sys
from typing import Literal

import structlog

from ..tracing import with_trace_id

Stream = Literal["stdout", "stderr"]


class _Output:
    """As the stream is at the moment. If its reader has gone away, the line is lost, but not the request that it tells
    of."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError):
            return int(getattr(sys, self._stream).write(text))
        return 0

    def flush(self) -> None:
        with contextlib.suppress(OSError):
            getattr(sys, self._stream).flush()


def configure_logs_of_command() -> None:
    """Faults alone, and not where the command's answer goes."""
    configure_logs("error", "stderr")


def configure_logs(level: str, stream: Stream = "stdout") -> None:
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        with_trace_id,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer(ensure_ascii=False)],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.WriteLoggerFactory(_Output(stream)),  # type: ignore[arg-type]
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(_Output(stream))
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
            foreign_pre_chain=shared,
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in ("uvicorn", "uvicorn.error"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
    logging.getLogger("uvicorn.access").disabled = True  # AccessLog writes the line, with the route's template
    logging.getLogger("alembic").setLevel("WARNING")
