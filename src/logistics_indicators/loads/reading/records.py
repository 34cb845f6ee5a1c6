"""Records of CSV as the reading process writes them: one line each, so that a line's number is that of its row."""

import re
from collections.abc import Iterable

DELIMITER = ";"
LINE_ENDS = re.compile(r"[\r\n]+")
QUOTED = re.compile(f'[{DELIMITER}"]')

MOST_FIELDS = 502
"""A file has up to 500 columns: of more, enough are written to be refused."""


def cell(text: str) -> str:
    """Line ends are blanks: a text's blanks of any kind are one in the table anyway."""
    if "\n" in text or "\r" in text:
        text = LINE_ENDS.sub(" ", text)
    if QUOTED.search(text):
        return '"' + text.replace('"', '""') + '"'
    return text


def number(value: float) -> str:
    """A whole one without its point: 123.0 is 123."""
    if value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return repr(value)


def record(texts: Iterable[str]) -> bytes:
    """With its line end. Half a character (a lone surrogate) becomes bytes that are no UTF-8, and costs its row."""
    return (DELIMITER.join(map(cell, texts)) + "\n").encode("utf-8", "surrogatepass")
