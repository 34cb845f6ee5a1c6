"""Who asks, and whether that role may. Routers declare one of Viewer, Analyst, Admin."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import OAuth2PasswordBearer
from fastapi.security.utils import get_authorization_scheme_param

from ..database import ConnectionOfRequest
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


bearer = OAuth2PasswordBearer(tokenUrl="/v1/auth/login", auto_error=False, scheme_name="bearer")

FIND_ACTIVE_USER = "SELECT id, username, email, role FROM users WHERE id = $1 AND active"


async def current_user(
    request: Request, connection: ConnectionOfRequest, _scheme: Annotated[str | None, Depends(bearer)]
) -> User:
    """The user of the access token, as stored now: a disabled user or a changed role counts at once."""
    scheme, token = get_authorization_scheme_param(request.headers.get("Authorization"))
    if scheme.lower() != "bearer" or not token:
        raise Unauthorized("This needs an access token: Authorization: Bearer <token>, from /v1/auth/login.")
    try:
        user_id = read_access_token(request.app.state.token_key, token)
    except InvalidToken:
        raise Unauthorized("The access token is not valid, or not any more.") from None
    row = await connection.fetchrow(FIND_ACTIVE_USER, user_id)
    if row is None:
        raise Unauthorized("The access token is not valid, or not any more.")
    user = User(row["id"], row["username"], row["email"], Role(row["role"]))
    request.state.username = user.username
    return user


def requires(role: Role) -> Callable[[User], Awaitable[User]]:
    async def check(user: Annotated[User, Depends(current_user)]) -> User:
        if not user.role.covers(role):
            raise Forbidden(f"This needs the role {role.value}; yours is {user.role.value}.")
        return user

    return check


Viewer = Annotated[User, Depends(requires(Role.viewer))]
Analyst = Annotated[User, Depends(requires(Role.analyst))]
Admin = Annotated[User, Depends(requires(Role.admin))]
