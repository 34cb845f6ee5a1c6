"""The audit log: who did what, when, from where. Written in the transaction that does it."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

from fastapi import Depends, Request

from ..database import Connection
from .current_user import User, peer_address

RECORD = """
INSERT INTO audit_log (action, user_id, username, address, detail) VALUES ($1, $2, $3, $4, $5)
"""


Action = Literal[
    "api_token_made",
    "api_token_revoked",
    "calendar_change_undone",
    "calendar_day_added",
    "calendar_day_taken_away",
    "customer_deleted",
    "indicator_settings_changed",
    "indicators_rebuilt",
    "load_received",
    "load_undone",
    "login",
    "login_failed",
    "logout",
    "logout_everywhere",
    "password_changed",
    "password_reset",
    "password_reset_issued",
    "polo_state_set",
    "preset_deleted",
    "preset_kept",
    "refresh_token_reused",
    "register",
    "rejects_mended",
    "user_changed",
    "user_created",
    "user_deleted",
    "waiting_cancelled",
]


@dataclass(frozen=True)
class Actor:
    """Who does something, and the peer's address. Without a user: nobody that we know."""

    address: str | None
    user_id: int | None = None
    username: str | None = None
    api_token: int | None = None
    """The id of the token by which a machine of the user asks."""

    @classmethod
    def of(cls, user: User, address: str | None) -> Self:
        api_token = user.api_token.id if user.api_token else None
        return cls(address, user.id or None, user.username, api_token)  # the command line's user is in no table


async def _actor(request: Request) -> Actor:
    return Actor.of(request.state.user, peer_address(request))


ActorOfRequest = Annotated[Actor, Depends(_actor)]
"""Beside one of Viewer, Analyst, Admin: the user that was let in."""


async def audit(connection: Connection, actor: Actor, action: Action, **detail: str | int) -> None:
    """Append a line. Never put a secret or a customer's data into `detail`."""
    if actor.api_token is not None:
        detail["api_token"] = actor.api_token
    await connection.execute(RECORD, action, actor.user_id, actor.username, actor.address, detail)


LIST = """
SELECT id, happened_at, action, user_id, username, address, detail FROM audit_log
WHERE ($1::bigint IS NULL OR id < $1) AND ($2::text IS NULL OR action = $2) AND ($3::text IS NULL OR username = $3)
ORDER BY id DESC LIMIT $4
"""


async def list_audit(
    connection: Connection, *, before: int | None, limit: int, action: str | None, username: str | None
) -> list[Any]:
    """Up to `limit` entries, newest first; with ids below `before` where it is given."""
    return list(await connection.fetch(LIST, before, action, username, limit))
