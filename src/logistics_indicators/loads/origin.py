"""From a visit to its loads: the one that brought it, and the one that changed it last."""

from typing import Any

from pydantic import BaseModel, Field

from ..database import Connection
from ..errors import NotFound
from ..http.field_types import AnsweredTimestamp, Id
from ..last_change import BY_HAND
from .models import Status


class OriginLoad(BaseModel):
    id: int
    filename: str | None
    status: Status
    user: str | None
    received_at: AnsweredTimestamp
    url: str = Field(examples=["/v1/loads/7"])


class Origin(BaseModel):
    id: Id
    load_id: int | None = Field(description="The load that brought the visit; null: it was stored by hand")
    updated_by_load: int | None = Field(description="The load that changed it last; null: none, or a user has since")
    changed_by_hand: bool = Field(description="A user changed it last")
    load: OriginLoad | None = Field(description="null also where the load is not kept any more (LOAD_KEEP_DAYS)")
    update: OriginLoad | None


FIND = "SELECT id, load_id, updated_by_load FROM services WHERE id = $1"
FIND_LOADS = """
SELECT id, filename, status, username AS user, received_at FROM loads WHERE id = ANY($1::integer[])
"""


async def origin_of(connection: Connection, service_id: int) -> Origin:
    found = await connection.fetchrow(FIND, service_id)
    if found is None:
        raise NotFound(f"There is no service {service_id}.")
    by_hand = found["updated_by_load"] == BY_HAND
    wanted = found["load_id"], None if by_hand else found["updated_by_load"]
    loads = {row["id"]: _origin_load(row) for row in await connection.fetch(FIND_LOADS, wanted)}
    load, update = (loads.get(load_id) for load_id in wanted)
    return Origin(
        id=found["id"],
        load_id=wanted[0],
        updated_by_load=wanted[1],
        changed_by_hand=by_hand,
        load=load,
        update=update,
    )


def _origin_load(row: Any) -> OriginLoad:
    return OriginLoad(**dict(row), url=f"/v1/loads/{row['id']}")
