"""The order of an answer's rows: by exact values, not by what is shown of them; nulls last both ways."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .figures import Floats, Integers, Ratio
from .parameters import Ordering

FRACTION_BITS = 31


@dataclass(frozen=True)
class SortColumn:
    """keys: what the rows are sorted by, the first one foremost. null: rows without a value."""

    keys: Sequence[Integers | Floats]
    null: Integers | None = None


def by_ratio(ratio: Ratio) -> SortColumn:
    """Exactly: by the whole part, then 62 bits, which no two such values share.

    Denominators are below 2**31.
    """
    divisors = ratio.divisors
    whole, rest = np.divmod(ratio.numerators, divisors)
    high, rest = np.divmod(rest << FRACTION_BITS, divisors)
    return SortColumn([whole, high, (rest << FRACTION_BITS) // divisors], ratio.null)


def by_name(names: Sequence[str | None]) -> SortColumn:
    """Rows that come in order of name."""
    return SortColumn([np.arange(len(names))], np.array([name is None for name in names], bool))


def order_rows(ordering: Ordering, column: SortColumn) -> Integers:
    """Positions of the rows, which come in order of name, sorted by the column; ties stay in that order.

    Only the first ones where the ordering has a limit.
    """
    keys = [-key if ordering.descending else key for key in reversed(column.keys)]
    if column.null is not None:
        keys = [*(np.where(column.null, 0, key) for key in keys), column.null]
    return np.lexsort(keys)[: ordering.limit]
