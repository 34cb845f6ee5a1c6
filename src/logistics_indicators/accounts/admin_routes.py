"""/v1/users and /v1/audit: what an admin sees and changes."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import StringConstraints

from ..database import ConnectionOfRequest, PoolOfApp
from ..errors import problems
from ..http.field_types import WITHOUT_NUL, OwnId
from ..http.made_at_once import made_at_once
from ..http.paging import DEFAULT_LIMIT, LINK_HEADER, Cursor, Limit, cut_page, page_response
from ..lists.asked import keyset_page_of
from ..lists.filters import Conditions
from ..lists.rows import Page, fetch_page
from . import audit, service, users
from .audit import ActorOfRequest
from .current_user import Admin
from .dependencies import Rules
from .models import AuditEntry, AuditPage, ManagedUser, NewUser, ResetToken, UserChange, UserPage
from .passwords import hash_password, refuse_common

router = APIRouter(prefix="/v1", responses=problems(401, 403, 422, 503))

AskedFilter = Annotated[users.UserFilter, Depends(made_at_once(users.UserFilter))]

UserId = OwnId
Exact = Annotated[
    Annotated[str, StringConstraints(min_length=1, max_length=64), WITHOUT_NUL] | None, Query(description="Exact")
]


@router.get(
    "/users",
    operation_id="list_users",
    tags=["users"],
    summary="Users",
    response_model=UserPage,
    responses={200: {**LINK_HEADER}},
)
async def list_users(
    _admin: Admin,
    connection: ConnectionOfRequest,
    request: Request,
    filter: AskedFilter,
    page: Annotated[Page, Depends(keyset_page_of(users.USERS))],
) -> Response:
    """Everybody who has an account, those who are disabled included."""
    rows, cursor = await fetch_page(connection, users.USERS, Conditions.of(filter), page)
    return page_response(request, users.USERS.name, rows, page.limit, cursor=cursor)


@router.post(
    "/users",
    operation_id="create_user",
    tags=["users"],
    status_code=201,
    summary="Make an account for someone",
    responses=problems(409, 413, 429),
)
async def create_user(body: NewUser, _admin: Admin, actor: ActorOfRequest, pool: PoolOfApp) -> ManagedUser:
    """For someone who cannot register, or shall have another role than analyst. Hand the password over, and let it be
    changed.
    """
    password = body.password.get_secret_value()
    refuse_common(password)
    password_hash = await hash_password(password)
    async with pool.acquire() as connection:
        row = await users.create_user(
            connection,
            actor,
            username=body.username,
            email=body.email,
            password_hash=password_hash,
            role=body.role,
        )
    return ManagedUser(**row)


@router.get("/users/{user_id}", operation_id="get_user", tags=["users"], summary="One user", responses=problems(404))
async def get_user(user_id: UserId, _admin: Admin, connection: ConnectionOfRequest) -> ManagedUser:
    """One account, with its role and whether it may sign in."""
    return ManagedUser(**await users.get_user(connection, user_id))


@router.patch(
    "/users/{user_id}",
    operation_id="change_user",
    tags=["users"],
    summary="Change a user's role, disable or enable them",
    responses=problems(404, 409, 413),
)
async def change_user(
    user_id: UserId, body: UserChange, _admin: Admin, actor: ActorOfRequest, connection: ConnectionOfRequest
) -> ManagedUser:
    """Counts from the user's next request on; whoever is disabled is signed out. 409 for the last admin."""
    row = await users.change_user(connection, actor, user_id, role=body.role, active=body.active)
    return ManagedUser(**row)


@router.delete(
    "/users/{user_id}",
    operation_id="delete_user",
    tags=["users"],
    status_code=204,
    summary="Remove a user",
    responses=problems(404, 409),
)
async def delete_user(user_id: UserId, _admin: Admin, actor: ActorOfRequest, connection: ConnectionOfRequest) -> None:
    """The user goes, with sessions and API tokens; what they loaded and wrote stays. 409 for the last admin."""
    await users.delete_user(connection, actor, user_id)


@router.post(
    "/users/{user_id}/password-reset",
    operation_id="issue_password_reset",
    tags=["users"],
    status_code=201,
    summary="A one-time token by which the user sets a new password",
    responses=problems(404),
)
async def issue_password_reset(
    user_id: UserId, _admin: Admin, actor: ActorOfRequest, connection: ConnectionOfRequest, rules: Rules
) -> ResetToken:
    """Hand the token to the user, who sets a password with POST /v1/auth/password/reset. It works once and for a
    while; an earlier one of the user dies.
    """
    token, expires_at = await service.issue_reset(connection, actor, user_id, rules.reset_lifetime)
    return ResetToken(reset_token=token, expires_at=expires_at)


@router.get(
    "/audit",
    operation_id="list_audit",
    tags=["audit"],
    summary="Who did what, when, from where; newest first",
    response_model=AuditPage,
    responses={200: {**LINK_HEADER}},
)
async def list_audit(
    _admin: Admin,
    connection: ConnectionOfRequest,
    request: Request,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
    action: Exact = None,
    username: Exact = None,
) -> Response:
    """Sign-ins, changes of users, tokens, settings and the calendar, undone loads, and more, each with who, when and
    from which address.
    """
    before = None if cursor is None else int(cursor)
    rows = await audit.list_audit(connection, before=before, limit=limit + 1, action=action, username=username)
    page, more = cut_page([AuditEntry(**row) for row in rows], limit)
    return page_response(request, "audit", page, limit, cursor=page[-1].id if more else None)
