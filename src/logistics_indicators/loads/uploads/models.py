"""What an upload looks like on the wire, beside the headers of tus."""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from ...errors import ProblemDetail
from ...http.field_types import AnsweredTimestamp as Timestamp
from ..kinds import Kind
from .storing import StoredUpload

Status = Literal["receiving", "whole", "loaded", "refused"]


class Upload(BaseModel):
    """A file that comes in pieces. It is `whole` for the moment between its last byte and its load."""

    id: UUID
    kind: Kind
    filename: str | None
    status: Status
    length: int = Field(description="Bytes that the file has, as it is sent")
    offset: int = Field(description="Bytes that are durable; the next request begins there")
    created_at: Timestamp
    expires_at: Timestamp = Field(description="UTC; moved on by every request that brings bytes")
    load_id: int | None = Field(description="The load that it became: /v1/loads/{load_id}")
    error: ProblemDetail | None = Field(description="Why it can be no load: what a batch route would have answered")

    @classmethod
    def of(cls, upload: StoredUpload) -> "Upload":
        return cls(
            id=upload.id,
            kind=upload.told.kind,
            filename=upload.told.filename,
            status=status_of(upload),
            length=upload.length,
            offset=upload.received,
            created_at=upload.created_at,
            expires_at=upload.expires_at,
            load_id=upload.load_id,
            error=None if upload.problem is None else ProblemDetail.model_validate(upload.problem),
        )


def status_of(upload: StoredUpload) -> Status:
    if not upload.is_whole:
        return "receiving"
    if upload.load_id is not None:
        return "loaded"
    return "whole" if upload.problem is None else "refused"
