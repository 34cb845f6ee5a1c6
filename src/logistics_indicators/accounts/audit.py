"""The audit log: who did what, when, from where. Written in the transaction that does it."""

from collections.abc import Mapping

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
