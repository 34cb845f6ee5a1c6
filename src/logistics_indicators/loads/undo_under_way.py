"""An undo that is under way, which takes minutes of a large load: who comes meanwhile is told so, and does not wait.

An advisory lock says so, which goes with the undo's transaction, however that ends. The load's row could not: others
hold it for a moment, and are waited for.
"""

from ..database import Connection, Lock
from ..errors import Conflict

TRY = "SELECT pg_try_advisory_xact_lock($1, $2)"
IS_UNDER_WAY = """
SELECT EXISTS (
    SELECT FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2 AND classid = $1 AND objid = $2
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
)
"""
"""objsubid 2 is a lock of two keys. To try the lock instead would stand in the way of an undo that begins."""


async def begin_undo(connection: Connection, load_id: int) -> None:
    """Until the transaction ends. Raises Conflict where another one has begun."""
    if not await connection.fetchval(TRY, Lock.undoing.value, load_id):
        raise _under_way(load_id)


async def refuse_beside_undo(connection: Connection, load_id: int) -> None:
    """Raises Conflict. Call before the load's row is locked, or that would wait for the undo to end."""
    if await is_being_undone(connection, load_id):
        raise _under_way(load_id)


async def is_being_undone(connection: Connection, load_id: int) -> bool:
    return bool(await connection.fetchval(IS_UNDER_WAY, Lock.undoing.value, load_id))


def _under_way(load_id: int) -> Conflict:
    return Conflict(
        f"Load {load_id} is being undone at this moment. Wait until its `status` is undone; where it is "
        "completed still a while later, the undo could not be, and you may ask again."
    )
