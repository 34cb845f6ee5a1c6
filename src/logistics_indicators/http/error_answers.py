"""Every error becomes an answer here: a problem, or for a browser at an unknown path a page."""

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

import asyncpg
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from ..errors import DATABASE_FAILURES, DatabaseFailure, FieldError, Problem, problem_response
from .field_words import said_of
from .not_found_page import not_found_page, wants_page

log = structlog.get_logger()

UNPARSABLE = "There was an error parsing the body"
"""FastAPI's word for JSON that fails in another way than by its syntax."""

METHOD_NOT_ALLOWED = "This path does not take that method; the Allow header names those it takes."
MOST_FIELD_ERRORS = 50
MOST_LOOKED_AT = 500
LONGEST_NAME = 100


def install_error_handlers(app: FastAPI) -> None:
    app.add_exception_handler(Problem, answer_problem)
    app.add_exception_handler(HTTPException, _answer_http_exception)
    app.add_exception_handler(ClientDisconnect, _answer_nobody)
    app.add_exception_handler(RequestValidationError, _answer_validation_error)
    for failure in DATABASE_FAILURES:
        app.add_exception_handler(failure, answer_database_failure)
    app.add_exception_handler(asyncpg.DataError, _answer_unstorable)


async def answer_problem(request: Request, error: Exception) -> Response:
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
    """Each error once: FastAPI tells it as often as the route asks for the filter that it is of."""
    assert isinstance(error, RequestValidationError)
    fields: dict[tuple[object, ...], FieldError] = {}
    for each in islice(error.errors(), MOST_LOOKED_AT):
        field = FieldError(loc=_place(request, each["loc"]), msg=_message(request, each))
        fields.setdefault((*field.loc, field.msg), field)
        if len(fields) == MOST_FIELD_ERRORS:
            break
    detail = "The request has fields that cannot be taken; see errors."
    return problem_response(422, detail, errors=list(fields.values()))


def _message(request: Request, error: Mapping[str, Any]) -> str:
    """pydantic's sentence; for an unknown field of the body one that names those which exist."""
    body = getattr(request.scope.get("route"), "body_field", None)
    model = body.field_info.annotation if body is not None else None
    if error["type"] == "extra_forbidden" and isinstance(model, type) and issubclass(model, BaseModel):
        return unknown_field(model)
    return said_of(error)


def unknown_field(model: type[BaseModel]) -> str:
    return f"unknown field; there are: {', '.join(sorted(model.model_fields))}"


def _place(request: Request, loc: Sequence[str | int]) -> list[str | int]:
    """Which value of a query parameter it is, only where it was given several times."""
    if len(loc) == 3 and loc[0] == "query" and len(request.query_params.getlist(str(loc[1]))) == 1:
        loc = loc[:2]
    return [_printable(part) for part in loc]


def _printable(part: str | int) -> str | int:
    """A field's name came from the client: lone surrogates cannot be answered, and length has no bound."""
    return part if isinstance(part, int) else part[:LONGEST_NAME].encode("utf-8", "replace").decode()


async def _answer_nobody(request: Request, error: Exception) -> Response:
    """The client is gone, but the log and the metrics tell of it."""
    return problem_response(400, "The client went away before there was an answer.")


async def _answer_unstorable(request: Request, error: Exception) -> Response:
    """A net below the models' own bounds: what PostgreSQL cannot take for a value is the client's to mend."""
    log.info("unstorable_value", error=type(error).__name__)
    return problem_response(422, "The request has a value that cannot be stored or compared.")


async def answer_database_failure(request: Request, error: Exception) -> Response:
    if isinstance(error, asyncpg.InterfaceError) and isinstance(error, ValueError):
        return await _answer_unstorable(request, error)  # asyncpg could not encode a parameter
    log.warning("database_failure", error=type(error).__name__, exc_info=error)
    return await answer_problem(request, DatabaseFailure.of(error))


def unexpected_problem(request_id: str | None) -> Response:
    """Says nothing of what broke. The access log writes the traceback under the same request id."""
    detail = "Something broke on our side. Name the request id when you report it."
    return problem_response(500, detail, request_id=request_id)
