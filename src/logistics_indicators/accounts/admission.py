"""Who asks is settled first: before the body is read, the query judged, or an id looked for."""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, compile_path
from starlette.types import ASGIApp, Receive, Scope, Send

from ..errors import DATABASE_FAILURES, Problem
from ..http.error_answers import answer_database_failure, answer_problem
from ..http.request_limits import path_within
from .current_user import Gate


class _GatedRoute(NamedTuple):
    route: APIRoute
    pattern: re.Pattern[str]
    gates: set[Gate]


class Admission:
    """ASGI middleware. Asks the gates of the route that the request is for; a request for no route passes."""

    def __init__(self, app: ASGIApp, routes: Iterable[BaseRoute]) -> None:
        self.app = app
        api_routes = [route for route in routes if isinstance(route, APIRoute)]
        self._routes = [
            _GatedRoute(route, compile_path(route.path)[0], set(_gates_of(route.dependant))) for route in api_routes
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = self._route_of(scope) if scope["type"] == "http" else None
        if found is None:
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        try:
            for gate in found.gates:
                await gate.admit(request)
        except Problem as problem:
            answer = await answer_problem(request, problem)
        except DATABASE_FAILURES as error:
            answer = await answer_database_failure(request, error)
        else:
            await self.app(scope, receive, send)
            return
        scope["route"] = found.route  # for the access log
        await answer(scope, receive, send)

    def _route_of(self, scope: Scope) -> _GatedRoute | None:
        """As the router finds it: the first that fits."""
        path = path_within(scope)
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        fitting = (r for r in self._routes if method in (r.route.methods or ()) and r.pattern.match(path))
        return next(fitting, None)


def _gates_of(dependant: Dependant) -> Iterator[Gate]:
    for dependency in dependant.dependencies:
        if isinstance(dependency.call, Gate):
            yield dependency.call
        yield from _gates_of(dependency)
