"""Users as an admin manages them. The last active admin can be neither removed, disabled nor demoted."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Query

from ..database import Connection, Lock, lock
from ..errors import Conflict, NotFound
from ..http.field_types import FilterText
from ..lists.filters import CONTAINS, SHORTEST_PART, Contains, OneOf, Where, several
from ..lists.order import Key
from ..lists.rows import Listed
from .audit import Actor, audit
from .current_user import Role
from .models import ManagedUser
from .service import insert_user
from .sessions import end_sessions

COLUMNS = "id, username, email, role, active, created_at"
GET_USER = f"SELECT {COLUMNS} FROM users WHERE id = $1"
CHANGE_USER = f"""
UPDATE users SET role = COALESCE($2, role), active = COALESCE($3, active) WHERE id = $1 RETURNING {COLUMNS}
"""
DELETE_USER = "DELETE FROM users WHERE id = $1 RETURNING username"
Part = Annotated[str, FilterText(254, SHORTEST_PART)]
USERS = Listed(
    "users",
    "users",
    keys={"username": Key(str, "username"), "email": Key(str, "lower(email)")},
    selected=COLUMNS,
    shape=lambda row: ManagedUser(**{name: row[name] for name in ManagedUser.model_fields}).model_dump(mode="json"),
    shown=tuple(ManagedUser.model_fields),
)


@dataclass(frozen=True)
class UserFilter:
    username_contem: Annotated[Part | None, CONTAINS, Contains("username")] = None
    email_contem: Annotated[Part | None, CONTAINS, Contains("email")] = None
    role: Annotated[list[Role] | None, several("What they may do"), OneOf("role", "text")] = None
    active: Annotated[
        bool | None,
        Query(description="Whether they may sign in"),
        Where({True: "active", False: "NOT active"}),
    ] = None


ADMIN_IS_LEFT = "SELECT EXISTS (SELECT FROM users WHERE role = 'admin' AND active)"


async def get_user(connection: Connection, user_id: int) -> Any:
    row = await connection.fetchrow(GET_USER, user_id)
    if row is None:
        raise NotFound(f"There is no user {user_id}.")
    return row


async def create_user(
    connection: Connection, actor: Actor, *, username: str, email: str, password_hash: str, role: Role
) -> Any:
    async with connection.transaction():
        row = await insert_user(connection, username, email, password_hash, role)
        await audit(connection, actor, "user_created", of_user=row["id"], of_username=username, role=role.value)
    return row


async def change_user(
    connection: Connection, actor: Actor, user_id: int, *, role: Role | None, active: bool | None
) -> Any:
    """Counts from the user's next request on. Raises NotFound, and Conflict where no admin would be left."""
    async with connection.transaction():
        await lock(connection, Lock.admins)
        before = await get_user(connection, user_id)
        row = await connection.fetchrow(CHANGE_USER, user_id, role.value if role else None, active)
        await _keep_an_admin(connection)
        if not row["active"]:
            await end_sessions(connection, user_id)
        detail: dict[str, str | int] = {"of_user": user_id, "of_username": row["username"]}
        if before["role"] != row["role"]:
            detail["role"] = f"{before['role']} to {row['role']}"
        if before["active"] != row["active"]:
            detail["active"] = "enabled" if row["active"] else "disabled"
        await audit(connection, actor, "user_changed", **detail)
    return row


async def delete_user(connection: Connection, actor: Actor, user_id: int) -> None:
    async with connection.transaction():
        await lock(connection, Lock.admins)
        username = await connection.fetchval(DELETE_USER, user_id)
        if username is None:
            raise NotFound(f"There is no user {user_id}.")
        await _keep_an_admin(connection)
        await audit(connection, actor, "user_deleted", of_user=user_id, of_username=username)


async def _keep_an_admin(connection: Connection) -> None:
    if not await connection.fetchval(ADMIN_IS_LEFT):
        raise Conflict("This is the last admin. Make another one first.")
