"""What visits are summed by, and where each name is kept: declared here once."""

from dataclasses import dataclass
from enum import StrEnum


class Dimension(StrEnum):
    angel = "angel"
    polo = "polo"
    uf = "uf"


@dataclass(frozen=True)
class Column:
    """id: the cells' column. table, name: where the ids' names are. word: what a document calls one; meaning: and says.

    is_key: no two ids have one name. unnamed: what a document calls the ids that have none, where there may be such.
    longest: characters of a name that visits bring.
    """

    id: str
    table: str
    name: str
    word: str
    meaning: str
    is_key: bool = True
    unnamed: str | None = None
    longest: int = 200


COLUMN_OF = {
    Dimension.angel: Column("angel_id", "angels", "name", "angel", "The field agent who makes the visit, by name"),
    Dimension.polo: Column("polo_id", "polos", "name", "polo", "The base that the visit starts from, by name"),
    Dimension.uf: Column(
        *("polo_id", "polos", "uf", "state", "State of Brazil, in two capitals"),
        is_key=False,
        unnamed="polos without a state",
    ),
}

CELL_DIMENSIONS = (Dimension.polo, Dimension.angel)
"""Whose ids tell cells apart, in the order of the primary keys of the sums' tables. The others are told from these."""

IDS = tuple(COLUMN_OF[by].id for by in CELL_DIMENSIONS)

NAMED = tuple(by for by in Dimension if by in CELL_DIMENSIONS)
"""The same: those whose names visits bring, in the order in which they are shown."""


def ids_in_sql(each: str = "{id}") -> str:
    """A list of them, each in this form."""
    return ", ".join(each.format(id=name) for name in IDS)


def column_of_visits(field: str) -> str:
    """The column of the visits' table that holds this field of a visit: of a name, its id."""
    return COLUMN_OF[Dimension(field)].id if field in NAMED else field
