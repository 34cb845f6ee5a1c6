"""What routes depend on is made at once: FastAPI calls a plain function in a thread, at the price of a small answer."""

from collections.abc import Iterator
from inspect import isasyncgenfunction, iscoroutinefunction
from typing import Any

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from logistics_indicators.app import create_app
from logistics_indicators.settings import Settings


def routes_within(routes: list[BaseRoute]) -> Iterator[APIRoute]:
    for route in routes:
        if isinstance(route, APIRoute):
            yield route
        elif router := getattr(route, "original_router", None):
            yield from routes_within(router.routes)


def calls_of(dependant: Dependant) -> Iterator[Any]:
    yield dependant.call
    for part in dependant.dependencies:
        yield from calls_of(part)


def is_awaited(call: Any) -> bool:
    return any(kind(form) for kind in (iscoroutinefunction, isasyncgenfunction) for form in (call, type(call).__call__))


def test_no_route_and_no_dependency_waits_for_a_thread() -> None:
    routes = list(routes_within(create_app(Settings()).routes))
    threaded = {call for route in routes for call in calls_of(route.dependant) if not is_awaited(call)}
    assert len(routes) > 90
    assert not threaded
