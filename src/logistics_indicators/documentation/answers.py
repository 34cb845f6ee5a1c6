"""What can be answered beside what a route says of itself: the errors that hold for every route, and the headers."""

from collections.abc import Iterator, Mapping
from typing import Any

from ..errors import PROBLEM_JSON, phrase_of

Json = dict[str, Any]

JSON = "application/json"
OTHER_CONTENT = "x-other-content"
"""Of a response: what it is where the request asks for something else than JSON, in the form of `content`."""

ANY_OTHER_ERROR = {
    "description": "Any other error: 400 and 501 for a request that is malformed, 404 where there is nothing, 405 for "
    "another method, 414 and 431 for too long an address or too many headers",
}


def _header(description: str, **schema: object) -> Json:
    return {"description": description, "schema": {"type": "string", **schema}}


HEADERS: Mapping[str, Json] = {
    "X-Request-ID": _header("Names the request in the service's log; your own where you sent one"),
    "Allow": _header("On a 405: the methods that the path takes"),
    "Cache-Control": _header("private, no-cache: ask again each time, with the ETag"),
    "Content-Disposition": _header("Of a file: what to call it", examples=['attachment; filename="services.csv"']),
    "ETag": _header("Names this version of the answer; send it back as If-None-Match", examples=['"1234"']),
    "Retry-After": _header("Seconds after which it is worth asking again", examples=["5"]),
    "Tus-Resumable": _header("The protocol's version", enum=["1.0.0"]),
    "Tus-Version": _header("The versions of tus that are spoken here"),
    "Upload-Offset": _header("Bytes that are durable"),
    "WWW-Authenticate": _header("Bearer: a token is wanted", examples=["Bearer"]),
}
"""Those that a rule below adds, by name; they stand once, in the components."""

IF_NONE_MATCH: Json = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "The ETag of the answer that you have; 304 where it is still the current one",
    "schema": {"type": "string", "examples": ['"1234"']},
}

OF_ERRORS = {
    "401": ("WWW-Authenticate",),
    "423": ("Retry-After",),
    "429": ("Retry-After",),
    "503": ("Retry-After",),
    "default": ("Allow",),
}
UPLOADS = "uploads"
OF_UPLOADS = {"409": ("Upload-Offset",), "412": ("Tus-Version",)}
"""Beside Tus-Resumable, by which an answer of tus is known."""


def complete(operation: Json) -> None:
    """Writes into an operation what holds for it by rule, and not by its route."""
    responses = operation["responses"]
    if JSON in responses.get("422", {}).get("content", {}):  # FastAPI's own is not ours
        del responses["422"]
    for status in _errors_of_every(operation):
        responses.setdefault(str(status), {"description": phrase_of(status), "content": _problem()})
    operation["responses"] = responses = {status: responses[status] for status in sorted(responses)}
    responses["default"] = ANY_OTHER_ERROR | {"content": _problem()}
    if "304" in responses:
        operation.setdefault("parameters", []).append(IF_NONE_MATCH)
    for status, response in responses.items():
        _set_files_apart(response)
        references = {name: {"$ref": f"#/components/headers/{name}"} for name in _headers_of(operation, status)}
        responses[status] = response | {"headers": {**response.get("headers", {}), **references}}


def _problem() -> Json:
    return {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/ProblemDetail"}}}


def _errors_of_every(operation: Json) -> Iterator[int]:
    """What may be answered before its route is asked, or instead of it."""
    if operation.get("security"):
        yield from (401, 403)
    if "requestBody" in operation:
        yield from (408, 413, 415)
    yield from (422, 500, 503)


def _headers_of(operation: Json, status: str) -> Iterator[str]:
    response = operation["responses"][status]
    if PROBLEM_JSON in response.get("content", {}):
        yield from OF_ERRORS.get(status, ())
    if "304" in operation["responses"] and status in ("200", "304"):
        yield from ("ETag", "Cache-Control")
    if OTHER_CONTENT in response and "text/csv" in response[OTHER_CONTENT]:
        yield "Content-Disposition"
    if UPLOADS in operation["tags"]:
        yield from ("Tus-Resumable", *OF_UPLOADS.get(status, ()))
    yield "X-Request-ID"


def _set_files_apart(response: Json) -> None:
    """Where JSON is answered unless a file is asked for, the content is JSON alone.

    Generators of clients give an answer one type: the first content's, or one of all of them that fits none.
    """
    content = response.get("content", {})
    if JSON in content and len(content) > 1:
        response["content"] = {JSON: content[JSON]}
        response[OTHER_CONTENT] = {media_type: media for media_type, media in content.items() if media_type != JSON}
