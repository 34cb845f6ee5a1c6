"""API tokens: what a user gives to a machine. Shown once, kept as a hash, with no more rights than their maker has."""

from datetime import timedelta
from typing import Any

from ..database import Connection
from ..errors import Conflict, Forbidden, NotFound
from .audit import Actor, audit
from .current_user import Role, User, new_api_token
from .models import NewApiToken
from .tokens import token_hash

MOST_TOKENS = 50
"""That a user may have at once."""

COLUMNS = """
api_tokens.id, name, api_tokens.role, scopes, addresses, api_tokens.created_at, expires_at, last_used_at,
last_used_address, user_id, username
"""
LOCK_MAKER = "SELECT FROM users WHERE id = $1 FOR UPDATE"
HAS = "SELECT count(*) AS tokens, count(*) FILTER (WHERE name = $2) AS of_name FROM api_tokens WHERE user_id = $1"
MAKE = """
INSERT INTO api_tokens (user_id, name, token_hash, role, scopes, addresses, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, LOCALTIMESTAMP + $7::interval) RETURNING id
"""
GET = f"SELECT {COLUMNS} FROM api_tokens JOIN users ON users.id = user_id WHERE api_tokens.id = $1"
LIST = f"""
SELECT {COLUMNS} FROM api_tokens JOIN users ON users.id = user_id
WHERE api_tokens.id > $1 AND ($2::integer IS NULL OR user_id = $2) ORDER BY api_tokens.id LIMIT $3
"""
REVOKE = "DELETE FROM api_tokens WHERE id = $1 AND ($2::integer IS NULL OR user_id = $2) RETURNING name, user_id"


def _whose(user: User) -> int | None:
    """Of whom a user sees and revokes tokens; None: of everybody."""
    return None if user.role.covers(Role.admin) else user.id


async def make_api_token(connection: Connection, user: User, actor: Actor, new: NewApiToken) -> tuple[str, Any]:
    """(the token, which nobody is told again; its row). Raises Forbidden and Conflict."""
    if not user.role.covers(new.role):
        raise Forbidden(f"A token may not have a higher role than its maker; yours is {user.role.value}.")
    token = new_api_token()
    lifetime = None if new.expires_in_days is None else timedelta(days=new.expires_in_days)
    async with connection.transaction():
        await connection.execute(LOCK_MAKER, user.id)
        has = await connection.fetchrow(HAS, user.id, new.name)
        if has["of_name"]:
            raise Conflict("You have a token of this name.")
        if has["tokens"] >= MOST_TOKENS:
            raise Conflict(f"You have {MOST_TOKENS} tokens, which is as many as you may. Revoke one first.")
        values = (user.id, new.name, token_hash(token), new.role, new.scopes, new.addresses, lifetime)
        token_id = await connection.fetchval(MAKE, *values)
        of_token = {"of_token": token_id, "name": new.name, "role": new.role, "scopes": " ".join(new.scopes)}
        await audit(connection, actor, "api_token_made", **of_token)
        return token, await connection.fetchrow(GET, token_id)


async def list_api_tokens(connection: Connection, user: User, *, after: int, limit: int) -> list[Any]:
    """The user's own; an admin's are everybody's."""
    return list(await connection.fetch(LIST, after, _whose(user), limit))


async def revoke_api_token(connection: Connection, user: User, actor: Actor, token_id: int) -> None:
    """Counts from its next request on. Raises NotFound, for somebody else's as well."""
    async with connection.transaction():
        row = await connection.fetchrow(REVOKE, token_id, _whose(user))
        if row is None:
            raise NotFound(f"There is no token {token_id}.")
        of_token = {"of_token": token_id, "name": row["name"], "of_user": row["user_id"]}
        await audit(connection, actor, "api_token_revoked", **of_token)
