"""From which pages a browser may sign in. Programs say nothing of where they come from, and are let in."""

from fastapi import Request

from ..errors import Forbidden
from .current_user import Gate


class SameOrigin(Gate):
    """Lets in pages of this service, and programs, which say nothing of where they come from.

    SameSite=Strict keeps pages of other sites from using the cookie; this keeps them from having it set here, and
    pages of other services on this host, which are of the same site, from either.
    """

    async def admit(self, request: Request) -> None:
        site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
        if not (origin is None or _is_ours(origin, request)) or site not in (None, "same-origin"):
            raise Forbidden("A browser's session is for the pages of this service alone.")

    async def __call__(self) -> None:
        """It was let in."""


class AllowedOrigin(Gate):
    """Lets in those, and pages of CORS_ORIGINS.

    A form of any other page would be sent by the browser of somebody whose address then has its guesses used up.
    """

    async def admit(self, request: Request) -> None:
        origin, allowed = request.headers.get("Origin"), request.app.state.settings.cors_origins
        if not (origin is None or _is_ours(origin, request) or origin in allowed or "*" in allowed):
            raise Forbidden("A page of another origin signs nobody in. CORS_ORIGINS names those that may.")

    async def __call__(self) -> None:
        """It was let in."""


def _is_ours(origin: str, request: Request) -> bool:
    """Behind a proxy that is not trusted we do not see that its clients speak https: there either scheme is ours."""
    schemes = ["https"] if request.url.scheme == "https" else ["http", "https"]
    return origin in [f"{scheme}://{request.headers.get('Host')}" for scheme in schemes]
