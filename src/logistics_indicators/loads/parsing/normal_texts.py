"""texts.py's rules for whole columns: the normal form, and what stands for nothing. What is not odd costs little."""

import numpy as np
import numpy.typing as npt
import polars as pl

from ...texts import (
    BLANK,
    DASHES,
    FORM_OF_ERRORS,
    INVISIBLE,
    NOTHING_AS_WRITTEN,
    NOTHING_IN_ANY_CASE,
    SPREADSHEET_ERRORS,
    TAGS,
)

ODD = rf"  |[\t\n\r\x80-\xa0\xad]|[\u0300-\U0010ffff]|^[{BLANK}]|[{BLANK}]$"
"""Finds every text that is not in its normal form, and some that are. (All text below U+0300 is in NFC.)"""

FIRST_ODD_BYTE = 0xCC
"""UTF-8 of U+0300 begins with it; that of U+0080 to U+00BF with C2."""

INVISIBLE_CHARACTER = f"[{INVISIBLE}{TAGS}]"
BLANKS = f"[{BLANK}]+"

TWO_BLANKS = int.from_bytes(b"  ")

ERROR_MARK = "#"
"""Begins every longer text that stands for nothing, and few others."""

LONGEST_NOTHING = 9
"""Bytes of the others: three dashes have as many."""

Spellings = dict[str, dict[str, str]]
"""{column: {as it was spelled: in the normal form}}, of names that figures are grouped by; also where these are alike.
"""

MOST_SPELLINGS, LONGEST_SPELLING = 1000, 1000
"""So many spellings of a column are remembered that are in the normal form, and so many that are not; none of more
bytes."""


def _any_of(texts: tuple[str, ...]) -> str:
    escaped = (text.replace("\\", "\\\\").replace("(", r"\(").replace(")", r"\)").replace("?", r"\?") for text in texts)
    return "|".join(escaped)


DASHED = f"[{DASHES}]{{0,3}}"
NOTHING = f"^(?:{DASHED}|{_any_of(NOTHING_AS_WRITTEN)}|(?i:{_any_of(NOTHING_IN_ANY_CASE)}))$"
COMPUTED = (*NOTHING_IN_ANY_CASE, *SPREADSHEET_ERRORS)
NO_VALUE = f"^(?:{DASHED}|{_any_of(NOTHING_AS_WRITTEN)}|{FORM_OF_ERRORS}|(?i:{_any_of(COMPUTED)}))$"


def may_hold_odd_texts(body: bytes) -> bool:
    """False only where every field, once trimmed, is in its normal form. `body` is plain lines."""
    octets = np.frombuffer(body, np.uint8)
    if b"\t" in body or _has_blanks(octets) or _has_blanks(octets[1:]):
        return True
    return not body.isascii() and (b"\xc2" in body or int(octets.max()) >= FIRST_ODD_BYTE)


def _has_blanks(octets: npt.NDArray[np.uint8]) -> bool:
    """True where the first and the second, the third and the fourth, and so on, are blanks both."""
    return bool((octets[: len(octets) // 2 * 2].view(np.uint16) == TWO_BLANKS).any())


def normal_texts(texts: pl.Series) -> pl.Series:
    """The texts in their normal form; null stays null."""
    odd = texts.str.contains(ODD).fill_null(False)
    if not odd.any():
        return texts
    found = texts.filter(odd)
    visible = found.str.replace_all(INVISIBLE_CHARACTER, "").str.replace_all(BLANKS, " ")
    return texts.scatter(odd.arg_true(), visible.str.normalize("NFC").str.strip_chars(" "))


def are_nothing(texts: pl.Series, *, computed: bool) -> pl.Series:
    """True where the text stands for no value. `computed`: a spreadsheet's error does so, too."""
    short = texts.filter((texts.str.len_bytes() <= LONGEST_NOTHING) | texts.str.starts_with(ERROR_MARK)).unique()
    tokens = short.filter(short.str.contains(NO_VALUE if computed else NOTHING))
    return texts.is_in(tokens.implode()).fill_null(True)


def spellings_of(before: pl.Series, normal: pl.Series) -> dict[str, str]:
    """The texts, but for blanks at their ends, and what each became."""
    if before is normal:
        names = before.unique().str.strip_chars().unique()
        pairs = pl.DataFrame({"text": names, "normal": names})
    else:
        pairs = pl.DataFrame({"text": before, "normal": normal}).unique()
        pairs = pairs.select(pl.all().str.strip_chars()).unique()
    short = pairs.filter((pl.col("normal") != "") & (pl.col("text").str.len_bytes() <= LONGEST_SPELLING))
    return first_spellings(dict(short.sort("text").iter_rows()))


def first_spellings(texts: dict[str, str]) -> dict[str, str]:
    """As many as are remembered."""
    changed = [pair for pair in texts.items() if pair[0] != pair[1]]
    alike = [pair for pair in texts.items() if pair[0] == pair[1]]
    return dict(changed[:MOST_SPELLINGS] + alike[:MOST_SPELLINGS])
