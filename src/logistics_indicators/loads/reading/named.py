"""Tables whose columns have names beside their rows: the names become a header's record, the rows follow."""

from .objects import NO_VALUE
from .records import MOST_FIELDS, record

SHOWN, SHOWN_CHARACTERS = 10, 40


def header(names: list[str]) -> bytes:
    return record(names[:MOST_FIELDS])


def row(texts: list[str]) -> bytes:
    """One without a value is no blank record, which would be passed over."""
    return record(texts if any(text and not text.isspace() for text in texts) else [NO_VALUE, *texts[1:]])


def listed(names: list[str]) -> str:
    shown = ["".join(c if c.isprintable() else "\ufffd" for c in name)[:SHOWN_CHARACTERS] for name in names[:SHOWN]]
    return ", ".join(shown) + (", …" if len(names) > SHOWN else "")
