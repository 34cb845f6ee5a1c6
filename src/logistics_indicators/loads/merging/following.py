"""What follows a chunk's rows in their transaction: reckoned in a thread while the rows are copied, written after them.

A check writes no rows, and so nothing follows them but what its effect is told from.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, Self

import polars as pl

from ...customers.arrivals import announce_arrivals
from ...database import Connection
from ...rollup.commits import Commit
from ...rollup.writing import Sums, append_sums, sums_of
from .arrays import array_of
from .effect_cells import effect_cells, keep_effect_cells


class Following(Protocol):
    async def write(self, connection: Connection, commit: Commit) -> None: ...


@dataclass(frozen=True)
class Changes:
    """Rows that a load adds and takes out; `checked`: it only would."""

    load_id: int
    checked: bool
    added: pl.DataFrame
    removed: pl.DataFrame | None = None


Reckon = Callable[[Changes], Following]
"""Long: for a thread."""


class NothingFollows:
    @classmethod
    def by(cls, changes: Changes) -> Self:
        return cls()

    async def write(self, connection: Connection, commit: Commit) -> None:
        pass


@dataclass(frozen=True)
class CustomersFollowed:
    arrived: str
    """Their ids, as text of a bigint[]."""

    @classmethod
    def by(cls, changes: Changes) -> Self:
        came = changes.added.height and not changes.checked
        return cls(array_of(changes.added["id"]) if came else "")

    async def write(self, connection: Connection, commit: Commit) -> None:
        if self.arrived:
            await announce_arrivals(connection, self.arrived)


@dataclass(frozen=True)
class VisitsFollowed:
    sums: Sums | None
    effect: pl.DataFrame | None

    @classmethod
    def by(cls, changes: Changes) -> Self:
        sums = None if changes.checked else sums_of(changes.added, changes.removed)
        return cls(sums, effect_cells(changes.load_id, changes.added, changes.removed))

    async def write(self, connection: Connection, commit: Commit) -> None:
        await append_sums(connection, commit, self.sums)
        await keep_effect_cells(connection, self.effect)
