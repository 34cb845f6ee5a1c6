"""What an export is made of: named columns, and batches of rows."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeAlias


@dataclass(frozen=True)
class Column:
    """`type` is that of the column's values; any of them may also be None."""

    name: str
    type: type[int] | type[float] | type[str] | type[bool] | type[date] | type[datetime]
    computed: bool = False
    """True for a text that we make: nobody can have written a formula into it."""


Row: TypeAlias = Sequence[object]
"""One value a column, in the columns' order: a tuple, a list, an asyncpg Record's values."""

Batch: TypeAlias = Sequence[Row]
Batches: TypeAlias = AsyncIterator[Batch]
