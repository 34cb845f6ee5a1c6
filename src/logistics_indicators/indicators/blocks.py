"""Which blocks of the folded levels add up to a range of days.

Levels nest: a year has quarters, a quarter months, a month eighths, an eighth days. A range is covered by signed
blocks: most of a month is that month minus the days outside.
"""

import calendar
from dataclasses import dataclass
from datetime import date, timedelta
from enum import IntEnum
from functools import lru_cache

ONE_DAY = timedelta(days=1)


class Grain(IntEnum):
    """Numbers are stored in the tables rollup and rollup_lateness."""

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


def _last_day(grain: Grain, first: date) -> date:
    if grain is Grain.day:
        return first
    if grain is Grain.eighth and first.day < 25:
        return first.replace(day=first.day + 7)
    month = first.month + {Grain.quarter: 2, Grain.year: 11}.get(grain, 0)
    return date(first.year, month, calendar.monthrange(first.year, month)[1])


@lru_cache(maxsize=4096)
def cover(first: date, last: date) -> tuple[Block, ...]:
    """Signed blocks whose sum is exactly the days from first to last, both included; as few as the tree allows."""
    blocks: list[Block] = []
    for year in range(first.year, last.year + 1):
        whole = Block(Grain.year, date(year, 1, 1))
        blocks += _cover_in(whole, max(first, whole.first), min(last, whole.last))
    return tuple(blocks)


def _cover_in(node: Block, first: date, last: date) -> list[Block]:
    """Cover of a range that lies within the (positive) node."""
    if first > last:
        return []
    if (first, last) == (node.first, node.last):
        return [node]
    parts = _cover_by_children(node, first, last)
    if len(parts) <= 1:
        return parts
    outside = []
    if first > node.first:
        outside += _cover_by_children(node, node.first, first - ONE_DAY)
    if last < node.last:
        outside += _cover_by_children(node, last + ONE_DAY, node.last)
    if 1 + len(outside) < len(parts):
        return [node, *(block.negated() for block in outside)]
    return parts


def _cover_by_children(node: Block, first: date, last: date) -> list[Block]:
    grain = Grain(node.grain - 1)
    blocks: list[Block] = []
    start = block_of(grain, first)
    while True:
        child = Block(grain, start)
        blocks += _cover_in(child, max(first, start), min(last, child.last))
        if child.last >= last:
            return blocks
        start = child.last + ONE_DAY
