"""What mends leave of a load's rejects, rejected once more: as many bytes as are kept of what the load rejected."""

from typing import Any

from ...database import Connection
from ...errors import Unprocessable

KEPT = """
SELECT COALESCE(sum(octet_length("row") + COALESCE(octet_length(value), 0)), 0)::bigint AS sent,
    COALESCE(sum(COALESCE(octet_length(now_row), 0) + COALESCE(octet_length(now_value), 0)), 0)::bigint AS left_by_mends
FROM load_rejects WHERE load_id = $1
"""
MAY_BE_LEFT = """
SELECT COALESCE(sum(CASE WHEN status = 'completed' THEN waiting_bytes ELSE bytes END), 0)::bigint FROM loads
WHERE mends = $1 AND NOT validate_only AND status IN ('received', 'loading', 'completed')
"""
"""By mends that are under way, or whose visits wait: all of it may be rejected."""

COUNT = "UPDATE loads SET rejects_bytes = $2 WHERE id = $1"


async def bytes_with_mend(connection: Connection, load_id: int, mended: int, replaced: int, most: int) -> int:
    """Of the load's rejects, with what this mend leaves were all of it rejected. The load is locked.

    `replaced`: bytes that other mends left of its rows. Raises Unprocessable where mends would leave more than `most`.
    """
    kept: Any = await connection.fetchrow(KEPT, load_id)
    may_be_left: int = await connection.fetchval(MAY_BE_LEFT, load_id)
    left: int = kept["left_by_mends"] - replaced + mended + may_be_left
    if left > most:
        raise Unprocessable.field(
            "body",
            msg=f"rejected once more, the load's mended rows would be {left} bytes, and {most} are kept "
            "(LOAD_REJECTS_BYTES); mend fewer at a time, or with shorter cells",
        )
    sent: int = kept["sent"]
    return sent + left


async def count_kept(connection: Connection, load_id: int, kept: int) -> None:
    """Among what is kept for the load's user. The next mend counts anew what the ones before it left indeed."""
    await connection.execute(COUNT, load_id, kept)
