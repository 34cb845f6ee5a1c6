"""Filters of a list: each is declared once, its type with what it means in SQL beside it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Protocol, Self, get_type_hints, runtime_checkable

from fastapi import Query

from .likeness import ANY_MARKS, alike

MOST_VALUES = 100
"""Of one filter."""


@dataclass
class Conditions:
    """Filters, all of which must hold, as SQL with numbered parameters."""

    clauses: list[str] = field(default_factory=list)
    values: list[object] = field(default_factory=list)

    @classmethod
    def of(cls, asked: Any, **resolved: object) -> Self:
        """Of a dataclass whose fields are filters, each with its Meaning; None asks for nothing.

        resolved: stands in for a value that the database had to be asked for.
        """
        conditions = cls()
        for name, meaning in _filters_of(asked.__class__):
            value = resolved.get(name, getattr(asked, name))
            if value is not None:
                meaning.add_to(conditions, value)
        return conditions

    def add(self, clause: str, *values: object) -> None:
        """`clause` has a {} for each value."""
        first = len(self.values) + 1
        self.clauses.append(clause.format(*(f"${first + i}" for i in range(len(values)))))
        self.values += values

    def where(self) -> str:
        return "WHERE " + " AND ".join(self.clauses) if self.clauses else ""


@runtime_checkable
class Meaning(Protocol):
    """Stands beside the type of a list's filter and says what the filter means."""

    def add_to(self, conditions: Conditions, asked: Any) -> None: ...


@dataclass(frozen=True)
class Where:
    """clause: SQL with a {} for the value, or a clause for each value. value: what the database is given for it."""

    clause: str | Mapping[object, str]
    value: Callable[[Any], object] = lambda asked: asked

    def add_to(self, conditions: Conditions, asked: Any) -> None:
        if isinstance(self.clause, str):
            conditions.add(self.clause, self.value(asked))
        else:
            conditions.add(self.clause[asked])


@dataclass(frozen=True)
class WhereNumber:
    """clause: SQL with a {} for a whole number, which is written there: the planner sees it however often it plans."""

    clause: str

    def add_to(self, conditions: Conditions, asked: int) -> None:
        conditions.add(self.clause.format(int(asked)))


@dataclass(frozen=True)
class OneOf:
    """The filter may be given several times, and finds what has one of the values.

    sql: of what is compared. type: PostgreSQL's, of a value. value: what the database is given for one.
    """

    sql: str
    type: str
    value: Callable[[Any], object] = lambda asked: asked

    def add_to(self, conditions: Conditions, asked: Any) -> None:
        values = list(dict.fromkeys(map(self.value, asked)))
        if len(values) == 1:  # which the planner knows more of
            conditions.add(f"{self.sql} = {{}}", *values)
        else:
            conditions.add(f"{self.sql} = ANY ({{}}::{self.type}[])", values)


@dataclass(frozen=True)
class OneOfTrimmed(OneOf):
    """Texts that are kept without blanks around them, but for those that were cut."""

    def add_to(self, conditions: Conditions, asked: Any) -> None:
        super().add_to(conditions, [*asked, *map(str.strip, asked)])


def several(description: str | None = None, **more: Any) -> Any:
    """Of a filter that may be given several times."""
    again = "Given several times, any of them"
    return Query(max_length=MOST_VALUES, description=f"{description}. {again}" if description else again, **more)


@dataclass(frozen=True)
class Contains:
    """Finds texts that have this one in them, without regard to case and accents."""

    sql: str
    where: str = ""

    def add_to(self, conditions: Conditions, asked: Any) -> None:
        conditions.add(f"{self.sql} ~ {{}}", f"{self.where}{alike(asked)}")


@dataclass(frozen=True)
class Begins(Contains):
    """Likewise, at their beginning."""

    where: str = f"^{ANY_MARKS}"


SHORTEST_PART = 3
LONGEST_PART = 60
"""Each of its letters is compared at each place of each text."""

CONTAINS = Query(description="In any place of it, without regard to case and accents; three at least can be seen")
BEGINS = Query(description="How it begins, without regard to case and accents")


@cache
def _filters_of(declared: Any) -> tuple[tuple[str, Meaning], ...]:
    """Name and meaning of each; a filter without a meaning would find everything, so there is none."""
    hints = get_type_hints(declared, include_extras=True)
    return tuple((name, _meaning(hint)) for name, hint in hints.items())


def _meaning(hint: Any) -> Meaning:
    (meaning,) = (mark for mark in hint.__metadata__ if isinstance(mark, Meaning))
    return meaning
