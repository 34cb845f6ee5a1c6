"""Filters of a list: each is declared once, its type with what it means in SQL beside it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self, get_type_hints


@dataclass
class Conditions:
    """Filters, all of which must hold, as SQL with numbered parameters."""

    clauses: list[str] = field(default_factory=list)
    values: list[object] = field(default_factory=list)

    @classmethod
    def of(cls, asked: Any, **resolved: object) -> Self:
        """Of a dataclass whose fields are filters, each with its Where; None asks for nothing.

        resolved: stands in for a value that the database had to be asked for.
        """
        conditions = cls()
        for name, where in _filters_of(type(asked)):
            value = resolved.get(name, getattr(asked, name))
            if value is not None:
                where.add_to(conditions, value)
        return conditions

    def add(self, clause: str, *values: object) -> None:
        """`clause` has a {} for each value."""
        first = len(self.values) + 1
        self.clauses.append(clause.format(*(f"${first + i}" for i in range(len(values)))))
        self.values += values

    def where(self) -> str:
        return "WHERE " + " AND ".join(self.clauses) if self.clauses else ""


@dataclass(frozen=True)
class Where:
    """Stands beside the type of a list's filter and says what the filter means.

    clause: SQL with a {} for the value, or a clause for each value. value: what the database is given for it.
    """

    clause: str | Mapping[object, str]
    value: Callable[[Any], object] = lambda asked: asked

    def add_to(self, conditions: Conditions, asked: Any) -> None:
        if isinstance(self.clause, str):
            conditions.add(self.clause, self.value(asked))
        else:
            conditions.add(self.clause[asked])


def _filters_of(declared: type) -> tuple[tuple[str, Where], ...]:
    """Name and meaning of each; a filter without a meaning would find everything, so there is none."""
    hints = get_type_hints(declared, include_extras=True)
    return tuple((name, _meaning(hint)) for name, hint in hints.items())


def _meaning(hint: Any) -> Where:
    (where,) = (mark for mark in hint.__metadata__ if isinstance(mark, Where))
    return where
