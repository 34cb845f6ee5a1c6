"""Polos and their states: each is read from the polo's name when its first visit is stored, until an admin sets it."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Query

from ..accounts.audit import Actor, audit
from ..database import Connection
from ..errors import NotFound
from ..http.field_types import FilterText
from ..indicators.calendar.days import CHANGED
from ..indicators.parameters import Polos, States
from ..lists.filters import CONTAINS, LONGEST_PART, SHORTEST_PART, Contains, OneOf, Where
from ..lists.order import Key
from ..lists.rows import Listed
from ..states import state_in_name
from .models import Polo

POLOS = Listed(
    "polos",
    "(SELECT id, name AS polo, uf, uf_given AS uf_fixada FROM polos) AS polos",
    {"id": int, "polo": str, "uf": str, "uf_fixada": bool},
    {"polo": Key(str, "polo"), "uf": Key(str, "uf", nullable=True)},
)

LOCK = "SELECT name, uf, uf_given FROM polos WHERE id = $1 FOR UPDATE"
SET_STATE = "UPDATE polos SET uf = $2, uf_given = $3 WHERE id = $1"


PartOfName = Annotated[str, FilterText(LONGEST_PART, SHORTEST_PART)]


@dataclass(frozen=True)
class PoloFilter:
    polo: Annotated[Polos, OneOf("polo", "text")] = None
    polo_contem: Annotated[PartOfName | None, CONTAINS, Contains("polo")] = None
    uf: Annotated[States, OneOf("uf", "text")] = None
    sem_uf: Annotated[
        bool | None,
        Query(description="true: those without a state, which no `uf` finds"),
        Where({True: "uf IS NULL", False: "uf IS NOT NULL"}),
    ] = None


async def set_state(connection: Connection, polo_id: int, uf: str | None, actor: Actor) -> Polo:
    """None restores what the name says. Figures by state and by calendar change at once. Raises NotFound."""
    async with connection.transaction():
        row = await connection.fetchrow(LOCK, polo_id)
        if row is None:
            raise NotFound(f"There is no polo {polo_id}.")
        name = row["name"]
        after = Polo(id=polo_id, polo=name, uf=uf or state_in_name(name), uf_fixada=uf is not None)
        if (after.uf, after.uf_fixada) == (row["uf"], row["uf_given"]):
            return after
        await connection.execute(SET_STATE, polo_id, after.uf, after.uf_fixada)
        if after.uf != row["uf"]:
            await connection.execute(CHANGED)
        before = row["uf"] or "none"
        await audit(connection, actor, "polo_state_set", polo=name, before=before, after=after.uf or "none")
    return after
