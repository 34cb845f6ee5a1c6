"""/docs, /redoc and /openapi.json, from our own assets: they need no internet."""

import hashlib
import os
from pathlib import Path

import orjson
from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from .openapi import install_openapi

FOLDER = Path(__file__).parent
ONE_DAY = "public, max-age=86400"

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
    app.include_router(router)


@router.get("/", operation_id="root")
async def root() -> RedirectResponse:
    return RedirectResponse("docs", status_code=307)


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
    document = request.app.openapi()
    if prefix := request.scope.get("root_path", "").rstrip("/"):
        document = document | {"servers": [{"url": prefix}]}
    body = orjson.dumps(document)
    headers = {"ETag": f'"{hashlib.blake2s(body, digest_size=12).hexdigest()}"', "Cache-Control": "no-cache"}
    if headers["ETag"] in request.headers.get("If-None-Match", ""):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)
