"""A record of a file of rejects is one that was sent before, behind our three columns: line, column, reason. Pure."""

import re
from functools import lru_cache
from typing import NamedTuple, get_args

from ..formats import REPORT_COLUMNS
from ..models import Reason
from .quoting import RecordRule

EMPTY_ROW = '" "\n'
"""Stops a quote that an earlier row leaves open. The first quote in here would have to close it, but is followed by
neither a delimiter nor a line's end; so the open one is stray, and is a part of its own row alone."""


@lru_cache(maxsize=16)
def _patterns(delimiter: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """(our three cells as we write them, any three cells)"""
    d = re.escape(delimiter)
    ours = (r"[0-9]{1,16}", r"\w{0,40}", "|".join(get_args(Reason)))
    written = "".join(f' *+"?({cell})"? *+{d}' for cell in ours)
    cell = rf'(?: *"[^"]*(?:""[^"]*)*" *|[^{d}"\n][^{d}\n]*|){d}'
    return re.compile(written), re.compile(f"{cell * len(REPORT_COLUMNS)}")


class SentBefore(NamedTuple):
    """A record without our cells; what they say: the line of the first file, the reason then, and the column."""

    row: str
    origin_line: int | None = None
    earlier_reason: str | None = None
    earlier_column: str | None = None


def as_sent_before(record: str, delimiter: str, width: int) -> SentBefore:
    """Of a record of a file of rejects with `width` columns.

    A record without our cells was added by hand, and stays as it is; one of full width has them, whatever they say.
    """
    written, any_cells = _patterns(delimiter)
    if found := written.match(record):
        return SentBefore(record[found.end() :], int(found[1]), found[3], found[2])
    if record.count(delimiter) >= width - 1 and (found := any_cells.match(record)):
        return SentBefore(record[found.end() :])
    return SentBefore(record)


def apart(line: str, row: str, delimiter: str) -> str:
    """A reject's line of a file of rejects, with empty rows around it where quotes would reach too far, or not far
    enough: behind an open quote, and before a row with a line in it that looks like one of ours.
    """
    rule, text = RecordRule(delimiter), row.encode()
    before = EMPTY_ROW if rule.holds_line_of_rejects(text) else ""
    return f"{before}{line}{EMPTY_ROW}" if rule.is_open(text) else f"{before}{line}"
