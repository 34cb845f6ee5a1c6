"""The audit log: who did what, when, from where. Written in the transaction that does it."""

from collections.abc import Mapping
from typing import Any

from ..database import Connection

RECORD = """
INSERT INTO audit_log (action, user_id, username, address, detail) VALUES ($1, $2, $3, $4, $5)
"""


async def record_audit(
    connection: Connection,
    *,
    action: str,
    username: str | None,
    user_id: int | None,
    address: str | None,
    detail: Mapping[str, str | int] | None = None,
) -> None:
    """Append a line. `action` is a verb in the past or a noun in snake_case: login, load_received, load_undone.

    `address` is the peer's (`request.client.host`). Never put a secret or a customer's data into `detail`.
    """
    await connection.execute(RECORD, action, user_id, username, address, dict(detail or {}))


LIST = """
SELECT id, happened_at, action, user_id, username, address, detail FROM audit_log
WHERE id < $1 AND ($2::text IS NULL OR action = $2) AND ($3::text IS NULL OR username = $3)
ORDER BY id DESC LIMIT $4
"""


async def list_audit(
    connection: Connection, *, before: int, limit: int, action: str | None, username: str | None
) -> list[Any]:
    """Up to `limit` entries with ids below `before`, newest first."""
    return list(await connection.fetch(LIST, before, action, username, limit))
