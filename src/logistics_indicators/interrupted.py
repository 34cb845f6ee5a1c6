"""How a command ends that is interrupted: by Ctrl-C, by SIGTERM, or by the end of its terminal."""

from collections.abc import Iterator
from contextlib import contextmanager

EXIT_CODE = 130
"""Which shells have for Ctrl-C: 128 and the signal's number."""

SAID = "Interrupted."


@contextmanager
def ended_as_by_ctrl_c() -> Iterator[None]:
    """While the block runs, SIGTERM and SIGHUP end it as Ctrl-C does: what it started is stopped, and nothing is left
    behind. Whoever has a handler of their own, or ignores them (nohup), keeps that."""
    import signal
    import threading

    numbers = [n for n in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(n) is signal.SIG_DFL]
    if threading.current_thread() is not threading.main_thread():
        numbers = []
    for number in numbers:
        signal.signal(number, as_ctrl_c)
    try:
        yield
    finally:
        for number in numbers:
            if signal.getsignal(number) is as_ctrl_c:
                signal.signal(number, signal.SIG_DFL)


def as_ctrl_c(_: int, frame: object) -> None:
    """A signal's handler. A shell lets what it starts in the background ignore Ctrl-C, but this is none."""
    import signal

    handler = signal.getsignal(signal.SIGINT)
    if not callable(handler):
        raise KeyboardInterrupt
    handler(signal.SIGINT, frame)  # type: ignore[arg-type]
