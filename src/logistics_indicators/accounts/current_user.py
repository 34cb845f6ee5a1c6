"""Who asks, and whether that role may. Routers declare one of Viewer, Analyst, Admin."""

import ipaddress
import secrets
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated

import asyncpg
import structlog
from fastapi import Depends, Request
from fastapi.security import HTTPBearer, OAuth2PasswordBearer

from ..database import ACQUIRE_SECONDS, Connection, pool_of
from ..errors import Forbidden, Unauthorized
from .roles import Role as Role
from .roles import Scope as Scope
from .tokens import InvalidToken, read_access_token, token_hash

log = structlog.get_logger()


@dataclass(frozen=True)
class ApiToken:
    id: int
    scopes: frozenset[Scope]


@dataclass(frozen=True)
class User:
    id: int
    username: str
    email: str
    role: Role
    session_id: int | None = None
    api_token: ApiToken | None = None
    """Where a machine asks: then the role is no higher than the token's."""


FindUser = Callable[[Request], Awaitable[User]]
"""Who asks. Raises Unauthorized."""

AS_JWT = "A JSON Web Token, checked as RFC8725 advises: its one algorithm, its issuer, audience, kind and times"
bearer = OAuth2PasswordBearer(
    tokenUrl="/v1/auth/login",
    auto_error=False,
    scheme_name="bearer",
    description=f"The access token of a sign-in, which lives for 15 minutes unless set. {AS_JWT}",
)
api_token_bearer = HTTPBearer(
    auto_error=False, scheme_name="api_token", description="An API token of /v1/tokens, for machines"
)

FIND_ACTIVE_USER = """
SELECT id, username, email, role FROM users
WHERE id = $1 AND active AND ($2::integer IS NULL OR EXISTS (
    SELECT FROM sessions
    WHERE sessions.id = $2 AND user_id = $1 AND revoked_at IS NULL AND expires_at > LOCALTIMESTAMP
))
"""


NO_ACCOUNT = 0
"""The id of who has none and needs none: the command line on its own database."""

MAY_STILL = """
SELECT role FROM users
WHERE id = $1 AND active AND ($2::integer IS NULL OR EXISTS (SELECT FROM api_tokens WHERE id = $2 AND user_id = $1))
"""


API_TOKEN = "lgi_"  # noqa: S105
"""How every API token begins, so that people, and scanners of sources for secrets, know one."""

LONGEST_API_TOKEN = 64

FIND_BY_HASH = """
SELECT api_tokens.id, scopes, addresses, api_tokens.role AS most, user_id, username, email, users.role,
    last_used_at IS NULL OR last_used_at < LOCALTIMESTAMP - interval '1 minute' AS to_note
FROM api_tokens JOIN users ON users.id = user_id
WHERE token_hash = $1 AND active AND (expires_at IS NULL OR expires_at > LOCALTIMESTAMP)
"""

NOTE_USE = """
UPDATE api_tokens SET last_used_at = LOCALTIMESTAMP, last_used_address = $2
WHERE id = (SELECT id FROM api_tokens WHERE id = $1 FOR UPDATE SKIP LOCKED)
"""
"""Who holds the row is noting a use as well."""


def new_api_token() -> str:
    """256 random bits."""
    return API_TOKEN + secrets.token_urlsafe(32)


def bearer_token(request: Request) -> str | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


async def user_of_token(request: Request) -> User:
    """The user of the access token, as stored now: a disabled user, a changed role, an ended session count at once."""
    token = bearer_token(request)
    if token is None:
        raise Unauthorized("This needs an access token: Authorization: Bearer <token>, from /v1/auth/login.")
    if token.startswith(API_TOKEN):
        return await _user_of_api_token(request, token)
    try:
        claims = read_access_token(request.app.state.token_key, token)
    except InvalidToken:
        raise Unauthorized("The access token is not valid, or not any more.") from None
    async with pool_of(request).acquire(timeout=ACQUIRE_SECONDS) as connection:
        row = await connection.fetchrow(FIND_ACTIVE_USER, claims.user_id, claims.session_id)
    if row is None:
        raise Unauthorized("The access token is not valid, or not any more.")
    return User(row["id"], row["username"], row["email"], Role(row["role"]), claims.session_id)


async def _user_of_api_token(request: Request, token: str) -> User:
    """The token's maker, as stored now, with the lower one of the two roles."""
    refused = Unauthorized("The API token is not valid, or not any more.")
    if len(token) > LONGEST_API_TOKEN or not token.isascii():
        raise refused
    async with pool_of(request).acquire(timeout=ACQUIRE_SECONDS) as connection:
        row = await connection.fetchrow(FIND_BY_HASH, token_hash(token))
        if row is None:
            raise refused
        address = peer_address(request)
        if not is_within(address, row["addresses"]):
            log.warning("api_token_from_elsewhere", api_token=row["id"], address=address)
            raise refused
        if row["to_note"]:
            with suppress(asyncpg.ReadOnlySQLTransactionError):  # who reads is served where nothing can be noted
                await connection.execute(NOTE_USE, row["id"], address)
    role = min(Role(row["role"]), Role(row["most"]), key=list(Role).index)
    api_token = ApiToken(row["id"], frozenset(Scope(scope) for scope in row["scopes"]))
    return User(row["user_id"], row["username"], row["email"], role, api_token=api_token)


async def refuse_who_may_no_more(connection: Connection, user: User, role: Role) -> None:
    """At the end of what took long. That a token has run out meanwhile is no matter. Raises Unauthorized, Forbidden."""
    if user.id == NO_ACCOUNT:
        return
    now = await connection.fetchval(MAY_STILL, user.id, user.api_token.id if user.api_token else None)
    if now is None:
        raise Unauthorized("The account, or its API token, was taken away meanwhile. Nothing was kept.")
    if not Role(now).covers(role):
        raise Forbidden(f"This needs the role {role.value}; yours is {now} by now. Nothing was kept.")


def is_within(address: str | None, networks: Sequence[str]) -> bool:
    """Without networks every address is."""
    if not networks:
        return True
    try:
        asked = ipaddress.ip_address(address or "")
    except ValueError:
        return False
    if isinstance(asked, ipaddress.IPv6Address) and asked.ipv4_mapped is not None:
        asked = asked.ipv4_mapped
    return any(asked in ipaddress.ip_network(network) for network in networks)


class Gate(ABC):
    """A dependency that says who gets in. It is asked before anything else of the request: see admission.py."""

    @abstractmethod
    async def admit(self, request: Request) -> None:
        """Keeps no connection: a slow upload must hold none. Raises Unauthorized or Forbidden."""


@dataclass(frozen=True)
class Requires(Gate):
    role: Role
    scope: Scope | None = None
    """That an API token must have; without one it is a matter for people."""
    or_scope: Scope | None = None
    """Enough as well, for what is the token's own: the route sees to it."""
    and_scope: Scope | None = None
    """Needed beside it."""
    named: Role | None = None
    """The role that who is kept out is told of, where the route asks more of most who get in."""

    async def admit(self, request: Request) -> None:
        find_user: FindUser = request.app.state.find_user
        user = await find_user(request)
        request.state.user, request.state.username = user, user.username
        if not user.role.covers(self.role):
            needed = self.named or self.role
            raise Forbidden(f"This needs the role {needed.value}; yours is {user.role.value}.")
        if user.api_token and self.scope is None:
            raise Forbidden("No API token may do this. Sign in.")
        if user.api_token and user.api_token.scopes.isdisjoint({self.scope, self.or_scope}):
            raise Forbidden(f"This needs the scope {self.scope}, which this API token does not have.")
        if user.api_token and self.and_scope not in {None, *user.api_token.scopes}:
            raise Forbidden(f"This needs the scope {self.and_scope}, too: the answer shows what is stored.")

    async def __call__(self, request: Request, _scheme: Annotated[str | None, Depends(bearer)]) -> User:
        """The user that was let in."""
        user: User = request.state.user
        return user


class TakesApiTokens(Requires):
    """A gate with a scope. The document names both kinds of token."""

    async def __call__(
        self,
        request: Request,
        _scheme: Annotated[str | None, Depends(bearer)],
        _token: Annotated[object, Depends(api_token_bearer)] = None,
    ) -> User:
        return await super().__call__(request, None)


READS = TakesApiTokens(Role.viewer, Scope.read)
Viewer = Annotated[User, Depends(READS)]
Follower = Annotated[User, Depends(TakesApiTokens(Role.viewer, Scope.read, Scope.load))]
"""Who reads, and an API token that follows what it loaded itself: `refuse_loads_of_others` tells it from the rest."""

Analyst = Annotated[User, Depends(TakesApiTokens(Role.analyst, Scope.load))]
Rewriter = Annotated[User, Depends(TakesApiTokens(Role.analyst, Scope.load, and_scope=Scope.read))]
"""Who writes over a row, and is shown what of it stays."""

Person = Annotated[User, Depends(Requires(Role.viewer))]
"""Any user who has signed in, and no machine. So it is with Admin."""

Admin = Annotated[User, Depends(Requires(Role.admin))]


def reads_its_own_alone(user: User) -> bool:
    """An API token that may not read follows what its user loaded."""
    return user.api_token is not None and Scope.read not in user.api_token.scopes


def refuse_what_is_of_others(user: User, owner_id: int | None) -> None:
    """Raises Forbidden."""
    if reads_its_own_alone(user) and owner_id != user.id:
        raise Forbidden(
            f"This needs the scope {Scope.read}: without it, an API token follows the loads of its user alone."
        )


def peer_address(request: Request) -> str | None:
    """Where the request came from; behind a proxy that FORWARDED_ALLOW_IPS names, what that proxy says."""
    try:
        return str(ipaddress.ip_address(request.client.host.partition("%")[0])) if request.client else None
    except ValueError:  # what a proxy passed on need not be one
        return None
