"""Makes texts of files and services safe to print in a terminal."""

from ..texts import printable


def inert(text: object) -> str:
    """One line, in which nothing moves the cursor, changes the order of the signs, or cannot be written."""
    return printable(" ".join(str(text).split()))
