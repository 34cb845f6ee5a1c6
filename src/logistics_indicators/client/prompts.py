"""Asks a person; without a terminal it says instead where the answer can be given."""

import os
import sys
from collections.abc import Callable

import typer

from .connecting import ServiceError


def ask_for(what: str, instead: str) -> str:
    if not sys.stdin.isatty():
        raise ServiceError(f"There is no terminal to ask for the {what.lower()}. Give it by {instead}.")
    return _answer(lambda: typer.prompt(what))


def ask_secret(what: str, instead: str, *, twice: bool = False) -> str:
    """Not shown while it is typed."""
    if not _has_terminal():
        raise ServiceError(f"There is no terminal to ask for the {what[0].lower()}{what[1:]}. Give it by {instead}.")
    return _answer(lambda: typer.prompt(what, hide_input=True, confirmation_prompt=twice))


def _answer(ask: Callable[[], str]) -> str:
    try:
        return ask()
    except typer.Abort:
        raise ServiceError("Nothing was answered.") from None


def _has_terminal() -> bool:
    """Passwords are asked there even where the standard input is a file."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return sys.stdin.isatty()
    return True
