"""What a load looks like on the wire."""

from typing import Literal

from pydantic import BaseModel, Field

from ..http.field_types import AnsweredTimestamp as Timestamp
from ..http.paging import PageModel
from .effect_models import Effect
from .kinds import Kind
from .words import Encoding, OnConflict
from .words import Reason as Reason
from .words import UnknownCustomer as UnknownCustomer

Status = Literal["received", "loading", "completed", "failed", "undone"]
ENDED: tuple[Status, ...] = ("completed", "failed", "undone")


class RejectSummary(BaseModel):
    reason: Reason
    rows: int = Field(ge=1)
    first_line: int = Field(ge=1, description="Line of the file, row of the sheet, place in the batch; the first is 1")


class Load(BaseModel):
    """A file's way into the tables. At the end, read = inserted + updated + unchanged + rejected + waiting."""

    id: int
    kind: Kind
    status: Status
    filename: str | None
    bytes: int = Field(description="Size of the file, unpacked; of a workbook, as it is")
    sha256: str = Field(description="Of the file, likewise")
    format: Literal["csv", "xlsx", "json", "ndjson", "parquet"] = Field(description="What the file was sent as")
    sheet: str | None = Field(description="Of a workbook: the one that was read")
    encoding: Encoding
    delimiter: str
    header: str | None = Field(
        description="The file's header as it was sent, null where it has none; of a long one, so much, and …"
    )
    columns: dict[str, str] = Field(
        description="Our columns to the file's names of them; without a header, to their places",
        examples=[{"id": "id_atendimento", "angel": "Técnico"}],
    )
    ignored: list[str] = Field(
        description="Columns of the file that were passed over; of long names and of many, so much, and …"
    )
    validate_only: bool
    on_conflict: OnConflict
    max_rejects: int | None
    preset: str | None = Field(
        None, description="Name of the preset by which the file was read, asked for or by its header"
    )
    mends: int | None = Field(description="The load whose rejects these rows are, where it mends another")
    confirms: int | None = Field(None, description="The load with validate_only whose file this is")
    unknown_customer: UnknownCustomer
    rows_read: int
    rows_inserted: int
    rows_updated: int
    rows_unchanged: int
    rows_rejected: int
    rows_waiting: int = Field(description="Visits that wait for their customer; they are tried when it comes")
    rejects_stored: int = Field(description="Rejected rows that are kept: the first ones, as many as may be")
    rejects: list[RejectSummary]
    dates: dict[str, dict[str, int]] = Field(
        description="Dates by column and spelling; `ambiguous` counts those whose day and month could be swapped"
    )
    warnings: list[str]
    progress: float = Field(ge=0, le=1)
    rows_per_second: int | None
    received_at: Timestamp
    started_at: Timestamp | None
    finished_at: Timestamp | None
    user: str | None
    error: str | None = None
    effect: Effect | None = Field(
        None,
        description="Of a completed load of visits: what it did to the figures; of validate_only, what it would do",
    )


class ReceivedLoad(BaseModel):
    message: str = Field(examples=["received load"])
    load: Load = Field(description="Of the file, or of the first table in a zip")
    loads: list[Load] = Field(description="Of all tables of the file, in order: several only of a zip")


class LoadPage(PageModel):
    loads: list[Load]


class Reject(BaseModel):
    line: int
    column: str | None
    reason: Reason
    value: str | None
    row: str


class RejectPage(PageModel):
    rejects: list[Reject]
