"""Texts that are alike but for case and accents, as a regular expression of PostgreSQL (and of Python).

Each letter stands for all that are it with or without marks, in either case; all else stands for itself. So a filter
needs no second, plain copy of a column, and none is kept up.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import cache

from ..texts import MARKS

ANY_MARKS = f"[{MARKS}]*"
"""Those that make no single character with theirs stand behind it."""

LAST_WITH_MARKS = 0x2000
"""Letters with marks (Latin, Greek, Cyrillic) are below."""


MARK = re.compile(f"[{MARKS}]")


def is_mark(character: str) -> bool:
    return MARK.fullmatch(character) is not None


def alike(text: str) -> str:
    """The expression for a text in its normal form (see texts.py)."""
    return "".join(_expression(character) for character in text if not is_mark(character))


@cache
def _expression(character: str) -> str:
    letter = _without_marks(character)
    if not letter.isalpha():
        return (f"\\{letter}" if letter.isascii() and not letter.isalnum() else letter) + ANY_MARKS
    spellings = _in_each_case(letter)
    marked = {one for spelling in spellings for one in _with_marks().get(spelling, ())}
    return f"[{''.join(sorted(spellings | marked))}]{ANY_MARKS}"


def _without_marks(character: str) -> str:
    apart = unicodedata.normalize("NFD", character)
    return apart[0] if all(is_mark(mark) for mark in apart[1:]) else character


def _in_each_case(letter: str) -> set[str]:
    return _single({letter, letter.lower(), letter.upper(), letter.upper().lower()})


def _single(texts: Iterable[str]) -> set[str]:
    """`ß` is two letters in upper case; it is itself alone."""
    return {text for text in texts if len(text) == 1}


@cache
def _with_marks() -> Mapping[str, set[str]]:
    """By letter, the characters that are it with marks, in the normal form."""
    found: dict[str, set[str]] = {}
    for number in range(0xC0, LAST_WITH_MARKS):
        character = chr(number)
        letter = _without_marks(character)
        if letter != character == unicodedata.normalize("NFC", character):
            found.setdefault(letter, set()).add(character)
    return found
