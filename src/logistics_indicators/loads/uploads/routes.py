"""/v1/uploads: resumable uploads by tus 1.0, for tus-js-client, Uppy, tuspy and others."""

import contextlib
from collections.abc import AsyncIterator
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Request, Response
from pydantic import BeforeValidator, Field

from ...accounts.current_user import Analyst, User, peer_address
from ...database import PoolOfApp
from ...errors import BadRequest, Problem, Unprocessable, UnsupportedMediaType, problems
from ..receiving.bodies import empty_file
from ..receiving.unpacking import too_large
from . import storing
from .appending import Appender, too_much
from .metadata import read_metadata, with_preset_of
from .models import Upload
from .protocol import (
    ALGORITHMS,
    CONTENT_TYPE,
    EXTENSIONS,
    UPLOADS_PATH,
    VERSION,
    Checksum,
    OtherVersion,
    http_date,
)
from .storing import StoredUpload

router = APIRouter(prefix=UPLOADS_PATH, tags=["uploads"])

TusVersion = Annotated[
    str | None,
    Header(
        alias="Tus-Resumable",
        description="The protocol's version",
        examples=[VERSION],
        json_schema_extra={"enum": [VERSION]},
    ),
]


async def _require_version(version: TusVersion = None) -> None:
    if version != VERSION:
        raise OtherVersion


async def _refuse_other_version(version: TusVersion = None) -> None:
    """To read, one need not speak tus."""
    if version not in (None, VERSION):
        raise OtherVersion


SpeaksTus = Depends(_require_version)
MaySpeakTus = Depends(_refuse_other_version)

MOST_BYTES = 2**53 - 1


def _most_at_most(told: object) -> object:
    """A number above MOST_BYTES is answered as MOST_BYTES is: no file has as many."""
    if isinstance(told, str) and told.isascii() and told.isdigit():
        return min(int(told.lstrip("0")[:17] or 0), MOST_BYTES)  # a digit more than it has, of however many
    return told


Bytes = Annotated[Annotated[int, Field(ge=0, le=MOST_BYTES)], BeforeValidator(_most_at_most)]
Length = Annotated[Bytes | None, Header(alias="Upload-Length", description="Of the file, as it is sent; required")]
Offset = Annotated[Bytes, Header(alias="Upload-Offset", description="Where these bytes begin: what HEAD says")]
Metadata = Annotated[
    str | None,
    Header(
        alias="Upload-Metadata",
        description="Pairs of a name and a text in base64, separated by commas. `kind` is required, `filename` shown; "
        "the others are the parameters of a batch route: `delimiter`, `encoding`, `on_conflict` and so on",
        examples=["kind Y3VzdG9tZXJz,filename Y2xpZW50ZXMuY3N2"],
    ),
]
ChecksumHeader = Annotated[
    str | None,
    Header(
        alias="Upload-Checksum",
        description="sha256 or sha1, a blank, and the checksum of this body in base64",
        json_schema_extra={"maxLength": 64},
    ),
]

TEXT = {"schema": {"type": "string"}}
OFFSET = {"Upload-Offset": {**TEXT, "description": "Bytes that are durable"}}
EXPIRES = {"Upload-Expires": {**TEXT, "description": "When it goes unless more comes"}}
LOAD = {"Location": {**TEXT, "description": "Once the last byte is durable: the load, /v1/loads/{id}"}}
AS_BEGUN = {
    "Upload-Length": {**TEXT, "description": "Bytes that the file has"},
    "Upload-Metadata": {**TEXT, "description": "As it was sent"},
}
PIECE: dict[str, Any] = {
    "requestBody": {"content": {CONTENT_TYPE: {"schema": {"type": "string", "format": "binary"}}}},
}


def _headers(upload: StoredUpload) -> dict[str, str]:
    """Of every answer that tells of an upload."""
    headers = {
        "Upload-Offset": str(upload.received),
        "Upload-Expires": http_date(upload.expires_at),
        "Cache-Control": "no-store",
    }
    return headers | ({"Location": f"/v1/loads/{upload.load_id}"} if upload.load_id is not None else {})


def _capabilities(request: Request) -> Response:
    headers = {
        "Tus-Version": VERSION,
        "Tus-Extension": EXTENSIONS,
        "Tus-Checksum-Algorithm": ",".join(ALGORITHMS),
        "Tus-Max-Size": str(request.app.state.settings.load_max_bytes),
    }
    return Response(status_code=204, headers=headers)


CAPABILITIES: dict[str, Any] = {
    "status_code": 204,
    "summary": "What of tus is spoken here",
    "description": "Tus-Version, Tus-Extension, Tus-Max-Size and Tus-Checksum-Algorithm. Needs no token.",
    "response_class": Response,
    "responses": {
        204: {
            "headers": {
                "Tus-Version": {**TEXT, "description": "The versions of tus that are spoken here"},
                "Tus-Extension": {**TEXT, "description": "Its extensions that are"},
                "Tus-Max-Size": {**TEXT, "description": "Most bytes of a file"},
                "Tus-Checksum-Algorithm": {**TEXT, "description": "Those that Upload-Checksum may name"},
            }
        }
    },
}


@router.options("", operation_id="ask_uploads", **CAPABILITIES)
async def ask_uploads(request: Request) -> Response:
    return _capabilities(request)


@router.options("/{upload_id}", operation_id="ask_upload", **CAPABILITIES)
async def ask_upload(request: Request, upload_id: UUID) -> Response:
    return _capabilities(request)


@router.post(
    "",
    status_code=201,
    operation_id="create_upload",
    dependencies=[SpeaksTus],
    responses={
        201: {"headers": {"Location": {**TEXT, "description": "The upload: /v1/uploads/{id}"}, **OFFSET, **EXPIRES}},
        **problems(400, 401, 403, 408, 412, 413, 415, 422, 429, 460, 503, 507),
    },
    openapi_extra=PIECE,
)
async def create_upload(
    request: Request,
    response: Response,
    pool: PoolOfApp,
    user: Analyst,
    length: Length = None,
    metadata: Metadata = None,
    checksum: ChecksumHeader = None,
) -> Upload:
    """Begin a resumable upload. With a body, its first bytes come at once (creation-with-upload).

    What the metadata ask for is judged now, with the rules and errors of a batch route.
    """
    length = _length(request, length)
    brings_bytes = _brings_bytes(request)
    promised = Checksum.of_header(checksum)
    told, settings = await with_preset_of(pool, read_metadata(metadata)), request.app.state.settings
    await request.app.state.receiver.room.check(user.id)
    upload = await storing.create(
        pool, user, peer_address(request), told, metadata or "", length, settings.upload_keep_hours
    )
    if brings_bytes:
        async with _removed_where_it_fails(pool, upload):
            upload = await _append(request, upload, 0, user, promised)
    response.headers.update(_headers(upload) | {"Location": f"{UPLOADS_PATH}/{upload.id}"})
    return Upload.of(upload)


def _length(request: Request, length: int | None) -> int:
    for name, instead in (("Upload-Defer-Length", "say the Upload-Length"), ("Upload-Concat", "send the file whole")):
        if name in request.headers:
            raise BadRequest(f"{name} is not taken here: {instead}.")
    _refuse_other_than_digits(request, "Upload-Length")
    if length is None:
        raise Unprocessable.field("header", "Upload-Length", msg="Upload-Length is missing: the bytes of the file")
    if length == 0:
        raise empty_file()
    if length > (most := request.app.state.settings.load_max_bytes):
        raise too_large(most)
    return length


def _refuse_other_than_digits(request: Request, name: str) -> None:
    """tus has no sign, no point and no underscore in a number, where Python has."""
    told = request.headers.get(name, "0")
    if not (told.isascii() and told.isdigit()):
        raise BadRequest(f"{name} is a number in digits alone.")


@contextlib.asynccontextmanager
async def _removed_where_it_fails(pool: PoolOfApp, upload: StoredUpload) -> AsyncIterator[None]:
    """Nobody was told of the upload yet, so nobody could go on with it."""
    try:
        yield
    except Problem:
        await storing.remove(pool, upload.id)
        raise


def _brings_bytes(request: Request) -> bool:
    """Raises UnsupportedMediaType for a body of another type than tus has."""
    headers = request.headers
    if headers.get("content-length", "0") == "0" and "transfer-encoding" not in headers:
        return False
    if headers.get("content-type", "").partition(";")[0].strip().lower() != CONTENT_TYPE:
        raise UnsupportedMediaType(f"The bytes of an upload have Content-Type: {CONTENT_TYPE}.")
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise UnsupportedMediaType("The bytes of an upload are sent as they are. The file itself may be gzip or zip.")
    return True


async def _append(
    request: Request, upload: StoredUpload, offset: int, user: User, checksum: Checksum | None
) -> StoredUpload:
    told = request.headers.get("content-length", "0")
    if offset == upload.received and told.isdecimal() and int(told[:20]) > upload.length - offset:
        raise too_much(upload)  # before it is read
    appender: Appender = request.app.state.appender
    return await appender.append(upload.id, offset, request.stream(), user, checksum)


@router.patch(
    "/{upload_id}",
    status_code=204,
    operation_id="append_to_upload",
    dependencies=[SpeaksTus],
    response_class=Response,
    responses={
        204: {"headers": {**OFFSET, **EXPIRES, **LOAD}},
        **problems(400, 401, 403, 404, 408, 409, 412, 413, 415, 422, 423, 429, 460, 503, 507),
    },
    openapi_extra=PIECE,
)
async def append_to_upload(
    request: Request, pool: PoolOfApp, user: Analyst, upload_id: UUID, offset: Offset, checksum: ChecksumHeader = None
) -> Response:
    """Send the next bytes. They are durable as they come: after a cut, HEAD says where to go on.

    The answer to the last byte comes when the file is a load, and its Location is the load's; a file that can be none
    gets the answer of a batch route, as 415 or 422.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != CONTENT_TYPE:
        raise UnsupportedMediaType(f"The bytes of an upload have Content-Type: {CONTENT_TYPE}.")
    _brings_bytes(request)
    _refuse_other_than_digits(request, "Upload-Offset")
    promised = Checksum.of_header(checksum)
    upload = await storing.find_own(pool, upload_id, user)
    upload = await _append(request, upload, offset, user, promised)
    return Response(status_code=204, headers=_headers(upload))


@router.get(
    "/{upload_id}",
    operation_id="get_upload",
    dependencies=[MaySpeakTus],
    responses={200: {"headers": {**OFFSET, **EXPIRES, **LOAD, **AS_BEGUN}}, **problems(401, 403, 404, 412, 422, 503)},
)
async def get_upload(response: Response, pool: PoolOfApp, user: Analyst, upload_id: UUID) -> Upload:
    """Where it stands. HEAD has it in the headers alone: Upload-Offset is where to go on."""
    upload = await storing.find_own(pool, upload_id, user)
    response.headers.update(_headers(upload) | {"Upload-Length": str(upload.length)})
    if upload.metadata:
        response.headers["Upload-Metadata"] = upload.metadata
    return Upload.of(upload)


@router.delete(
    "/{upload_id}",
    status_code=204,
    operation_id="end_upload",
    dependencies=[SpeaksTus],
    response_class=Response,
    responses=problems(401, 403, 404, 412, 422, 503),
)
async def end_upload(pool: PoolOfApp, user: Analyst, upload_id: UUID) -> Response:
    """Give it up: what came of it goes. A load that it became stays."""
    await storing.find_own(pool, upload_id, user)
    await storing.remove(pool, upload_id)
    return Response(status_code=204)
