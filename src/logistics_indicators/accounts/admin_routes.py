"""/v1/users and /v1/audit: what an admin sees and changes."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Path, Query, Response

from ..database import ConnectionOfRequest, PoolOfApp
from ..errors import problems
from . import audit, service, users
from .current_user import Admin
from .models import LARGEST_ID, AuditEntry, AuditPage, ManagedUser, NewUser, ResetToken, UserChange, UserPage
from .passwords import hash_password, refuse_common
from .routes import Address, Rules

router = APIRouter(prefix="/v1", responses=problems(401, 403, 422, 503))

UserId = Annotated[int, Path(ge=1, le=LARGEST_ID)]
Limit = Annotated[int, Query(ge=1, le=1000, description="Rows on a page")]
Cursor = Annotated[str | None, Query(pattern="^[0-9]{1,18}$", description="From proxima_pagina; opaque")]
Exact = Annotated[str | None, Query(min_length=1, max_length=64, pattern="^[^\x00]+$", description="Exact")]


def next_page(response: Response, path: str, **query: str | int | None) -> str:
    url = f"{path}?{urlencode({name: value for name, value in query.items() if value is not None})}"
    response.headers["Link"] = f'<{url}>; rel="next"'
    return url


@router.get(
    "/users", operation_id="list_users", tags=["users"], summary="Users by id", response_model_exclude_none=True
)
async def list_users(
    _admin: Admin, connection: ConnectionOfRequest, response: Response, limit: Limit = 30, cursor: Cursor = None
) -> UserPage:
    rows = await users.list_users(connection, after=min(int(cursor or 0), LARGEST_ID), limit=limit + 1)
    page = [ManagedUser(**row) for row in rows[:limit]]
    answer = UserPage(users=page, total_por_pagina=len(page))
    if len(rows) > limit:
        answer.proxima_pagina = next_page(response, "/v1/users", limit=limit, cursor=page[-1].id)
    return answer


@router.post(
    "/users",
    operation_id="create_user",
    tags=["users"],
    status_code=201,
    summary="Make an account for someone",
    responses=problems(409, 413, 429),
)
async def create_user(body: NewUser, admin: Admin, pool: PoolOfApp, address: Address) -> ManagedUser:
    password = body.password.get_secret_value()
    refuse_common(password)
    password_hash = await hash_password(password)
    async with pool.acquire() as connection:
        row = await users.create_user(
            connection,
            admin,
            username=body.username,
            email=body.email,
            password_hash=password_hash,
            role=body.role,
            address=address,
        )
    return ManagedUser(**row)


@router.get("/users/{id}", operation_id="get_user", tags=["users"], summary="One user", responses=problems(404))
async def get_user(id: UserId, _admin: Admin, connection: ConnectionOfRequest) -> ManagedUser:
    return ManagedUser(**await users.get_user(connection, id))


@router.patch(
    "/users/{id}",
    operation_id="change_user",
    tags=["users"],
    summary="Change a user's role, disable or enable them",
    responses=problems(404, 409, 413),
)
async def change_user(
    id: UserId, body: UserChange, admin: Admin, connection: ConnectionOfRequest, address: Address
) -> ManagedUser:
    row = await users.change_user(connection, admin, id, role=body.role, active=body.active, address=address)
    return ManagedUser(**row)


@router.delete(
    "/users/{id}",
    operation_id="delete_user",
    tags=["users"],
    status_code=204,
    summary="Remove a user",
    responses=problems(404, 409),
)
async def delete_user(id: UserId, admin: Admin, connection: ConnectionOfRequest, address: Address) -> None:
    await users.delete_user(connection, admin, id, address=address)


@router.post(
    "/users/{id}/password-reset",
    operation_id="issue_password_reset",
    tags=["users"],
    status_code=201,
    summary="A one-time token by which the user sets a new password",
    responses=problems(404),
)
async def issue_password_reset(
    id: UserId, admin: Admin, connection: ConnectionOfRequest, rules: Rules, address: Address
) -> ResetToken:
    token, expires_at = await service.issue_reset(connection, admin, id, rules.reset_lifetime, address=address)
    return ResetToken(reset_token=token, expires_at=expires_at)


@router.get(
    "/audit",
    operation_id="list_audit",
    tags=["audit"],
    summary="Who did what, when, from where; newest first",
    response_model_exclude_unset=True,
)
async def list_audit(
    _admin: Admin,
    connection: ConnectionOfRequest,
    response: Response,
    limit: Limit = 30,
    cursor: Cursor = None,
    action: Exact = None,
    username: Exact = None,
) -> AuditPage:
    before = int(cursor) if cursor else 2**62
    rows = await audit.list_audit(connection, before=before, limit=limit + 1, action=action, username=username)
    page = [AuditEntry(**row) for row in rows[:limit]]
    answer = AuditPage(audit=page, total_por_pagina=len(page))
    if len(rows) > limit:
        answer.proxima_pagina = next_page(
            response, "/v1/audit", limit=limit, cursor=page[-1].id, action=action, username=username
        )
    return answer
