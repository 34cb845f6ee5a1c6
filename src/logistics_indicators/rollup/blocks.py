"""Which blocks add up to a range of days.

Levels nest: a year has quarters, a quarter months, a month eighths, an eighth days. A range is covered by signed
blocks: most of a month is that month minus the days outside. Blocks that follow one another are one span.
"""

import calendar
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import IntEnum
from functools import lru_cache

ONE_DAY = timedelta(days=1)


class Grain(IntEnum):
    """How long a block is. The numbers are stored in the tables of sums (tables.py) and in rollup_recent."""

    day = 0
    eighth = 1
    month = 2
    quarter = 3
    year = 4


@dataclass(frozen=True, slots=True)
class Block:
    grain: Grain
    first: date
    sign: int = 1

    @property
    def last(self) -> date:
        return _last_day(self.grain, self.first)

    def negated(self) -> "Block":
        return Block(self.grain, self.first, -self.sign)


def block_of(grain: Grain, day: date) -> date:
    """First day of the block of this grain that the day is in."""
    if grain is Grain.day:
        return day
    if grain is Grain.eighth:
        return day.replace(day=min((day.day - 1) // 8, 3) * 8 + 1)
    if grain is Grain.month:
        return day.replace(day=1)
    if grain is Grain.quarter:
        return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
    return day.replace(month=1, day=1)


@lru_cache(maxsize=16_384)
def _last_day(grain: Grain, first: date) -> date:
    if grain is Grain.day:
        return first
    if grain is Grain.eighth and first.day < 25:
        return first.replace(day=first.day + 7)
    month = first.month + {Grain.quarter: 2, Grain.year: 11}.get(grain, 0)
    return date(first.year, month, calendar.monthrange(first.year, month)[1])


Levels = tuple[Grain, ...]
"""From the shortest to the longest, the day and the year among them."""

MERGED_LEVELS: Levels = tuple(Grain)
"""Of the tables rollup and rollup_late."""

RECENT_LEVELS: Levels = (Grain.day, Grain.month, Grain.year)
"""Of the sums in rollup_recent: those that pay for being written with every change."""

BLOCK_IN_SQL = {
    Grain.day: "{day}",
    Grain.eighth: "date_trunc('month', {day})::date + 8 * LEAST((EXTRACT(day FROM {day})::integer - 1) / 8, 3)",
    Grain.month: "date_trunc('month', {day})::date",
    Grain.quarter: "date_trunc('quarter', {day})::date",
    Grain.year: "date_trunc('year', {day})::date",
}
"""block_of in SQL: the first day of the block that {day} is in."""


def levels_in_sql(levels: Mapping[Grain, int], day: str) -> str:
    """(grain, block) of each level that this column, a day, belongs to. levels: with the grains that they go by."""
    return ", ".join(f"({number}, {BLOCK_IN_SQL[grain].format(day=day)})" for grain, number in levels.items())


@dataclass(frozen=True, slots=True)
class Span:
    """Blocks of one grain that follow one another, by the first days of the first and of the last of them."""

    grain: int
    first: date
    last: date
    sign: int = 1


@lru_cache(maxsize=4096)
def spans_of(first: date, last: date, levels: Levels = MERGED_LEVELS) -> tuple[Span, ...]:
    """The cover of these days as spans."""
    return _joined(cover(first, last, levels))


def whole_spans(ranges: Iterable[tuple[date, date]], levels: Levels = MERGED_LEVELS) -> tuple[Span, ...]:
    """Spans of these ranges, which follow one another; no block reaches beyond the range that it is for."""
    return _joined([block for first, last in ranges for block in cover(first, last, levels, signed=False)])


def _joined(blocks: Sequence[Block]) -> tuple[Span, ...]:
    spans: list[Span] = []
    for block in sorted(blocks, key=lambda block: (block.grain, block.sign, block.first)):
        before = spans[-1] if spans else None
        if before and (before.grain, before.sign) == (block.grain, block.sign) and _meet(before, block):
            spans[-1] = Span(before.grain, before.first, block.first, before.sign)
        else:
            spans.append(Span(block.grain, block.first, block.first, block.sign))
    return tuple(spans)


def _meet(span: Span, block: Block) -> bool:
    return _last_day(block.grain, span.last) + ONE_DAY == block.first


@lru_cache(maxsize=4096)
def cover(first: date, last: date, levels: Levels = MERGED_LEVELS, *, signed: bool = True) -> tuple[Block, ...]:
    """Blocks whose sum is exactly the days from first to last, both included; as few as the levels allow.

    Unless signed, none of them is taken away.
    """
    blocks: list[Block] = []
    for year in range(first.year, last.year + 1):
        whole = Block(Grain.year, date(year, 1, 1))
        days = max(first, whole.first), min(last, whole.last)
        blocks += _cover_in(whole, *days, levels, signed=signed)
    return tuple(blocks)


def _cover_in(node: Block, first: date, last: date, levels: Levels, *, signed: bool) -> list[Block]:
    """Cover of a range that lies within the (positive) node."""
    if first > last:
        return []
    if (first, last) == (node.first, node.last):
        return [node]
    parts = _cover_by_children(node, first, last, levels, signed=signed)
    if len(parts) <= 1 or not signed:
        return parts
    outside = []
    if first > node.first:
        outside += _cover_by_children(node, node.first, first - ONE_DAY, levels, signed=True)
    if last < node.last:
        outside += _cover_by_children(node, last + ONE_DAY, node.last, levels, signed=True)
    if 1 + len(outside) < len(parts):
        return [node, *(block.negated() for block in outside)]
    return parts


def _cover_by_children(node: Block, first: date, last: date, levels: Levels, *, signed: bool) -> list[Block]:
    grain = levels[levels.index(node.grain) - 1]
    blocks: list[Block] = []
    start = block_of(grain, first)
    while True:
        child = Block(grain, start)
        blocks += _cover_in(child, max(first, start), min(last, child.last), levels, signed=signed)
        if child.last >= last:
            return blocks
        start = child.last + ONE_DAY
