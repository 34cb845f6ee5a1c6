"""Who asks, and whether that role may. Routers declare one of Viewer, Analyst, Admin."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from fastapi import Depends, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from fastapi.security import OAuth2PasswordBearer
from fastapi.security.utils import get_authorization_scheme_param

from ..database import ACQUIRE_SECONDS, pool_of
from ..errors import Forbidden, Unauthorized
from .tokens import InvalidToken, read_access_token


class Role(StrEnum):
    viewer = "viewer"
    analyst = "analyst"
    admin = "admin"

    def covers(self, needed: "Role") -> bool:
        order = list(Role)
        return order.index(self) >= order.index(needed)


@dataclass(frozen=True)
class User:
    id: int
    username: str
    email: str
    role: Role
    session_id: int | None = None


bearer = OAuth2PasswordBearer(tokenUrl="/v1/auth/login", auto_error=False, scheme_name="bearer")

FIND_ACTIVE_USER = """
SELECT id, username, email, role FROM users
WHERE id = $1 AND active AND ($2::integer IS NULL OR EXISTS (
    SELECT FROM sessions
    WHERE sessions.id = $2 AND user_id = $1 AND revoked_at IS NULL AND expires_at > LOCALTIMESTAMP
))
"""


async def authenticate(request: Request) -> None:
    """Runs before everything else of a route that needs a user, and keeps no connection.

    A dependency of the whole app: however a route orders its own, nobody waits for a second connection while
    holding one, and a slow upload holds none.
    """
    route = request.scope.get("route")
    if isinstance(route, APIRoute) and _depends_on_user(route.dependant):
        request.state.user = await user_of_token(request)
        request.state.username = request.state.user.username


def _depends_on_user(dependant: Dependant) -> bool:
    return any(d.call is current_user or _depends_on_user(d) for d in dependant.dependencies)


def bearer_token(request: Request) -> str | None:
    scheme, token = get_authorization_scheme_param(request.headers.get("Authorization"))
    return token if scheme.lower() == "bearer" and token else None


async def user_of_token(request: Request) -> User:
    """The user of the access token, as stored now: a disabled user, a changed role, an ended session count at once."""
    token = bearer_token(request)
    if token is None:
        raise Unauthorized("This needs an access token: Authorization: Bearer <token>, from /v1/auth/login.")
    try:
        claims = read_access_token(request.app.state.token_key, token)
    except InvalidToken:
        raise Unauthorized("The access token is not valid, or not any more.") from None
    async with pool_of(request).acquire(timeout=ACQUIRE_SECONDS) as connection:
        row = await connection.fetchrow(FIND_ACTIVE_USER, claims.user_id, claims.session_id)
    if row is None:
        raise Unauthorized("The access token is not valid, or not any more.")
    return User(row["id"], row["username"], row["email"], Role(row["role"]), claims.session_id)


async def current_user(request: Request, _scheme: Annotated[str | None, Depends(bearer)]) -> User:
    """The user that `authenticate` found."""
    user: User = request.state.user
    return user


CurrentUser = Annotated[User, Depends(current_user)]


def requires(role: Role) -> Callable[[User], Awaitable[User]]:
    async def check(user: CurrentUser) -> User:
        if not user.role.covers(role):
            raise Forbidden(f"This needs the role {role.value}; yours is {user.role.value}.")
        return user

    return check


Viewer = Annotated[User, Depends(requires(Role.viewer))]
Analyst = Annotated[User, Depends(requires(Role.analyst))]
Admin = Annotated[User, Depends(requires(Role.admin))]


def peer_address(request: Request) -> str | None:
    """Where the request came from; behind a proxy that FORWARDED_ALLOW_IPS names, what that proxy says."""
    return request.client.host if request.client else None
