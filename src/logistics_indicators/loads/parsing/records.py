"""The records of a chunk that need a closer look: those with quotes, which may span lines. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from .lines import Places
from .quoting import RecordRule, long_lines

Span = tuple[int, int]
"""(first, last)"""


@dataclass(frozen=True)
class ChunkRecords:
    """By line of the chunk, from 0. `spans`: records with quotes. `skipped`: lines of one that began before."""

    spans: list[Span] = field(default_factory=list)
    skipped: list[Span] = field(default_factory=list)
    """At most one."""

    @property
    def any(self) -> bool:
        return bool(self.spans or self.skipped)


def records_of(body: bytes, first_line: int, rule: RecordRule, long_records: Sequence[Span]) -> ChunkRecords:
    """Of a chunk as it was spooled; `long_records` are the file's, by line of the file."""
    if b'"' not in body and not long_records:
        return ChunkRecords()
    starts = np.concatenate([[0], np.flatnonzero(np.frombuffer(body, np.uint8) == ord("\n")) + 1])
    if starts[-1] == len(body):
        starts = starts[:-1]
    ours = [(first - first_line, last - first_line) for first, last in long_records]
    ours = [(first, min(last, len(starts) - 1)) for first, last in ours if last >= 0 and first < len(starts)]
    apart = [*ours, *_lines_of(((start, end - 1) for start, end in long_lines(body)), starts)]
    spans = [(max(first, 0), last) for first, last in apart if first >= 0]
    line = 0
    for first, last in [*sorted(apart), (len(starts), len(starts))]:
        if line < first:
            end = int(starts[first]) if first < len(starts) else len(body)
            spans += _lines_of(rule.records(body, int(starts[line]), end), starts)
        line = max(line, last + 1)
    return ChunkRecords(sorted(spans), [(0, last) for first, last in ours if first < 0])


def _lines_of(places: Iterable[Span], starts: Places) -> list[Span]:
    """The lines that hold these places of a chunk; the second of a pair may be the line's end."""
    pairs = list(places)
    if not pairs:
        return []
    lines = np.searchsorted(starts, np.array(pairs), side="right") - 1
    return [(first, last) for first, last in lines.tolist()]
