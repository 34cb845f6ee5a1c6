"""/docs, /redoc, /openapi.json and /openapi.yaml, from our own assets: they need no internet."""

import os
from pathlib import Path

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from ..http.compression import accepts_gzip
from .openapi import install_openapi
from .published import Published, PublishedDocument
from .well_known import ONE_DAY
from .well_known import router as well_known_router

FOLDER = Path(__file__).parent

router = APIRouter(include_in_schema=False)


class CachedFiles(StaticFiles):
    """A browser keeps them for a day, and then asks again by ETag."""

    def file_response(
        self,
        full_path: str | os.PathLike[str],
        stat_result: os.stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers["Cache-Control"] = ONE_DAY
        return response


ASSETS = CachedFiles(directory=FOLDER / "assets")


def install_documentation(app: FastAPI) -> None:
    install_openapi(app)
    app.state.document = PublishedDocument(app)
    for each in ROUTERS:
        app.include_router(each)


@router.get("/docs", operation_id="docs")
async def docs() -> HTMLResponse:
    return HTMLResponse((FOLDER / "swagger_ui.html").read_bytes())


@router.get("/docs/assets/{name}", operation_id="documentation_asset")
async def asset(name: str, request: Request) -> Response:
    return await ASSETS.get_response(name, request.scope)


@router.get("/redoc", operation_id="redoc")
async def redoc() -> HTMLResponse:
    return HTMLResponse((FOLDER / "redoc.html").read_bytes())


@router.get("/openapi.json", operation_id="openapi")
async def openapi(request: Request) -> Response:
    return _answer(request, await request.app.state.document.json(_prefix(request)))


@router.get("/openapi.yaml", operation_id="openapi_yaml")
async def openapi_yaml(request: Request) -> Response:
    return _answer(request, await request.app.state.document.yaml(_prefix(request)))


def _prefix(request: Request) -> str:
    return str(request.scope.get("root_path", "")).rstrip("/")


def _answer(request: Request, document: Published) -> Response:
    headers = {"ETag": document.etag, "Cache-Control": "no-cache"}
    if document.etag in request.headers.get("If-None-Match", ""):
        return Response(status_code=304, headers=headers)
    if accepts_gzip(request.headers.get("Accept-Encoding", "")):
        packed = headers | {"Content-Encoding": "gzip"}
        return Response(document.packed, media_type=document.media_type, headers=packed)
    return Response(document.body, media_type=document.media_type, headers=headers)


ROUTERS = (router, well_known_router)
