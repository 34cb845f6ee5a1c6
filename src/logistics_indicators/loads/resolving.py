"""What becomes of a row whose key was there before: the rule, one row at a time, in file order. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

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


def resolve_services(rows: Iterable[tuple[int, int, Values]], stored: dict[int, Stored], *, update: bool) -> Resolution:
    """`rows`: (position, id, values). `stored` is brought up to date on the way."""
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
    """As resolve_services; values are (nome, email, telefone), and no two customers share an email."""
    outcome = Resolution()
    owners = {current.values[1]: row_id for row_id, current in stored.items()}
    for position, row_id, values in rows:
        current = stored.get(row_id)
        email = values[1]
        if current is None:
            if email in owners:
                outcome.rejected.append((position, "email", "duplicate_email"))
                continue
            stored[row_id] = Stored(values, touched=True)
            owners[email] = row_id
            outcome.inserted.append(position)
        elif not _settle_same(outcome, row_id, current, values, update=update):
            if not update or current.touched:
                outcome.rejected.append((position, "id", "duplicate_id"))
            elif owners.get(email, row_id) != row_id:
                outcome.rejected.append((position, "email", "duplicate_email"))
            else:
                del owners[current.values[1]]
                owners[email] = row_id
                _update(outcome, position, row_id, current, values)
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
