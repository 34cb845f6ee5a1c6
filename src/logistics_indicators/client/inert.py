"""Texts of files and services in a terminal: they say what they say, and do nothing."""

from ..loads.headers import printable


def inert(text: object) -> str:
    """One line, in which nothing moves the cursor, changes the order of the signs, or cannot be written."""
    return printable(" ".join(str(text).split()))
