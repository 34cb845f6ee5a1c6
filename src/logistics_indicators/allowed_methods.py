"""405 with all the methods that a path takes.

The router answers with those of the first route that fits, and lets `/customers/{id}` answer for
`/customers/total`; here the OpenAPI document decides, and a path without parameters goes first.
"""

import re
from collections.abc import Mapping

from fastapi import FastAPI
from starlette.routing import compile_path
from starlette.types import ASGIApp, Receive, Scope, Send

from .errors import METHOD_NOT_ALLOWED, problem_response
from .request_limits import path_within

METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE"})


class AllowedMethods:
    """ASGI middleware. Reads `api`'s document at the first request, when all routes are there."""

    def __init__(self, app: ASGIApp, api: FastAPI) -> None:
        self.app = app
        self.api = api
        self._literal: Mapping[str, str] | None = None
        self._templates: list[tuple[re.Pattern[str], str]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            allowed = self._allowed(path_within(scope))
            if allowed is not None and scope["method"] not in allowed.split(", "):
                answer = problem_response(405, METHOD_NOT_ALLOWED, headers={"Allow": allowed})
                await answer(scope, receive, send)
                return
        await self.app(scope, receive, send)

    def _allowed(self, path: str) -> str | None:
        """The Allow header of a documented path."""
        if self._literal is None:
            self._literal = self._read_document()
        if path in self._literal:
            return self._literal[path]
        return next((allowed for pattern, allowed in self._templates if pattern.match(path)), None)

    def _read_document(self) -> dict[str, str]:
        literal = {}
        for path, item in self.api.openapi()["paths"].items():
            allowed = ", ".join(sorted(METHODS & {method.upper() for method in item}))
            if "{" in path:
                self._templates.append((compile_path(path)[0], allowed))
            else:
                literal[path] = allowed
        return literal
