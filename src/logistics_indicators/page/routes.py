"""`/` and `/assets/{hash}/…`: the page, from our own files, so that it needs no other host."""

from mimetypes import guess_type

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse, Response

from ..http.compression import accepts_gzip
from .files import FILES, LINKED, body_of, hash_of_files, packed

FOR_EVER = "public, max-age=31536000, immutable"
router = APIRouter(include_in_schema=False)


def page_of(version: str) -> bytes:
    """index.html with the addresses of this version."""
    return body_of("index.html").replace(b"assets/now/", f"assets/{version}/".encode())


VERSION = hash_of_files()
PAGE = page_of(VERSION)


@router.get("/", operation_id="page")
async def page() -> HTMLResponse:
    return HTMLResponse(PAGE, headers={"Cache-Control": "no-cache"})


@router.get("/assets/{version}/{path:path}", operation_id="page_asset")
async def page_asset(version: str, path: str, request: Request) -> Response:
    """A browser keeps them: another version has another address.

    Another version's address answers with the file that is here, for a tab that was open during an upgrade; but that
    is kept by nobody.
    """
    if path not in FILES and path != LINKED:
        raise HTTPException(404)
    headers = {"Cache-Control": FOR_EVER if version == VERSION else "no-cache"}
    body = body_of(path)
    if accepts_gzip(request.headers.get("Accept-Encoding", "")):
        body, headers["Content-Encoding"] = packed(path), "gzip"
    return Response(body, headers=headers, media_type=guess_type(path)[0])
