"""Records of CSV as the reading process writes them: one line each, so that a line's number is that of its row."""

import re
from collections.abc import Iterable
from decimal import Decimal, DecimalException

DELIMITER = ";"
LINE_ENDS = re.compile(r"[\r\n]+")
QUOTED = re.compile(f'[{DELIMITER}"]')

MOST_ZEROS = 20
"""A number with an exponent is written out up to so many digits before its point: no id has more."""

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


def plain_number(digits: str) -> str:
    """Of JSON's digits, which stay as they were sent; a whole number without its point: 2.0 is 2, and 1e3 is 1000."""
    if "e" in digits or "E" in digits:
        return _without_exponent(digits)
    whole, _, fraction = digits.partition(".")
    if fraction.strip("0"):
        return digits
    return "0" if whole == "-0" else whole


def _without_exponent(digits: str) -> str:
    """Only of a whole number, and of no length that the exponent alone makes."""
    try:
        value = Decimal(digits)
    except DecimalException:  # an exponent that no number has
        return digits
    if not value:
        return "0"
    written = f"{value:f}" if 0 <= value.adjusted() < MOST_ZEROS else "."
    whole, _, fraction = written.partition(".")
    return digits if fraction.strip("0") or not whole else whole


def record(texts: Iterable[str]) -> bytes:
    """With its line end. Half a character (a lone surrogate) becomes bytes that are no UTF-8, and costs its row."""
    return (DELIMITER.join(map(cell, texts)) + "\n").encode("utf-8", "surrogatepass")
