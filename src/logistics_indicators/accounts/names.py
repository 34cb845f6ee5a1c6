"""Usernames: what a new one may be, and the forms by which two are the same or look the same.

Computed here and nowhere else: PostgreSQL lowers letters by other tables than Python does.
"""

import re
import unicodedata

LONGEST_NAME = 64

WITHOUT_ACCENT = str.maketrans(
    {"æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "ł": "l", "þ": "th", "ŋ": "n", "ŧ": "t"}
)
"""Latin letters that are no ASCII letter with marks, as one reads them. (ß is ss by its case folding.)"""

LOOKALIKES = str.maketrans({"I": "l", "1": "l", "0": "o", "O": "o"})
"""ASCII characters that many fonts draw alike; rn, which looks like m, is the one pair."""

PLAIN_NAME = re.compile(r"[a-z0-9.@+_-]([a-z0-9.@+_ -]*[a-z0-9.@+_-])?", re.ASCII)


NOT_PLAIN = "takes Latin letters, with or without accents, digits and . @ + - _; blanks inside"


def display_form(name: str) -> str:
    """A name as it is stored and shown: NFKC, so that one name has one spelling."""
    return unicodedata.normalize("NFKC", name)


def composed(name: str) -> str:
    """A name as it was typed, but for how its accents are spelt; accounts of earlier versions are stored like this."""
    return unicodedata.normalize("NFC", name)


def name_key(name: str) -> str:
    """The form by which a name is unique and found: without case, without accents."""
    return _without_marks(display_form(name).casefold())


def name_skeleton(name: str) -> str:
    """Names with the same skeleton look alike. Unlike the key it tells I from i, which nobody takes for an l."""
    return _without_marks(display_form(name).translate(LOOKALIKES).casefold()).replace("rn", "m")


def _without_marks(text: str) -> str:
    apart = unicodedata.normalize("NFKD", text)
    return "".join(character for character in apart if not unicodedata.combining(character)).translate(WITHOUT_ACCENT)


def require_plain_name(name: str) -> str:
    """The display form of a new account's name; raises ValueError.

    A name is plain where its key is ASCII: Latin letters with or without accents, digits and a few signs. So there is
    no second script to mix in, nothing invisible (joiners, marks of direction, controls), and no mark on its own.
    """
    shown = display_form(name)
    if len(shown) > LONGEST_NAME:
        raise ValueError(f"has more than {LONGEST_NAME} characters")
    if any(unicodedata.combining(character) for character in shown):
        raise ValueError("has marks that belong to no letter")
    if not PLAIN_NAME.fullmatch(name_key(shown)):
        raise ValueError(NOT_PLAIN)
    return shown
