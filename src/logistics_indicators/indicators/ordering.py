"""The order of an answer's rows: by exact values, not by what is shown of them; nulls last both ways."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .packing import Integers
from .parameters import Ordering

FRACTION_BITS = 31


@dataclass(frozen=True)
class SortColumn:
    """keys: what the rows are sorted by, the first one foremost. null: rows without a value."""

    keys: Sequence[Integers]
    null: Integers | None = None


def by_ratio(numerators: Integers, denominators: Integers, null: Integers | None = None) -> SortColumn:
    """By numerator / denominator, exactly: the whole part, then 62 bits, which no two such values share.

    Denominators are positive and below 2**31.
    """
    whole, rest = np.divmod(numerators, denominators)
    high, rest = np.divmod(rest << FRACTION_BITS, denominators)
    return SortColumn([whole, high, (rest << FRACTION_BITS) // denominators], null)


def by_name(names: Sequence[str | None]) -> SortColumn:
    """Rows that come in order of name."""
    return SortColumn([np.arange(len(names))], np.array([name is None for name in names], bool))


def order_rows(ordering: Ordering, columns: Mapping[str, SortColumn], names: Sequence[str | None]) -> Integers:
    """Positions of the rows, which come in order of name, sorted by sort_field; ties stay in that order.

    A sort_field that is not among the columns is the name itself.
    """
    column = columns.get(ordering.field) or by_name(names)
    keys = [-key if ordering.descending else key for key in reversed(column.keys)]
    if column.null is None:
        return np.lexsort(keys)
    return np.lexsort([*(np.where(column.null, 0, key) for key in keys), column.null])
