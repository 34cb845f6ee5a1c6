"""Asks a person; without a terminal it says instead where the answer can be given."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import typer

from .connecting import ServiceError


def ask_for(what: str, instead: str) -> str:
    if not sys.stdin.isatty():
        raise ServiceError(f"There is no terminal to ask for the {what.lower()}. Give it by {instead}.")
    return _answer(lambda: str(typer.prompt(what)))


def ask_secret(what: str, instead: str, *, twice: bool = False) -> str:
    """Not shown while it is typed."""
    if not _has_terminal():
        raise ServiceError(f"There is no terminal to ask for the {what[0].lower()}{what[1:]}. Give it by {instead}.")
    return _answer(lambda: str(typer.prompt(what, hide_input=True, confirmation_prompt=twice)))


def confirmed(question: str) -> bool:
    """Without a terminal nobody is asked, and nothing is in the way."""
    return not sys.stdin.isatty() or _answer(lambda: typer.confirm(question))


Answer = TypeVar("Answer")


def _answer(ask: Callable[[], Answer]) -> Answer:
    try:
        with at_once_interruptible():
            return ask()
    except typer.Abort as abort:
        if isinstance(abort.__context__, KeyboardInterrupt):
            raise KeyboardInterrupt from None
        raise ServiceError("Nothing was answered.") from None


@contextmanager
def at_once_interruptible() -> Iterator[None]:
    """A running loop waits with Ctrl-C until it is its turn, which it is when there is an answer (or a reader)."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _has_terminal() -> bool:
    """Passwords are asked there even where the standard input is a file."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return sys.stdin.isatty()
    return True
