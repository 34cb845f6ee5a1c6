"""405 with all the methods that a path takes.

The router answers with those of the first route that fits, and lets `/customers/{id}` answer for
`/customers/total`; here all routes of a path decide, and a path without parameters goes first.
"""

from collections.abc import Iterable
from urllib.parse import quote

from fastapi.routing import APIRoute
from starlette.responses import RedirectResponse
from starlette.routing import BaseRoute, compile_path
from starlette.types import ASGIApp, Receive, Scope, Send

from ..errors import problem_response
from .error_answers import METHOD_NOT_ALLOWED
from .request_limits import path_within


class AllowedMethods:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp, routes: Iterable[BaseRoute]) -> None:
        self.app = app
        methods: dict[str, set[str]] = {}
        for route in routes:
            if isinstance(route, APIRoute):
                methods.setdefault(route.path, set()).update(route.methods or ())
        for taken in methods.values():
            if "GET" in taken:
                taken.add("HEAD")
        allowed = {path: ", ".join(sorted(taken)) for path, taken in methods.items()}
        self._literal = {path: header for path, header in allowed.items() if "{" not in path}
        self._templates = [(compile_path(path)[0], header) for path, header in allowed.items() if "{" in path]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            path = path_within(scope)
            allowed = self._allowed(path)
            if allowed is None and path.endswith("/") and self._allowed(path[:-1]) is not None:
                await RedirectResponse(_without_slash(scope))(scope, receive, send)
                return
            if allowed is not None and scope["method"] not in allowed.split(", "):
                answer = problem_response(405, METHOD_NOT_ALLOWED, headers={"Allow": allowed})
                await answer(scope, receive, send)
                return
        await self.app(scope, receive, send)

    def _allowed(self, path: str) -> str | None:
        """The Allow header of a path that there is."""
        if path in self._literal:
            return self._literal[path]
        return next((allowed for pattern, allowed in self._templates if pattern.match(path)), None)


def _without_slash(scope: Scope) -> str:
    """The same address without its last slash, relative: right behind TLS, and behind any prefix."""
    path: str = scope["path"]
    query = scope["query_string"].decode("latin-1")
    return "../" + quote(path[:-1].rsplit("/", 1)[-1], safe="") + (f"?{query}" if query else "")
