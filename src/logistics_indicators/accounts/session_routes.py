"""/v1/auth/session: a browser's session, whose refresh token is in a cookie that no script can read."""

import time
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response, Security
from fastapi.security import APIKeyCookie

from ..database import ACQUIRE_SECONDS, PoolOfApp
from ..errors import Unauthorized, problems
from . import service, sessions
from .dependencies import Address, Key, Rules, user_out
from .models import BrowserSession, Credentials
from .origins import SameOrigin
from .tokens import InvalidToken

COOKIE = "refresh_token"
COOKIE_PATH = "/v1/auth/session"
"""Below the service's own root. To no other route does a browser send the cookie, nor would one look at it."""

router = APIRouter(prefix=COOKIE_PATH, tags=["accounts"])

cookie_scheme = APIKeyCookie(
    name=COOKIE,
    auto_error=False,
    scheme_name="session_cookie",
    description="The refresh token of a browser; set by `POST /v1/auth/session`",
)

SET_COOKIE: dict[str, Any] = {
    "Set-Cookie": {
        "schema": {"type": "string"},
        "description": f"`{COOKIE}`: HttpOnly, SameSite=Strict, for {COOKIE_PATH} alone; Secure over https",
        "example": f"{COOKIE}=…; HttpOnly; Max-Age=2592000; Path={COOKIE_PATH}; SameSite=strict",
    }
}
NO_SESSION: dict[int | str, dict[str, Any]] = {401: problems(401)[401] | {"headers": SET_COOKIE}}
"""A cookie that is worth nothing any more is cleared."""


FROM_OUR_PAGES = [Depends(SameOrigin())]


async def given_cookie(request: Request, token: Annotated[str | None, Security(cookie_scheme)]) -> str:
    if not token:
        raise _unauthorized(request)
    return token


SessionCookie = Annotated[str, Depends(given_cookie)]


def _unauthorized(request: Request) -> Unauthorized:
    cleared = _cookie(request, "", 0)
    return Unauthorized("There is no session, or not any more. Sign in.", headers={"Set-Cookie": cleared})


def _cookie(request: Request, token: str, seconds: int) -> str:
    """The value of Set-Cookie."""
    made = Response()
    path = request.scope.get("root_path", "").rstrip("/") + COOKIE_PATH
    secure = request.url.scheme == "https"
    made.set_cookie(COOKIE, token, max_age=seconds, path=path, secure=secure, httponly=True, samesite="strict")
    return made.headers["Set-Cookie"]


def _in_browser(request: Request, response: Response, pair: sessions.TokenPair) -> BrowserSession:
    seconds = max(int(pair.session_expires_at - time.time()), 0)
    response.headers["Set-Cookie"] = _cookie(request, pair.refresh_token, seconds)
    return BrowserSession(access_token=pair.access_token, expires_in=pair.expires_in, user=user_out(pair.user))


@router.post(
    "",
    operation_id="open_session",
    summary="Sign in from a page",
    responses={200: {"headers": SET_COOKIE}, **problems(401, 403, 413, 422, 429, 503)},
    dependencies=FROM_OUR_PAGES,
)
async def open_session(
    request: Request, response: Response, body: Credentials, pool: PoolOfApp, key: Key, rules: Rules, address: Address
) -> BrowserSession:
    """As `POST /v1/auth/login`, but that the refresh token is in a cookie and not in the answer.

    403 where a page of another origin asks.
    """
    password = body.password.get_secret_value()
    pair = await service.login(pool, key, rules, username=body.username, password=password, address=address)
    return _in_browser(request, response, pair)


@router.post(
    "/refresh",
    operation_id="refresh_session",
    summary="Renew a page's access token, and its cookie",
    responses={200: {"headers": SET_COOKIE}, **problems(403, 422, 503), **NO_SESSION},
    dependencies=FROM_OUR_PAGES,
)
async def refresh_session(
    request: Request, response: Response, token: SessionCookie, pool: PoolOfApp, key: Key, address: Address
) -> BrowserSession:
    """As `POST /v1/auth/refresh`, by the cookie alone. 401 clears a cookie that is worth nothing any more."""
    grace = request.app.state.settings.refresh_grace
    try:
        async with pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
            pair = await sessions.refresh_session(connection, key, token, grace=grace, address=address)
    except InvalidToken:
        raise _unauthorized(request) from None
    return _in_browser(request, response, pair)


@router.delete(
    "",
    operation_id="end_session",
    status_code=204,
    summary="Sign out of a page, or everywhere",
    responses={204: {"headers": SET_COOKIE}, **problems(403, 422, 503), **NO_SESSION},
    dependencies=FROM_OUR_PAGES,
)
async def end_session(
    request: Request,
    response: Response,
    token: SessionCookie,
    pool: PoolOfApp,
    key: Key,
    address: Address,
    everywhere: Annotated[bool, Query(description="All sessions of the user, in whatever browser or program")] = False,
) -> None:
    """The session of the cookie ends, with all of its tokens, and the cookie is cleared. API tokens stay.

    Everywhere: 401 for a cookie that was spent, as when it is renewed, and its own session ends alone.
    """
    grace = request.app.state.settings.refresh_grace
    try:
        async with pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
            if everywhere:
                await sessions.end_all_sessions(connection, key, token, grace=grace, address=address)
            else:
                await sessions.end_session(connection, key, token, address=address)
    except InvalidToken:
        raise _unauthorized(request) from None
    response.headers["Set-Cookie"] = _cookie(request, "", 0)
