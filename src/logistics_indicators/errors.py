"""One error shape for the whole service: RFC 9457 problem+json, answered by one handler."""

import asyncio
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import asyncpg
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from .not_found_page import not_found_page, wants_page

log = structlog.get_logger()

PROBLEM_JSON = "application/problem+json"
UNPARSABLE = "There was an error parsing the body"
"""FastAPI's word for JSON that fails in another way than by its syntax."""

METHOD_NOT_ALLOWED = "This path does not take that method; the Allow header names those it takes."
MOST_FIELD_ERRORS = 50
LONGEST_NAME = 100


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

    status = HTTPStatus.INTERNAL_SERVER_ERROR
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


class DatabaseUnavailable(Problem):
    status = HTTPStatus.SERVICE_UNAVAILABLE
    headers = {"Retry-After": "1"}

    def __init__(self) -> None:
        super().__init__("The database does not answer. Try again in a moment.")


DATABASE_AWAY = (
    ConnectionError,
    FileNotFoundError,  # the embedded server's socket, between two servers
    asyncpg.PostgresConnectionError,
    asyncpg.exceptions.OperatorInterventionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a session that the server has ended already, asked once more
    asyncpg.TooManyConnectionsError,
)
"""What asyncpg raises where the server is gone, going, or not yet there."""


def problem_response(
    status: int,
    detail: str,
    *,
    errors: Sequence[FieldError] = (),
    headers: Mapping[str, str] | None = None,
    request_id: str | None = None,
) -> Response:
    problem = ProblemDetail(
        title=HTTPStatus(status).phrase,
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
            "description": HTTPStatus(status).phrase,
            "content": {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/ProblemDetail"}}},
        }
        for status in statuses
    }


def install_error_handlers(app: FastAPI) -> None:
    app.add_exception_handler(Problem, _answer_problem)
    app.add_exception_handler(HTTPException, _answer_http_exception)
    app.add_exception_handler(RequestValidationError, _answer_validation_error)
    for error in (*DATABASE_AWAY, TimeoutError, asyncio.TimeoutError):
        app.add_exception_handler(error, _answer_database_away)
    for error in (asyncpg.QueryCanceledError, asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
        app.add_exception_handler(error, _answer_database_away)
    for error in (asyncpg.DataError, asyncpg.exceptions._base.DataError):
        app.add_exception_handler(error, _answer_unstorable)


async def _answer_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return problem_response(error.status, error.detail, errors=error.errors, headers=error.headers)


async def _answer_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 400 and error.detail == UNPARSABLE:
        return problem_response(422, "The body cannot be read as JSON: too deep, too long a number, or not UTF-8.")
    if error.status_code == 404 and wants_page(request.headers.get("Accept", "")):
        return not_found_page(request)
    detail = {
        404: "There is nothing at this path.",
        405: METHOD_NOT_ALLOWED,
    }.get(error.status_code, str(error.detail))
    vary = {"Vary": "Accept"} if error.status_code == 404 else {}
    return problem_response(error.status_code, detail, headers=vary | dict(error.headers or {}))


async def _answer_validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    found = error.errors()[:MOST_FIELD_ERRORS]
    fields = [FieldError(loc=[_printable(part) for part in e["loc"]], msg=_message(request, e)) for e in found]
    return problem_response(422, "The request has fields that cannot be taken; see errors.", errors=fields)


def _message(request: Request, error: Mapping[str, Any]) -> str:
    """pydantic's sentence; for an unknown field of the body one that names those which exist."""
    body = getattr(request.scope.get("route"), "body_field", None)
    model = body.field_info.annotation if body is not None else None
    if error["type"] == "extra_forbidden" and isinstance(model, type) and issubclass(model, BaseModel):
        return f"unknown field; there are: {', '.join(sorted(model.model_fields))}"
    return str(error["msg"]).removeprefix("Value error, ")


def _printable(part: str | int) -> str | int:
    """A field's name came from the client: lone surrogates cannot be answered, and length has no bound."""
    return part if isinstance(part, int) else part[:LONGEST_NAME].encode("utf-8", "replace").decode()


async def _answer_unstorable(request: Request, error: Exception) -> Response:
    """A net below the models' own bounds: what PostgreSQL cannot take for a value is the client's to mend."""
    log.warning("unstorable_value", error=type(error).__name__, exc_info=error)
    return problem_response(422, "The request has a value that cannot be stored or compared.")


async def _answer_database_away(request: Request, error: Exception) -> Response:
    log.warning("database_unavailable", error=type(error).__name__, exc_info=error)
    away = DatabaseUnavailable()
    return problem_response(away.status, away.detail, headers=away.headers)


def unexpected_problem(request_id: str | None) -> Response:
    """Says nothing of what broke. The access log writes the traceback under the same request id."""
    detail = "Something broke on our side. Name the request id when you report it."
    return problem_response(500, detail, request_id=request_id)
