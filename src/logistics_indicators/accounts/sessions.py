"""Sessions: a sign-in and the chain of refresh tokens that descends from it.

A refresh token works once. If it is shown again, it or its successor was stolen, so the whole session ends. Two
tabs that refresh at the same moment are no theft, so a token spent a few seconds ago still works.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from ..database import Connection
from .audit import Actor, audit
from .current_user import Role, User
from .tokens import InvalidToken, TokenKey, issue_access_token, issue_refresh_token, read_refresh_token, token_hash

MOST_SESSIONS = 100
"""Sessions that a user may have; the oldest go first."""

OPEN_SESSION = """
INSERT INTO sessions (user_id, address, expires_at) VALUES ($1, $2, LOCALTIMESTAMP + $3::interval)
RETURNING id, EXTRACT(epoch FROM expires_at)::bigint AS expires_at
"""

DROP_OLD_SESSIONS = """
DELETE FROM sessions WHERE user_id = $1 AND (
    expires_at < LOCALTIMESTAMP
    OR id <= (SELECT id FROM sessions WHERE user_id = $1 ORDER BY id DESC OFFSET $2 LIMIT 1)
)
"""

STORE_REFRESH = "INSERT INTO refresh_tokens (token_hash, session_id) VALUES ($1, $2)"

READ_REFRESH = """
SELECT t.spent_at, t.spent_at > LOCALTIMESTAMP - $2::interval AS in_grace,
       s.id AS session_id, s.revoked_at, EXTRACT(epoch FROM s.expires_at)::bigint AS expires_at,
       s.expires_at <= LOCALTIMESTAMP AS expired,
       u.id, u.username, u.email, u.role, u.active
FROM refresh_tokens t JOIN sessions s ON s.id = t.session_id JOIN users u ON u.id = s.user_id
WHERE t.token_hash = $1
"""
FIND_REFRESH = f"{READ_REFRESH} FOR UPDATE OF t, s"

SPEND = "UPDATE refresh_tokens SET spent_at = COALESCE(spent_at, LOCALTIMESTAMP) WHERE token_hash = $1"
END_SESSION = "UPDATE sessions SET revoked_at = LOCALTIMESTAMP WHERE id = $1 AND revoked_at IS NULL"
END_SESSIONS = """
UPDATE sessions SET revoked_at = LOCALTIMESTAMP
WHERE user_id = $1 AND revoked_at IS NULL AND id IS DISTINCT FROM $2
"""
FIND_SESSION_USER = """
SELECT s.id, s.revoked_at, u.id AS user_id, u.username
FROM refresh_tokens t JOIN sessions s ON s.id = t.session_id JOIN users u ON u.id = s.user_id
WHERE t.token_hash = $1
"""


@dataclass(frozen=True)
class TokenPair:
    access_token: str
    refresh_token: str
    expires_in: int
    user: User
    session_expires_at: int
    """Seconds since 1970."""


async def open_session(
    connection: Connection, key: TokenKey, user: User, *, lifetime: timedelta, address: str | None
) -> TokenPair:
    """Call inside a transaction."""
    await connection.execute(DROP_OLD_SESSIONS, user.id, MOST_SESSIONS - 1)
    row = await connection.fetchrow(OPEN_SESSION, user.id, address, lifetime)
    return await _issue_pair(connection, key, user, row["id"], row["expires_at"])


async def refresh_session(
    connection: Connection, key: TokenKey, token: str, *, grace: timedelta, address: str | None
) -> TokenPair:
    """A new pair for an unspent token; raises InvalidToken, and ends the session of a token that was spent."""
    read_refresh_token(key, token)
    async with connection.transaction():
        pair = await _rotate(connection, key, token, grace, address)
    if pair is None:
        raise InvalidToken("spent, ended or unknown")
    return pair


async def _rotate(
    connection: Connection, key: TokenKey, token: str, grace: timedelta, address: str | None
) -> TokenPair | None:
    found = await connection.fetchrow(FIND_REFRESH, token_hash(token), grace)
    if not _is_alive(found) or not found["active"]:
        return None
    if await _was_reused(connection, found, address):
        return None
    await connection.execute(SPEND, token_hash(token))
    user = User(found["id"], found["username"], found["email"], Role(found["role"]))
    return await _issue_pair(connection, key, user, found["session_id"], found["expires_at"])


def _is_alive(found: Any) -> bool:
    return found is not None and found["revoked_at"] is None and not found["expired"]


async def _was_reused(connection: Connection, found: Any, address: str | None) -> bool:
    """Whether the token was spent before the grace; then its session ends."""
    if found["spent_at"] is None or found["in_grace"]:
        return False
    await connection.execute(END_SESSION, found["session_id"])
    actor = Actor(address, found["id"], found["username"])
    await audit(connection, actor, "refresh_token_reused", session=found["session_id"])
    return True


async def _issue_pair(connection: Connection, key: TokenKey, user: User, session_id: int, expires_at: int) -> TokenPair:
    refresh_token = issue_refresh_token(key, user.id, session_id, expires_at)
    await connection.execute(STORE_REFRESH, token_hash(refresh_token), session_id)
    access_token = issue_access_token(key, user.id, session_id)
    return TokenPair(access_token, refresh_token, key.access_seconds, user, expires_at)


async def end_session(connection: Connection, key: TokenKey, token: str, *, address: str | None) -> None:
    """Sign out by any refresh token of the session, spent or not; raises InvalidToken for one we never gave."""
    read_refresh_token(key, token)
    async with connection.transaction():
        found = await connection.fetchrow(FIND_SESSION_USER, token_hash(token))
        if found is None:
            return  # the session is long gone, which is what was asked for
        await connection.execute(END_SESSION, found["id"])
        if found["revoked_at"] is None:
            actor = Actor(address, found["user_id"], found["username"])
            await audit(connection, actor, "logout", session=found["id"])


async def end_all_sessions(
    connection: Connection, key: TokenKey, token: str, *, grace: timedelta, address: str | None
) -> None:
    """Sign out everywhere, by a good refresh token of a session that is alive; raises InvalidToken.

    A token that was spent ends its own session, as in refresh_session, and no other: a stolen one must not. Nothing is
    locked: two at once would wait for the sessions of each other.
    """
    read_refresh_token(key, token)
    async with connection.transaction():
        found = await connection.fetchrow(READ_REFRESH, token_hash(token), grace)
        ended = _is_alive(found) and not await _was_reused(connection, found, address)
        if ended:
            await end_sessions(connection, found["id"])
            actor = Actor(address, found["id"], found["username"])
            await audit(connection, actor, "logout_everywhere", session=found["session_id"])
    if not ended:
        raise InvalidToken("spent, ended or unknown")


async def end_sessions(connection: Connection, user_id: int, *, keep: int | None = None) -> None:
    """End all sessions of a user, but for the one to keep."""
    await connection.execute(END_SESSIONS, user_id, keep)
