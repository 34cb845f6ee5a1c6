"""An end in two steps, so that whoever sends requests here can see it coming."""

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import Any

import structlog

from ..interrupted import as_ctrl_c

log = structlog.get_logger()

ENDS = signal.SIGTERM, signal.SIGINT
Handlers = Mapping[signal.Signals, Callable[[int, FrameType | None], Any]]


@contextmanager
def told_before_the_end(begin: Callable[[], None], end: Callable[[], None], seconds: float) -> Iterator[None]:
    """While the block runs, SIGTERM calls `begin`, so many seconds later `end`, and then whoever handled it before.

    Ctrl-C, or a second signal, does not wait. Where SIGTERM is to end a command, nothing changes.
    """
    before = {number: signal.getsignal(number) for number in ENDS}
    if threading.current_thread() is not threading.main_thread() or _is_of_a_command(before[signal.SIGTERM]):
        yield
        return
    steps = _Steps(begin, end, seconds, {number: handler for number, handler in before.items() if callable(handler)})
    for number in steps.handlers:
        signal.signal(number, steps.told)
    try:
        yield
    finally:
        for number, handler in steps.handlers.items():
            signal.signal(number, handler)


def _is_of_a_command(handler: Any) -> bool:
    return not callable(handler) or handler is as_ctrl_c


class _Steps:
    def __init__(self, begin: Callable[[], None], end: Callable[[], None], seconds: float, handlers: Handlers) -> None:
        self._begin, self._end, self._seconds = begin, end, seconds
        self.handlers = handlers
        self._loop = asyncio.get_running_loop()
        self._begun = False

    def told(self, number: int, _: FrameType | None) -> None:
        """Called between any two steps of the program: what it does must not happen in the middle of something else."""
        self._loop.call_soon_threadsafe(self._first_step, signal.Signals(number))

    def _first_step(self, number: signal.Signals) -> None:
        waits = number == signal.SIGTERM and not self._begun
        self._begun = True
        self._begin()
        if waits and self._seconds:
            log.info("draining", seconds=self._seconds)
            self._loop.call_later(self._seconds, self._last_step, number)
        else:
            self._last_step(number)

    def _last_step(self, number: signal.Signals) -> None:
        self._end()
        self.handlers[number](number, None)
