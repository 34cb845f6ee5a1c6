"""/v1/auth: one's own account."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Security
from fastapi.security import HTTPBearer

from ..database import PoolOfApp
from ..errors import Unauthorized, problems
from . import service, sessions
from .credentials import REQUEST_BODY, GivenCredentials
from .current_user import AS_JWT, Person, Viewer, bearer_token
from .dependencies import Address, Key, Rules, user_out
from .models import PasswordChange, PasswordReset, Registration, SentRefreshToken, SignedIn, UserOut
from .origins import AllowedOrigin
from .tokens import InvalidToken

router = APIRouter(prefix="/v1/auth", tags=["accounts"])


refresh_scheme = HTTPBearer(
    auto_error=False,
    scheme_name="refresh_token",
    bearerFormat="JWT",
    description=f"A refresh token from a sign-in. {AS_JWT}",
)
OR_IN_THE_BODY: dict[str, Any] = {"security": [{}]}
"""Beside refresh_scheme: no header is needed where the body has the token."""


async def given_refresh_token(
    request: Request, _scheme: Annotated[object, Security(refresh_scheme)], body: SentRefreshToken | None = None
) -> str:
    """The refresh token of the Authorization header, or else of the body."""
    token = bearer_token(request) or (body.refresh_token if body else None)
    if token is None:
        raise Unauthorized("This needs a refresh token: as Authorization: Bearer <token>, or as refresh_token.")
    return token


RefreshToken = Annotated[str, Depends(given_refresh_token)]


def signed_in(pair: sessions.TokenPair) -> SignedIn:
    return SignedIn(
        access_token=pair.access_token,
        refresh_token=pair.refresh_token,
        expires_in=pair.expires_in,
        user=user_out(pair.user),
    )


@router.post(
    "/register",
    operation_id="register",
    status_code=201,
    summary="Make an account; the first one becomes admin",
    responses=problems(403, 409, 413, 422, 429, 503),
)
async def register(body: Registration, pool: PoolOfApp, rules: Rules, address: Address) -> UserOut:
    """The first account becomes admin, later ones analyst. 403 where the operators have closed registration: an admin
    makes accounts with POST /v1/users.
    """
    password = body.password.get_secret_value()
    user = await service.register(
        pool, rules, username=body.username, email=body.email, password=password, address=address
    )
    return user_out(user)


@router.post(
    "/login",
    operation_id="login",
    summary="Sign in, by JSON or by OAuth2's password form",
    responses=problems(401, 403, 413, 415, 422, 429, 503),
    dependencies=[Depends(AllowedOrigin())],
    openapi_extra={"requestBody": REQUEST_BODY},
)
async def login(credentials: GivenCredentials, pool: PoolOfApp, key: Key, rules: Rules, address: Address) -> SignedIn:
    """OAuth2's password form (`application/x-www-form-urlencoded`, `grant_type=password`) is taken as well."""
    password = credentials.password.get_secret_value()
    pair = await service.login(pool, key, rules, username=credentials.username, password=password, address=address)
    return signed_in(pair)


@router.post(
    "/refresh",
    operation_id="refresh",
    summary="Spend a refresh token for a new pair",
    responses=problems(401, 413, 422, 503),
    openapi_extra=OR_IN_THE_BODY,
)
async def refresh(token: RefreshToken, request: Request, pool: PoolOfApp, key: Key, address: Address) -> SignedIn:
    """Sends the refresh token in the header or in the body, and answers as a sign-in does. Each is good for one
    renewal: one that is sent again later ends its whole session, since somebody else may have it.
    """
    grace = request.app.state.settings.refresh_grace
    try:
        async with pool.acquire() as connection:
            pair = await sessions.refresh_session(connection, key, token, grace=grace, address=address)
    except InvalidToken:
        raise Unauthorized("The refresh token is not valid, or not any more. Sign in again.") from None
    return signed_in(pair)


@router.post(
    "/logout",
    operation_id="logout",
    status_code=204,
    summary="End the session of a refresh token",
    responses=problems(401, 413, 422, 503),
    openapi_extra=OR_IN_THE_BODY,
)
async def logout(token: RefreshToken, pool: PoolOfApp, key: Key, address: Address) -> None:
    """Ends the session that the refresh token belongs to, with every token of it: at once, on all machines."""
    try:
        async with pool.acquire() as connection:
            await sessions.end_session(connection, key, token, address=address)
    except InvalidToken:
        raise Unauthorized("The refresh token is not valid.") from None


@router.get("/me", operation_id="get_me", summary="Who I am", responses=problems(401, 403, 422, 503))
async def me(user: Viewer) -> UserOut:
    """The user whose token this is, with the role as it is now. With an API token: its maker, with the token's role."""
    return user_out(user)


@router.post(
    "/password",
    operation_id="change_password",
    status_code=204,
    summary="Change one's password, which ends one's other sessions",
    responses=problems(401, 403, 413, 422, 429, 503),
)
async def change_password(body: PasswordChange, user: Person, pool: PoolOfApp, rules: Rules, address: Address) -> None:
    """Ends all other sessions of one's own. 403 where the current password is wrong."""
    current, new = body.current_password.get_secret_value(), body.new_password.get_secret_value()
    await service.change_password(
        pool, rules, user, current=current, new=new, revoke_tokens=body.revoke_tokens, address=address
    )


@router.post(
    "/password/reset",
    operation_id="reset_password",
    status_code=204,
    summary="Set a new password by the one-time token that an admin gave",
    responses=problems(413, 422, 429, 503),
)
async def reset_password(body: PasswordReset, pool: PoolOfApp, rules: Rules, address: Address) -> None:
    """Needs no sign-in: the one-time token stands for it. Ends all sessions and API tokens of the user. 422 where the
    token is wrong, used or too old.
    """
    new = body.new_password.get_secret_value()
    await service.reset_password(pool, rules, token=body.reset_token, new=new, address=address)
