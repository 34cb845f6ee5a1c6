"""Reads a sign-in's body, which may be JSON or OAuth2's password form."""

from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException

from ..errors import Unprocessable, UnsupportedMediaType
from .models import Credentials, PasswordForm

FORM = "application/x-www-form-urlencoded"
MOST_FIELDS = 20


def _schema(model: type[BaseModel]) -> dict[str, Any]:
    return model.model_json_schema(ref_template="#/components/schemas/{model}")


REQUEST_BODY = {"required": True, "content": {"application/json": {"schema": _schema(Credentials)}}}
"""OpenAPI of the body, which FastAPI cannot see. One type alone, or generators make two functions, or none; the form is
what the security scheme's tokenUrl takes."""


async def read_credentials(request: Request) -> Credentials:
    kind = request.headers.get("Content-Type", "application/json").partition(";")[0].strip().lower()
    try:
        if kind == "application/json":
            return Credentials.model_validate_json(await request.body())
        if kind == FORM:
            form = await request.form(max_fields=MOST_FIELDS)
            return PasswordForm.model_validate(dict(form.multi_items()))
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
        raise RequestValidationError([{**e, "loc": ("body", *e["loc"])} for e in found]) from None
    except HTTPException as error:  # Starlette's word for a form that cannot be parsed
        raise Unprocessable.field("body", msg=str(error.detail)) from None
    raise UnsupportedMediaType(f"Send application/json or {FORM}.")


GivenCredentials = Annotated[Credentials, Depends(read_credentials)]
