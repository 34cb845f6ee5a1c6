"""Names that are near to one that was asked for and that no visit ever had."""

import asyncio
import heapq
import unicodedata
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from difflib import SequenceMatcher
from functools import partial
from itertools import islice

from ..database import Connection
from .dimensions import COLUMN_OF, NAMED, Dimension

MOST_SUGGESTED = 3
"""For each name that is not there."""

MOST_ASKED = 5
"""Names of one filter that are looked at."""

MOST_COMPARED = 20_000
"""Names that one is compared with: some tenths of a second of a thread."""

LONGEST_COMPARED = 64
"""Letters and digits of a name: to compare two takes the square of it. One sign may be eighteen letters (NFKD)."""

ONE_AT_A_TIME = ThreadPoolExecutor(1, "near-names")
"""However many ask, the other threads are free for what does not wait."""

FINALISTS = 30
LEAST_ALIKE = 0.6
"""Of difflib's ratio: one letter wrong in three, two in six."""


async def near_names(connection: Connection, asked: Mapping[Dimension, Sequence[str] | None]) -> dict[str, list[str]]:
    """By filter (angel, polo), names near to those asked for that are not there; {} where there are none."""
    found = {}
    for by in NAMED:
        unknown = await _unknown(connection, by, asked.get(by) or ())
        if unknown:
            names = await connection.fetch(f"SELECT name FROM {COLUMN_OF[by].table} LIMIT {MOST_COMPARED}")
            nearest = partial(_nearest, unknown, [row["name"] for row in names])
            found[by.value] = await asyncio.get_running_loop().run_in_executor(ONE_AT_A_TIME, nearest)
    return {name: near for name, near in found.items() if near}


async def _unknown(connection: Connection, by: Dimension, asked: Sequence[str]) -> Sequence[str]:
    if not asked:
        return []
    known = await connection.fetch(f"SELECT name FROM {COLUMN_OF[by].table} WHERE name = ANY ($1::text[])", asked)
    return [name for name in asked if name not in {row["name"] for row in known}][:MOST_ASKED]


def _nearest(asked: Sequence[str], names: Sequence[str]) -> list[str]:
    """Each name is looked at once and let go: the trigrams of all would take a hundred times their room."""
    wanted = [(key := compared(name), _trigrams(key)) for name in asked]
    finalists: list[list[tuple[float, str]]] = [[] for _ in wanted]
    for name in names:
        own = _trigrams(compared(name))
        for (_, trigrams), best in zip(wanted, finalists, strict=True):
            (heapq.heappushpop if len(best) == FINALISTS else heapq.heappush)(best, (_share(trigrams, own), name))
    rated = zip(wanted, finalists, strict=True)
    return list(dict.fromkeys(near for (key, _), best in rated for near in _nearest_to(key, best)))


def _nearest_to(asked: str, finalists: Sequence[tuple[float, str]]) -> Sequence[str]:
    """The few that have most of its trigrams, put in order letter by letter. A part of a name is near to it."""
    rated = ((_alike(asked, compared(name)), name) for _, name in finalists)
    best = sorted((-ratio, name) for ratio, name in rated if ratio >= LEAST_ALIKE)
    return [name for _, name in best[:MOST_SUGGESTED]]


def _share(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / (len(one | other) or 1)


def _alike(asked: str, name: str) -> float:
    ratio = SequenceMatcher(None, asked, name, autojunk=False).ratio()
    return max(ratio, LEAST_ALIKE) if len(asked) >= 3 and asked in name else ratio


def compared(name: str) -> str:
    """What is compared of it: its beginning, without case, accents and signs."""
    plain = unicodedata.normalize("NFKD", name[:LONGEST_COMPARED]).casefold()
    return "".join(islice(filter(str.isalnum, plain), LONGEST_COMPARED))


def _trigrams(key: str) -> frozenset[str]:
    padded = f"  {key} "
    return frozenset(padded[start : start + 3] for start in range(len(padded) - 2))
