"""What a text (a name, a phone, an address) must be, and its one normal form: for loads, bodies and filters alike.

The normal form is what is stored and compared, so that what looks the same is the same: Unicode's NFC, every run of
white space one blank, no marks without a width, no blanks at the ends.
"""

import re
import unicodedata

INVISIBLE = (
    r"\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    r"\ufdd0-\ufdef\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff"
)
"""Unicode's Default_Ignorable_Code_Point: zero-width blanks and joiners, byte order and bidi marks; beside them the
marks of interlinear notes, and what is no character at all (U+FFFE)."""

TAGS = r"\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff" + "".join(
    rf"\U{plane:04x}fffe\U{plane:04x}ffff" for plane in range(1, 17)
)
"""As INVISIBLE, beyond U+FFFF."""

BLANK = r"\t\n\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\u2800"
"""Unicode's White_Space (of its control characters only tab and line ends), and the braille pattern without a dot."""

MARKS = r"\u0300-\u036f"
"""Accents and the like that stand behind their letter. (Most letters are one character with theirs.)"""

NUL = r"\x00"
"""PostgreSQL stores no text with it."""

OTHER_CONTROLS = r"\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f"
"""Control characters but tab and line ends: a vertical tab, an escape."""

REPLACEMENT = r"\ufffd"
"""What a byte that its encoding does not have became."""

FORBIDDEN = f"{NUL}{OTHER_CONTROLS}{REPLACEMENT}"
"""What no text may hold. These are parts of character classes, and mean the same to Python, to polars and to readers
of the OpenAPI document (by http.field_types.escaped)."""

NOTHING_AS_WRITTEN = ("NULL", "null", "NaN", "nan", "None", "NA")
"""Exactly so, as machines write it: Null and Nan are names."""

NOTHING_IN_ANY_CASE = (r"\N", "#N/A", "#N/D", "#N/DISP", "N/A", "N/D", "<NA>", "(null)")

SPREADSHEET_ERRORS = (
    *("#VALUE!", "#REF!", "#DIV/0!", "#NUM!", "#NAME?", "#NULL!", "#SPILL!", "#CALC!"),
    *("#VALOR!", "#NÚM!", "#NOME?", "#NULO!", "#DESPEJAR!", "#GETTING_DATA"),
)
"""A cell that could not be computed, in English and in Portuguese: no value either, in any case."""

FORM_OF_ERRORS = "#[A-ZÀ-ÖØ-Þ][A-ZÀ-ÖØ-Þ0-9_/]{0,29}[!?]|Erro?:5[0-9]{2}"
"""Others (new ones, of other languages, LibreOffice's) have this form, in capitals. Means the same to polars."""

DASHES = r"\-\u2010-\u2015\u2212"
"""One to three of them stand for nothing."""

_invisible = re.compile(f"[{INVISIBLE}{TAGS}]")
_blanks = re.compile(f"[{BLANK}]+")
_forbidden = re.compile(f"[{FORBIDDEN}\ud800-\udfff]")  # a lone surrogate is no character at all
_dashes = re.compile(f"[{DASHES}]{{0,3}}")
_form_of_errors = re.compile(FORM_OF_ERRORS)
_known_errors = frozenset(text.lower() for text in SPREADSHEET_ERRORS)
_no_value = frozenset(text.lower() for text in NOTHING_IN_ANY_CASE)


def normal_text(text: str) -> str:
    """The text's normal form."""
    if text.isascii() and text.isprintable() and "  " not in text:
        return text.strip(" ")
    visible = _blanks.sub(" ", _invisible.sub("", text))
    return unicodedata.normalize("NFC", visible).strip(" ")


def stands_for_nothing(text: str) -> bool:
    """True for a text (in its normal form) by which some program says that there is no value."""
    return (
        bool(_dashes.fullmatch(text))
        or text in NOTHING_AS_WRITTEN
        or text.lower() in _no_value
        or is_spreadsheet_error(text)
    )


def is_spreadsheet_error(text: str) -> bool:
    """True for a text (in its normal form) that a spreadsheet shows where a cell could not be computed."""
    return text.lower() in _known_errors or bool(_form_of_errors.fullmatch(text))


def fault_of_text(text: str, longest: int) -> str | None:
    """In words, why a text in its normal form cannot be stored; None where it can."""
    if not text:
        return "is empty, or has nothing to be seen in it"
    if found := _forbidden.search(text):
        return f"has a character that no text may have: U+{ord(found[0]):04X}, at place {found.start() + 1}"
    if len(text) > longest:
        return f"is longer than {longest} characters"
    if stands_for_nothing(text):
        return "is a text that stands for no value"
    return None


def email_key(email: str) -> str:
    """By which addresses are compared: without regard to the case of A to Z, as PostgreSQL's lower() of a C text."""
    return email.lower() if email.isascii() else re.sub("[A-Z]+", lambda found: found[0].lower(), email)


def shortened(text: str, most: int) -> str:
    """Its first characters; `…` says that there are more."""
    return text if len(text) <= most else f"{text[:most]}…"


def printable(text: str) -> str:
    return "".join(c if c.isprintable() else "\ufffd" for c in text)
