"""A record of a file of rejects is one that was sent before, behind our three columns: line, column, reason. Pure."""

import re
from functools import lru_cache
from typing import NamedTuple, get_args

from .formats import REPORT_COLUMNS
from .models import Reason


@lru_cache(maxsize=16)
def _patterns(delimiter: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """(our three cells as we write them, any three cells)"""
    d = re.escape(delimiter)
    ours = (r"[0-9]{1,16}", r"\w{0,40}", "|".join(get_args(Reason)))
    written = "".join(f' *+"?({cell})"? *+{d}' for cell in ours)
    cell = rf'(?: *"[^"]*(?:""[^"]*)*" *|[^{d}"\n][^{d}\n]*|){d}'
    return re.compile(written), re.compile(f"{cell * len(REPORT_COLUMNS)}")


class SentBefore(NamedTuple):
    """A record without our cells; what they say: the line of the first file, and the reason then."""

    row: str
    origin_line: int | None = None
    earlier_reason: str | None = None


def as_sent_before(record: str, delimiter: str, width: int) -> SentBefore:
    """Of a record of a file of rejects with `width` columns.

    A record without our cells was added by hand, and stays as it is; one of full width has them, whatever they say.
    """
    written, any_cells = _patterns(delimiter)
    if found := written.match(record):
        return SentBefore(record[found.end() :], int(found[1]), found[3])
    if record.count(delimiter) >= width - 1 and (found := any_cells.match(record)):
        return SentBefore(record[found.end() :])
    return SentBefore(record)
