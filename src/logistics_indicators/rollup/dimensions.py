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

    is_key: no two ids have one name. nullable: an id may have no name.
    """

    id: str
    table: str
    name: str
    word: str
    is_key: bool = True
    nullable: bool = False


COLUMN_OF = {
    Dimension.angel: Column("angel_id", "angels", "name", "angel"),
    Dimension.polo: Column("polo_id", "polos", "name", "polo"),
    Dimension.uf: Column("polo_id", "polos", "uf", "state", is_key=False, nullable=True),
}
