"""What becomes of a row whose key was there before: the rule, one row at a time, in file order. Pure."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

from ...texts import email_key

Values = tuple[Any, ...]
"""The columns after the id, in the table's order."""


@dataclass
class Stored:
    """A row as it stands. `touched`: this load inserted it or has dealt with it already."""

    values: Values
    touched: bool


@dataclass
class Resolution:
    """Positions are those of the rows given. `updated` has the values before, too."""

    inserted: list[int] = field(default_factory=list)
    updated: list[tuple[int, Values]] = field(default_factory=list)
    unchanged: int = 0
    touched_ids: list[int] = field(default_factory=list)
    rejected: list[tuple[int, str, str]] = field(default_factory=list)
    """(position, column, reason)"""


class Resolve(Protocol):
    def __call__(
        self, rows: Iterable[tuple[int, int, Values]], stored: dict[int, Stored], *, update: bool
    ) -> Resolution:
        """`rows`: (position, id, values). `stored` is brought up to date on the way."""


def resolve_by_id(rows: Iterable[tuple[int, int, Values]], stored: dict[int, Stored], *, update: bool) -> Resolution:
    """Rows of one id that differ: the first counts."""
    outcome = Resolution()
    for position, row_id, values in rows:
        current = stored.get(row_id)
        if current is None:
            stored[row_id] = Stored(values, touched=True)
            outcome.inserted.append(position)
        elif not _settle_same(outcome, row_id, current, values, update=update):
            if update and not current.touched:
                _update(outcome, position, row_id, current, values)
            else:
                outcome.rejected.append((position, "id", "duplicate_id"))
    return outcome


def resolve_customers(
    rows: Iterable[tuple[int, int, Values]], stored: dict[int, Stored], *, update: bool
) -> Resolution:
    """As resolve_by_id; values are (nome, email, telefone), and no two share an email, whatever its case."""
    outcome = Resolution()
    owners: defaultdict[str, set[int]] = defaultdict(set)
    """More than one for addresses that were stored before case meant nothing."""
    for row_id, current in stored.items():
        owners[email_key(current.values[1])].add(row_id)
    for position, row_id, values in rows:
        known = stored.get(row_id)
        email = email_key(values[1])
        if known is None:
            if owners[email]:
                outcome.rejected.append((position, "email", "duplicate_email"))
                continue
            stored[row_id] = Stored(values, touched=True)
            owners[email].add(row_id)
            outcome.inserted.append(position)
        elif not _settle_same(outcome, row_id, known, values, update=update):
            if not update or known.touched:
                outcome.rejected.append((position, "id", "duplicate_id"))
            elif email != (before := email_key(known.values[1])) and owners[email]:
                outcome.rejected.append((position, "email", "duplicate_email"))
            else:
                owners[before].remove(row_id)
                owners[email].add(row_id)
                _update(outcome, position, row_id, known, values)
    return outcome


def _settle_same(outcome: Resolution, row_id: int, current: Stored, values: Values, *, update: bool) -> bool:
    """An id that is stored with the same values is unchanged."""
    if current.values != values:
        return False
    outcome.unchanged += 1
    if update and not current.touched:
        current.touched = True
        outcome.touched_ids.append(row_id)
    return True


def _update(outcome: Resolution, position: int, row_id: int, current: Stored, values: Values) -> None:
    outcome.updated.append((position, current.values))
    outcome.touched_ids.append(row_id)
    current.values, current.touched = values, True
