"""What visits are summed by, and where each name is kept: declared here once."""

from dataclasses import dataclass
from enum import StrEnum


class Dimension(StrEnum):
    angel = "angel"
    polo = "polo"
    uf = "uf"


@dataclass(frozen=True)
class Column:
    """id: the cells' column. table, name: where the ids' names are. word: what a document calls one.

    is_key: no two ids have one name. unnamed: what a document calls the ids that have none, where there may be such.
    """

    id: str
    table: str
    name: str
    word: str
    is_key: bool = True
    unnamed: str | None = None


COLUMN_OF = {
    Dimension.angel: Column("angel_id", "angels", "name", "angel"),
    Dimension.polo: Column("polo_id", "polos", "name", "polo"),
    Dimension.uf: Column("polo_id", "polos", "uf", "state", is_key=False, unnamed="polos without a state"),
}

CELL_DIMENSIONS = (Dimension.polo, Dimension.angel)
"""Whose ids tell cells apart, in the order of the primary keys of the sums' tables. The others are told from these."""

IDS = tuple(COLUMN_OF[by].id for by in CELL_DIMENSIONS)


def ids_in_sql(each: str = "{id}") -> str:
    """A list of them, each in this form."""
    return ", ".join(each.format(id=name) for name in IDS)
