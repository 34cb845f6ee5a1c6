"""Undoing a load: what it inserted goes, what it updated gets its values before again, or nothing happens."""

from typing import Any

import asyncpg

from ..accounts.current_user import Role, User
from ..database import Connection, allow_long_statements, announce_changed_loads
from ..distributed import read_before_writing
from ..errors import Conflict, Forbidden, NotFound
from ..rollup.commits import Act, Commit
from .kinds import SUMMED_KINDS, Kind
from .mending.settling import reopen_rejects
from .merging.before_images import forget_before
from .merging.rows_of_kind import ROWS
from .models import Load
from .obstacles import NOT_COMPLETED, SECONDS, counted, obstacles
from .service import find_load
from .undo_under_way import begin_undo
from .waiting.keeping import forget_waiting

UNDO = """
UPDATE loads SET status = 'undone', finished_at = clock_timestamp(), rows_read = rows_read - rows_waiting,
    rows_waiting = 0, waiting_bytes = 0
WHERE id = $1
"""
LOAD = "SELECT * FROM loads WHERE id = $1"
DROP_FILE = "DELETE FROM load_chunks WHERE load_id = $1"

AGAIN = "Ask again: the answer says what to do first."


async def undo_load(connection: Connection, user: User, load_id: int) -> Load:
    """All of it, the indicators with it, in one transaction. The file of a trial goes at once.

    Raises Forbidden for who is no admin, unless it is a trial of their own; Conflict where the load has not completed,
    where another undo of it is under way,
    where its rows were changed since or are referred to, and where the values before have no place any more.
    """
    async with connection.transaction():
        _refuse_who_may_not(user, load_id, await connection.fetchrow(LOAD, load_id))  # who may not waits for nobody
        await begin_undo(connection, load_id)
        load = await connection.fetchrow(f"{LOAD} FOR UPDATE", load_id)
        _refuse_who_may_not(user, load_id, load)
        if load["status"] != "completed":
            said = f"Load {load_id} is {load['status']}: only a completed load can be undone."
            raise Conflict(f"{said} {NOT_COMPLETED[load['status']]}")
        await allow_long_statements(connection, SECONDS)
        if load["validate_only"]:
            await connection.execute(DROP_FILE, load_id)
        else:
            await _take_back(connection, load, Commit(Act.undo, load_id, user.id or None, user.username))
        await connection.execute(UNDO, load_id)
        await announce_changed_loads(connection)
        return await find_load(connection, load_id)


def _refuse_who_may_not(user: User, load_id: int, load: Any) -> None:
    if load is None or load["status"] == "receiving":
        raise NotFound(f"There is no load {load_id}.")
    if user.role is Role.admin or (load["validate_only"] and load["user_id"] == user.id):
        return
    if user.api_token:
        raise Forbidden("An API token undoes trials of its own user alone. For any other load an admin signs in.")
    raise Forbidden(f"To undo a load needs the role admin; yours is {user.role.value}, for trials of your own alone.")


async def _take_back(connection: Connection, load: Any, undo: Commit) -> None:
    kind, load_id = Kind(load["kind"]), load["id"]
    if kind not in SUMMED_KINDS:
        await read_before_writing(connection)
    async for obstacle in obstacles(connection, kind, load):
        raise Conflict(obstacle)
    try:
        done = await ROWS[kind].take_back(connection, load_id, undo)
    except asyncpg.IntegrityConstraintViolationError:
        raise Conflict(f"Other rows came to stand against the undo of load {load_id} meanwhile. {AGAIN}") from None
    if done.kept or done.changed:
        raise Conflict(f"{counted(done.kept + done.changed)} of load {load_id} changed meanwhile. {AGAIN}")
    await forget_before(connection, kind, load_id)
    await forget_waiting(connection, load_id)
    await reopen_rejects(connection, load_id)
