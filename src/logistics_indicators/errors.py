"""What can go wrong, as a client sees it: RFC 9457 problem+json."""

import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import asyncpg
import structlog
from fastapi import Response
from pydantic import BaseModel, ConfigDict, Field

log = structlog.get_logger()

PROBLEM_JSON = "application/problem+json"


PHRASES = {413: "Content Too Large", 414: "URI Too Long", 422: "Unprocessable Content", 460: "Checksum Mismatch"}
"""RFC 9110's, where Python before 3.13 has older ones; and of tus, the protocol of resumable uploads."""


def phrase_of(status: int) -> str:
    return PHRASES.get(status) or HTTPStatus(status).phrase


class FieldError(BaseModel):
    loc: list[str | int] = Field(description="Where: query, path or body, then the field's name")
    msg: str


class ProblemDetail(BaseModel):
    """RFC 9457."""

    model_config = ConfigDict(extra="allow")

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: list[FieldError] | None = None
    request_id: str | None = Field(None, description="On a 500: names the log line that says what broke")


class Problem(Exception):
    """Base of every error that a client sees. The class knows its status and title."""

    status: int = HTTPStatus.INTERNAL_SERVER_ERROR
    headers: Mapping[str, str] = {}

    def __init__(
        self, detail: str, *, errors: Sequence[FieldError] = (), headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = list(errors)
        self.headers = {**type(self).headers, **(headers or {})}


class BadRequest(Problem):
    status = HTTPStatus.BAD_REQUEST


class Unauthorized(Problem):
    status = HTTPStatus.UNAUTHORIZED
    headers = {"WWW-Authenticate": "Bearer"}


class Forbidden(Problem):
    status = HTTPStatus.FORBIDDEN


class NotFound(Problem):
    status = HTTPStatus.NOT_FOUND


class Conflict(Problem):
    status = HTTPStatus.CONFLICT


class ContentTooLarge(Problem):
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class UnsupportedMediaType(Problem):
    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE


class Unprocessable(Problem):
    status = HTTPStatus.UNPROCESSABLE_ENTITY

    @classmethod
    def field(cls, *loc: str | int, msg: str) -> "Unprocessable":
        """The shape of a validation error, for a rule that only the service can check."""
        return cls(msg, errors=[FieldError(loc=list(loc), msg=msg)])


class TooManyRequests(Problem):
    status = HTTPStatus.TOO_MANY_REQUESTS


class InsufficientStorage(Problem):
    status = HTTPStatus.INSUFFICIENT_STORAGE


class ExportsBusy(Problem):
    """As many exports run already as this process takes at once."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    headers = {"Retry-After": "5"}

    def __init__(self) -> None:
        super().__init__("Other exports are running; try again in a moment.")


class DatabaseFailure(Problem):
    """Nothing is wrong with the request: sent again, it may well succeed."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    headers = {"Retry-After": "1"}
    what = "The database does not answer."
    then = "Try again in a moment."

    def __init__(self) -> None:
        super().__init__(f"{self.what} {self.then}")

    @staticmethod
    def of(error: Exception) -> "DatabaseFailure":
        """The failure that one of DATABASE_FAILURES is told as."""
        if isinstance(error, asyncpg.ReadOnlySQLTransactionError):
            return DatabaseMoved() if MOVED in str(error) else DatabaseReadOnly()
        if isinstance(error, LOCKED):
            return DatabaseLocked()
        if isinstance(error, CHANGED):
            return DatabaseChanged()
        return DatabaseBusy() if isinstance(error, TOO_SLOW) else DatabaseFailure()


class DatabaseLocked(DatabaseFailure):
    what = "Another request, or a load, is changing what this one needs, and was waited for in vain."


class DatabaseChanged(DatabaseFailure):
    what = "The database was brought up to a later version this moment."


class DatabaseBusy(DatabaseFailure):
    what = "The database is too busy to do this in time."


class DatabaseReadOnly(DatabaseFailure):
    headers = {"Retry-After": "10"}
    what = "The database takes no changes for now; what is there can be read."


MOVED = "the database takes no changes: it was moved to another server"
"""What PostgreSQL says to who writes into one that a move shut for good; its hint says where that server is."""


class DatabaseMoved(DatabaseReadOnly):
    what = "The database was moved to another server, and takes no changes here any more; what is there can be read."
    then = "Whoever runs the service starts it on the new one: its log says where that is."


DATABASE_AWAY = (
    ConnectionError,
    FileNotFoundError,  # the embedded server's socket, between two servers
    asyncpg.PostgresConnectionError,
    asyncpg.exceptions.OperatorInterventionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a session that the server has ended already, asked once more
    asyncpg.TooManyConnectionsError,
    asyncpg.ReadOnlySQLTransactionError,  # it is being moved, or is a standby that was not promoted yet
)
"""What asyncpg raises where the server is gone, going, not yet there, or takes no changes."""

LOCKED = (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError)
"""Somebody else held a lock for longer than lock_timeout, or waited for one of ours."""

TOO_SLOW = (TimeoutError, asyncpg.QueryCanceledError)
"""No connection came free in time, or a statement was ended by statement_timeout (or by the database's admin)."""

CHANGED = (asyncpg.InvalidCachedStatementError,)
"""A later version changed a table since a statement on it was prepared. Asked again, it is prepared anew."""

DATABASE_FAILURES = (*DATABASE_AWAY, *LOCKED, *TOO_SLOW, *CHANGED)
"""All of what is told as a DatabaseFailure."""


def problem_response(
    status: int,
    detail: str,
    *,
    errors: Sequence[FieldError] = (),
    headers: Mapping[str, str] | None = None,
    request_id: str | None = None,
) -> Response:
    problem = ProblemDetail(
        title=phrase_of(status),
        status=status,
        detail=detail,
        errors=list(errors) or None,
        request_id=request_id,
    )
    return Response(
        problem.model_dump_json(exclude_none=True),
        status_code=status,
        headers=dict(headers or {}),
        media_type=PROBLEM_JSON,
    )


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """OpenAPI `responses` of a route that may answer these statuses with a problem."""
    return {
        status: {
            "description": phrase_of(status),
            "content": {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/ProblemDetail"}}},
        }
        for status in statuses
    }


def location_of(description: str) -> dict[str, Any]:
    """OpenAPI response of what was made and has an address of its own."""
    return {"headers": {"Location": {"schema": {"type": "string"}, "description": description}}}


@contextlib.asynccontextmanager
async def first_error() -> AsyncIterator[None]:
    """Around a TaskGroup: its first error instead of the group, which no exception handler matches."""
    try:
        yield
    except BaseExceptionGroup as group:
        raise group.exceptions[0] from None
