"""`/` and `/assets/{hash}/…`: the page, from our own files, so that it needs no other host."""

import re
from hashlib import sha256
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles

FOLDER = Path(__file__).resolve().parent / "assets"
FOR_EVER = "public, max-age=31536000, immutable"
FIRST_MODULE = "main.js"
STATIC_IMPORT = re.compile(r'^(?:import|export)\b[^;]*?\bfrom "(\.[^"]+)"', re.MULTILINE)

router = APIRouter(include_in_schema=False)


def hash_of_assets() -> str:
    digest = sha256()
    for path in sorted(path for path in FOLDER.rglob("*") if path.is_file()):
        digest.update(path.relative_to(FOLDER).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def first_modules() -> set[Path]:
    """What the first view needs, to be asked for at once and not one import after the other."""
    found: set[Path] = set()
    wanted = [FOLDER / FIRST_MODULE]
    while wanted:
        module = wanted.pop()
        if module not in found:
            found.add(module)
            wanted += ((module.parent / name).resolve() for name in STATIC_IMPORT.findall(module.read_text("utf-8")))
    return found


def page_of(version: str) -> bytes:
    """index.html with the addresses of this version, and with what the first view needs."""
    modules = sorted(path.relative_to(FOLDER).as_posix() for path in first_modules())
    links = "\n".join(f'    <link rel="modulepreload" href="assets/{version}/{module}" />' for module in modules)
    text = (FOLDER / "index.html").read_text("utf-8")
    return text.replace("<!-- modules -->", links.strip()).replace("assets/now/", f"assets/{version}/").encode()


VERSION = hash_of_assets()
PAGE = page_of(VERSION)
FILES = StaticFiles(directory=FOLDER)


@router.get("/", operation_id="page")
async def page() -> HTMLResponse:
    return HTMLResponse(PAGE, headers={"Cache-Control": "no-cache"})


@router.get("/assets/{version}/{path:path}", operation_id="page_asset")
async def page_asset(version: str, path: str, request: Request) -> Response:
    """A browser keeps them: another version has another address.

    Another version's address answers with the file that is here, for a tab that was open during an upgrade; but that
    is kept by nobody.
    """
    response = await FILES.get_response(path, request.scope)
    response.headers["Cache-Control"] = FOR_EVER if version == VERSION else "no-cache"
    return response
