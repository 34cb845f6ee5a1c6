"""What rejects over all loads look like on the wire."""

from pydantic import BaseModel, Field

from ...http.field_types import AnsweredTimestamp as Timestamp
from ...http.paging import PageModel
from ..kinds import Kind
from ..models import Reason
from ..words import RejectState


class TrackedReject(BaseModel):
    """A rejected row and what became of it; or a visit that waits for its customer, and is no reject yet.

    Where a mend failed, column, reason, value and row are as it left them.
    """

    id: int
    load: int
    kind: Kind
    line: int
    column: str | None
    reason: Reason
    value: str | None
    state: RejectState
    mended_by: int | None = Field(description="The load that took the row")
    last_mend: int | None = Field(description="The last load that tried to, or that is at it")
    dropped_by: str | None
    settled_at: Timestamp | None = Field(description="When it was mended or dropped")
    row: str
    cells: dict[str, str | None] | None = Field(
        None,
        description="With cells=true: the row by our columns, as a mend takes them; null is no such field",
        examples=[{"id": "7", "nome": "Bia", "email": "nobody", "telefone": None}],
    )


class TrackedRejectPage(PageModel):
    rejects: list[TrackedReject]


class RejectCount(BaseModel):
    reason: Reason
    column: str | None
    value: str | None
    rows: int = Field(ge=1)


class RejectCounts(BaseModel):
    counts: list[RejectCount] = Field(description="Most rows first, up to `limit`")
    groups: int = Field(description="How many there are in all")
    rows: int = Field(description="Of all groups")
