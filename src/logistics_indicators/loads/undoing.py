"""Undoing a load: what it inserted goes, what it updated gets its values before again, or nothing happens."""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg

from ..accounts.current_user import Role, User
from ..database import Connection, allow_long_statements, announce_changed_loads
from ..errors import Conflict, Forbidden, NotFound
from ..last_change import BY_HAND
from ..rollup.commits import Act, Commit
from .kinds import KINDS, Kind
from .mending.settling import reopen_rejects
from .merging.before_images import forget_before
from .merging.rows_of_kind import ROWS
from .models import Load
from .service import find_load
from .waiting.keeping import forget_waiting

UNDO = """
UPDATE loads SET status = 'undone', finished_at = clock_timestamp(), rows_read = rows_read - rows_waiting,
    rows_waiting = 0, waiting_bytes = 0
WHERE id = $1
"""
DROP_FILE = "DELETE FROM load_chunks WHERE load_id = $1"
UNDO_SECONDS = 600

DELETED = -1
CHANGED_SINCE = f"""
SELECT COALESCE(changed.updated_by_load, {DELETED}) AS by, count(*) AS rows FROM (
    SELECT updated_by_load FROM {{kind}} WHERE load_id = $1 AND updated_by_load IS NOT NULL
    UNION ALL
    SELECT k.updated_by_load FROM {{kind}}_before b LEFT JOIN {{kind}} k ON k.id = b.id
    WHERE b.load_id = $1 AND k.updated_by_load IS DISTINCT FROM $1
) AS changed
GROUP BY 1 ORDER BY 1
"""
REFERRED_TO = "SELECT count(*) FROM {other} o JOIN {kind} k ON k.id = o.{column} WHERE k.load_id = $1"
GONE_SINCE = """
SELECT count(*) FROM {kind}_before b WHERE b.load_id = $1 AND NOT EXISTS (SELECT FROM {other} o WHERE o.id = b.{column})
"""
TAKEN_SINCE = """
SELECT count(*) FROM {kind}_before b JOIN {kind} o ON lower(o.{column}) = lower(b.{column})
WHERE b.load_id = $1 AND o.id <> b.id AND o.{column}_twin = b.{column}_twin
    AND o.load_id IS DISTINCT FROM $1 AND o.updated_by_load IS DISTINCT FROM $1
"""
"""The load's own rows make room."""


async def undo_load(connection: Connection, user: User, load_id: int) -> Load:
    """All of it, the indicators with it, in one transaction. The file of a trial goes at once.

    Raises Forbidden for who is no admin, unless it is a trial of their own; Conflict where the load has not completed,
    where its rows were changed since or are referred to, and where the values before have no place any more.
    """
    async with connection.transaction():
        load = await connection.fetchrow("SELECT * FROM loads WHERE id = $1 FOR UPDATE", load_id)
        if load is None or load["status"] == "receiving":
            raise NotFound(f"There is no load {load_id}.")
        _refuse_who_may_not(user, load)
        if load["status"] != "completed":
            raise Conflict(f"Load {load_id} is {load['status']}: only a completed load can be undone.")
        await allow_long_statements(connection, UNDO_SECONDS)
        if load["validate_only"]:
            await connection.execute(DROP_FILE, load_id)
        else:
            await _take_back(connection, load, Commit(Act.undo, load_id, user.id or None, user.username))
        await connection.execute(UNDO, load_id)
        await announce_changed_loads(connection)
        return await find_load(connection, load_id)


def _refuse_who_may_not(user: User, load: Any) -> None:
    if user.role is Role.admin or (load["validate_only"] and load["user_id"] == user.id):
        return
    raise Forbidden(f"To undo a load needs the role admin; yours is {user.role.value}, for trials of your own alone.")


async def _take_back(connection: Connection, load: Any, undo: Commit) -> None:
    kind, load_id = Kind(load["kind"]), load["id"]
    async for obstacle in _obstacles(connection, kind, load):
        raise Conflict(obstacle)
    try:
        done = await ROWS[kind].take_back(connection, load_id, undo)
    except asyncpg.IntegrityConstraintViolationError:
        raise Conflict(f"Other rows came to stand against the undo of load {load_id} meanwhile.") from None
    if done.kept or done.changed:
        raise Conflict(f"{_rows(done.kept + done.changed)} of load {load_id} changed meanwhile.")
    await forget_before(connection, kind, load_id)
    await forget_waiting(connection, load_id)
    await reopen_rejects(connection, load_id)


async def _obstacles(connection: Connection, kind: Kind, load: Any) -> AsyncIterator[str]:
    """What stands against it, with how many rows."""

    async def count(query: str, **names: str) -> int:
        return int(await connection.fetchval(query.format(kind=kind, **names), load["id"], timeout=UNDO_SECONDS))

    kept = await count("SELECT count(*) FROM {kind}_before WHERE load_id = $1")
    if load["rows_updated"] > kept:
        yield f"Load {load['id']} updated rows before this release, which did not keep their values: it stays."
    changed = await connection.fetch(CHANGED_SINCE.format(kind=kind), load["id"], timeout=UNDO_SECONDS)
    if changed:
        yield _changed_since(load["id"], {row["by"]: row["rows"] for row in changed})
    for other, declared in KINDS.items():
        for column in (column for column, reference in declared.refers_to.items() if reference.kind is kind):
            if number := await count(REFERRED_TO, other=other, column=column):
                yield f"{number} {other} point at {kind} of load {load['id']}; undo those first."
    for column, reference in KINDS[kind].refers_to.items():
        if number := await count(GONE_SINCE, other=reference.kind, column=column):
            yield f"{_rows(number)} of load {load['id']} belonged to {reference.kind} that are gone."
    for column in KINDS[kind].unique:
        if number := await count(TAKEN_SINCE, column=column):
            yield f"{_rows(number)} of load {load['id']} had an {column} before that another has now."


def _changed_since(load_id: int, changed: dict[int, int]) -> str:
    words = {BY_HAND: "by hand", DELETED: "by being deleted"}
    parts = [f"{number} {words.get(by, f'by load {by}')}" for by, number in changed.items()]
    advice = "" if words.keys() & changed else " Undo what came later first."
    return f"{_rows(sum(changed.values()))} of load {load_id} changed since: {', '.join(parts)}.{advice}"


def _rows(number: int) -> str:
    return "1 row" if number == 1 else f"{number} rows"
