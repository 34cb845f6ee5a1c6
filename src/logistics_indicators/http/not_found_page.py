"""What a person sees at an unknown path: a small page without script, for browsers alone. Others get the problem."""

from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from starlette.types import Scope

PAGE = """<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>Not found: Logistics Indicators</title>
    <link rel="icon" href="{root}favicon.ico">
  </head>
  <body>
    <h1>There is nothing at this path</h1>
    <p>This is Logistics Indicators. What it answers is in <a href="{root}docs">the API's documentation</a>.</p>
  </body>
</html>
"""
"""Nothing of the request is in it but how deep its path is."""

POLICY = "default-src 'none'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
PROBLEMS = ("application/problem+json", "application/json", "application/*", "*/*")


def not_found_page(request: Request) -> Response:
    headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-store", "Vary": "Accept"}
    return HTMLResponse(PAGE.format(root=_way_up(request.scope)), status_code=404, headers=headers)


def wants_page(accept: str) -> bool:
    """It names text/html itself, and likes it better than JSON (RFC 9110, 12.5.1)."""
    weights = {name: weight for item in accept.lower().split(",") for name, weight in [_weighed(item)]}
    problem = next((weights[name] for name in PROBLEMS if name in weights), 0.0)
    return weights.get("text/html", 0.0) > problem


def _weighed(item: str) -> tuple[str, float]:
    name, *parameters = (part.strip() for part in item.split(";"))
    given = next((part.removeprefix("q=") for part in parameters if part.startswith("q=")), "1")
    try:
        return name, float(given)
    except ValueError:
        return name, 0.0


def _way_up(scope: Scope) -> str:
    """The service's root, relative to the path as the browser sees it: right behind any prefix."""
    inside = scope["raw_path"].removeprefix(scope.get("root_path", "").encode())
    return "../" * (inside.count(b"/") - 1) or "./"
