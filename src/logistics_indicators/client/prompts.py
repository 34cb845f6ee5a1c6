"""Asks a person; without a terminal it says instead where the answer can be given."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
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


def may_write(file: Path, *, force: bool) -> str:
    """What to say behind it where the file is there already. A person is asked, a script is not.

    Raises ServiceError where it shall stay.
    """
    if not file.is_file():
        return ""
    if not force and sys.stdin.isatty() and not _answer(lambda: typer.confirm(f"{file} is there. Write over it?")):
        raise ServiceError(f"{file} stays as it is. Name another file, or say --force.")
    return ", in the place of what was there"


Answer = TypeVar("Answer")


def _answer(ask: Callable[[], Answer]) -> Answer:
    try:
        with _at_once_interruptible():
            return ask()
    except typer.Abort as abort:
        if isinstance(abort.__context__, KeyboardInterrupt):
            raise KeyboardInterrupt from None
        raise ServiceError("Nothing was answered.") from None


@contextmanager
def _at_once_interruptible() -> Iterator[None]:
    """A running loop waits with Ctrl-C until it is its turn, which it is when there is an answer."""
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
