"""What every app of a run has alike, made once: nothing of it depends on the app's settings."""

import orjson
import pytest
from fastapi import FastAPI
from starlette.routing import BaseRoute

from logistics_indicators.documentation import openapi

COMPILED: dict[int, BaseRoute] = {}
"""By the router included: FastAPI compiles it for each app anew, a third of a second at the first request."""


def share_compiled_routes(app: FastAPI) -> None:
    for index, route in enumerate(app.router.routes):
        if router := getattr(route, "original_router", None):
            app.router.routes[index] = COMPILED.setdefault(id(router), route)


def share_the_document(patch: pytest.MonkeyPatch) -> None:
    """The OpenAPI document takes half a second. Each app gets a copy; one with routes of a test's own has its own."""
    build, made = openapi.build_document, dict[tuple[int, ...], bytes]()

    def build_once(app: FastAPI) -> dict[str, object]:
        routers = tuple(id(getattr(route, "original_router", None)) for route in app.router.routes)
        if id(None) in routers:
            return build(app)
        if routers not in made:
            made[routers] = orjson.dumps(build(app))
        copy: dict[str, object] = orjson.loads(made[routers])
        return copy

    patch.setattr(openapi, "build_document", build_once)
