"""Who asks, and whether that role may. Routers declare one of Viewer, Analyst, Admin."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import OAuth2PasswordBearer

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


FindUser = Callable[[Request], Awaitable[User]]
"""Who asks. Raises Unauthorized."""

bearer = OAuth2PasswordBearer(tokenUrl="/v1/auth/login", auto_error=False, scheme_name="bearer")

FIND_ACTIVE_USER = """
SELECT id, username, email, role FROM users
WHERE id = $1 AND active AND ($2::integer IS NULL OR EXISTS (
    SELECT FROM sessions
    WHERE sessions.id = $2 AND user_id = $1 AND revoked_at IS NULL AND expires_at > LOCALTIMESTAMP
))
"""


def bearer_token(request: Request) -> str | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


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


class Gate(ABC):
    """A dependency that says who gets in. It is asked before anything else of the request: see admission.py."""

    @abstractmethod
    async def admit(self, request: Request) -> None:
        """Keeps no connection: a slow upload must hold none. Raises Unauthorized or Forbidden."""


@dataclass(frozen=True)
class Requires(Gate):
    role: Role

    async def admit(self, request: Request) -> None:
        find_user: FindUser = request.app.state.find_user
        user = await find_user(request)
        request.state.user, request.state.username = user, user.username
        if not user.role.covers(self.role):
            raise Forbidden(f"This needs the role {self.role.value}; yours is {user.role.value}.")

    async def __call__(self, request: Request, _scheme: Annotated[str | None, Depends(bearer)]) -> User:
        """The user that was let in."""
        user: User = request.state.user
        return user


Viewer = Annotated[User, Depends(Requires(Role.viewer))]
Analyst = Annotated[User, Depends(Requires(Role.analyst))]
Admin = Annotated[User, Depends(Requires(Role.admin))]


def peer_address(request: Request) -> str | None:
    """Where the request came from; behind a proxy that FORWARDED_ALLOW_IPS names, what that proxy says."""
    return request.client.host if request.client else None
