"""Reads a sign-in's body, which may be JSON or OAuth2's password form."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from starlette.exceptions import HTTPException

from ..errors import Unprocessable, UnsupportedMediaType
from ..http.error_answers import unknown_field
from ..http.media_types import JSON
from ..http.strict_json import doubled, first_doubled, refuse_in
from .models import Credentials, PasswordForm

FORM = "application/x-www-form-urlencoded"
MOST_FIELDS = 20


def _schema(model: type[BaseModel]) -> dict[str, Any]:
    return model.model_json_schema(ref_template="#/components/schemas/{model}")


REQUEST_BODY = {"required": True, "content": {JSON: {"schema": _schema(Credentials)}}}
"""OpenAPI of the body, which FastAPI cannot see. One type alone, or generators make two functions, or none; the form is
what the security scheme's tokenUrl takes."""


async def read_credentials(request: Request) -> Credentials:
    kind = request.headers.get("Content-Type", JSON).partition(";")[0].strip().lower()
    try:
        if kind == JSON:
            refuse_in(await request.body())
            with _told_of(Credentials):
                return Credentials.model_validate_json(await request.body())
        if kind == FORM:
            form = await request.form(max_fields=MOST_FIELDS)
            if (name := first_doubled(name for name, _ in form.multi_items())) is not None:
                raise doubled(name)
            with _told_of(PasswordForm):
                return PasswordForm.model_validate(dict(form.multi_items()))
    except HTTPException as error:  # Starlette's word for a form that cannot be parsed
        raise Unprocessable.field("body", msg=str(error.detail)) from None
    raise UnsupportedMediaType(f"Send {JSON} or {FORM}.")


@contextmanager
def _told_of(model: type[BaseModel]) -> Iterator[None]:
    """As FastAPI tells of a body that it reads itself."""
    try:
        yield
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
        raise RequestValidationError([_in_the_body(model, e) for e in found]) from None


def _in_the_body(model: type[BaseModel], error: ErrorDetails) -> dict[str, Any]:
    of_unknown = {"msg": unknown_field(model)} if error["type"] == "extra_forbidden" else {}
    return {**error, "loc": ("body", *error["loc"]), **of_unknown}


GivenCredentials = Annotated[Credentials, Depends(read_credentials)]
