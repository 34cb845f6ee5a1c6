"""A signed-in client of a service that runs somewhere."""

import re
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import Any

import httpx

from .typed import as_typed

REFRESH_AHEAD_SECONDS = 60
"""An access token is renewed this long before it ends."""

TIMEOUT = httpx.Timeout(30, read=600, write=600)
"""Reading: a 202 comes once every byte is durable."""


SEE_ERRORS = re.compile(r"[;.] [Ss]ee errors\.$")
"""Where a program finds them; a person sees them behind it."""


class ServiceError(Exception):
    """The service said no, or nothing at all. The message is for a person to read."""


def detail_of(response: httpx.Response) -> str:
    """What a problem+json answer says, in one line."""
    try:
        problem = response.json()
        found = [error for error in problem.get("errors") or [] if error["msg"] != problem["detail"]]
        fields = "; ".join(_said_of(error) for error in found)
        detail = SEE_ERRORS.sub(":", problem["detail"]) if fields else problem["detail"]
        return as_typed(f"{detail} {fields}".strip())
    except (ValueError, KeyError, TypeError):
        return f"{response.status_code} {response.reason_phrase}"


def _said_of(error: dict[str, Any]) -> str:
    """What is wrong with all of a request has no name."""
    name = _name_of(error["loc"])
    return f"{name}: {error['msg']}" if name else str(error["msg"])


def _name_of(loc: list[object]) -> str:
    """Of a field, as whoever typed it knows it: that it went in a header of an upload is not theirs to know."""
    return ".".join(str(part) for part in loc[1:] if part != "Upload-Metadata")


def body_of(response: httpx.Response) -> Any:
    """The JSON of a good answer; raises ServiceError for any other."""
    if not response.is_success:
        raise ServiceError(detail_of(response))
    if response.status_code == httpx.codes.NO_CONTENT:
        return None
    try:
        return response.json()
    except ValueError:
        raise ServiceError(f"{response.url.copy_with(path='/')} is no Logistics Indicators service.") from None


class SignedIn(httpx.Auth):
    """Sends the access token of a session, and renews it in time."""

    requires_response_body = True

    def __init__(self, base_url: str, tokens: dict[str, Any]) -> None:
        self._refresh_url = f"{base_url.rstrip('/')}/v1/auth/refresh"
        self._keep(tokens)

    def _keep(self, tokens: dict[str, Any]) -> None:
        self._tokens = tokens
        self._renew_at = time.monotonic() + max(tokens["expires_in"] - REFRESH_AHEAD_SECONDS, 5)

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        if time.monotonic() > self._renew_at:
            headers = {"Authorization": f"Bearer {self._tokens['refresh_token']}"}
            response = yield httpx.Request("POST", self._refresh_url, headers=headers)
            if response.is_success:
                self._keep(response.json())
        request.headers["Authorization"] = f"Bearer {self._tokens['access_token']}"
        yield request


@asynccontextmanager
async def remote_service(url: str, username: str, password: str) -> AsyncIterator[httpx.AsyncClient]:
    """A signed-in client of the service at `url`. Raises ServiceError where it cannot be reached or says no."""
    async with _client_at(url) as client:
        account = {"username": username, "password": password}
        with _told_when_unreachable(url):
            answer = await client.post("/v1/auth/login", json=account)
        client.auth = SignedIn(url, body_of(answer))
        yield client


@asynccontextmanager
async def with_token(url: str, token: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client that sends an API token. Raises ServiceError where the service cannot be reached."""
    async with _client_at(url) as client:
        with _told_when_unreachable(url):
            client.headers["Authorization"] = f"Bearer {token}"
            body_of(await client.get("/v1/health"))
        yield client


@asynccontextmanager
async def _client_at(url: str) -> AsyncIterator[httpx.AsyncClient]:
    async with AsyncExitStack() as stack:
        with _told_when_unreachable(url):
            client = await stack.enter_async_context(httpx.AsyncClient(base_url=url, timeout=TIMEOUT))
        yield client


@contextmanager
def _told_when_unreachable(url: str) -> Iterator[None]:
    try:
        yield
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
        raise ServiceError(f"{url} cannot be reached: {error or type(error).__name__}") from error
