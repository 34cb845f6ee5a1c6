"""A file that was looked at with validate_only is loaded, from the bytes that are here still."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from typing import Any

from ..accounts.audit import Actor, audit
from ..accounts.current_user import User
from ..database import Connection, announce_changed_loads
from ..errors import Conflict, NotFound
from ..tracing import current_traceparent
from .kinds import Kind
from .models import Load
from .service import find_load, refuse_to_wait_for_nobody
from .turns import RECEIVED_NOW
from .undo_under_way import refuse_beside_undo

KEPT_HOURS = 1
IS_KEPT = f"""
l.validate_only AND l.mends IS NULL AND l.status = 'completed'
AND l.finished_at > clock_timestamp()::timestamp - interval '{KEPT_HOURS} hours'
"""
"""The file of a load `l` that may still be confirmed."""

LOCK_LOAD = "SELECT * FROM loads WHERE id = $1 AND status <> 'receiving' FOR UPDATE"
FIND_CONFIRMING = "SELECT id, status, on_conflict, unknown_customer FROM loads WHERE confirms = $1"
INSERT_CONFIRMING = f"""
INSERT INTO loads (confirms, status, stage, received_at, on_conflict, unknown_customer, user_id, username, warnings,
    kind, max_rejects, filename, bytes, sha256, format, sheet, encoding, delimiter, columns, has_header, chunks, header,
    column_names, ignored, is_rejects_file, long_records, spooled_bytes, preset, traceparent)
SELECT id, 'received', CASE WHEN max_rejects IS NULL THEN 'write' ELSE 'check' END, {RECEIVED_NOW},
    COALESCE($2, on_conflict), COALESCE($3, unknown_customer), $4, $5, received_warnings,
    kind, max_rejects, filename, bytes, sha256, format, sheet, encoding, delimiter, columns, has_header, chunks, header,
    column_names, ignored, is_rejects_file, long_records, spooled_bytes, preset, $6
FROM loads WHERE id = $1
RETURNING id
"""
TAKE_SPOOL = """
WITH taken AS (UPDATE load_chunks SET load_id = $2 WHERE load_id = $1 RETURNING 1) SELECT count(*) FROM taken
"""


CheckRoom = Callable[[Connection], Awaitable[None]]
"""Raises where there is no room for the user's files."""


@dataclass(frozen=True)
class Changes:
    """What is asked otherwise than when the file was looked at; None is as it was."""

    on_conflict: str | None
    unknown_customer: str | None


async def confirm_load(
    connection: Connection, load_id: int, changes: Changes, user: User, actor: Actor, check_room: CheckRoom
) -> Load:
    """The load that writes what this one tried: the same one, however often it is asked for so.

    All of it in one transaction. Raises Conflict where there is nothing to confirm, or not any more, and where it was
    confirmed with other options or the load was undone since; and what check_room raises: the bytes become the user's.
    """
    await refuse_beside_undo(connection, load_id)
    async with connection.transaction():
        load = await connection.fetchrow(LOCK_LOAD, load_id)
        if load is None:
            raise NotFound(f"There is no load {load_id}.")
        first = await connection.fetchrow(FIND_CONFIRMING, load_id)
        if first is not None:
            _refuse_to_repeat(load, changes, first)
            confirming = first["id"]
        else:
            _refuse_to_confirm(load, changes)
            await check_room(connection)
            confirming = await _take_over(connection, load, changes, user)
            size = load["bytes"]
            await audit(connection, actor, "load_received", load_id=confirming, kind=load["kind"], bytes=size)
            await announce_changed_loads(connection)
        return await find_load(connection, confirming)


def _refuse_to_confirm(load: Any, changes: Changes) -> None:
    if not load["validate_only"]:
        raise Conflict(f"Load {load['id']} is no trial: only one with validate_only=true is confirmed.")
    if load["mends"]:
        raise Conflict(f"Load {load['id']} tried a mend of load {load['mends']}: send the mend without validate_only.")
    if load["status"] != "completed":
        raise Conflict(f"Load {load['id']} is {load['status']}: only a completed trial is confirmed.")
    refuse_to_wait_for_nobody(Kind(load["kind"]), changes.unknown_customer)


def _refuse_to_repeat(load: Any, changes: Changes, first: Any) -> None:
    if first["status"] == "undone":
        raise Conflict(f"Load {load['id']} was loaded as load {first['id']}, which was undone. Send the file again.")
    for name, asked in asdict(changes).items():
        if (asked or load[name]) != first[name]:
            raise Conflict(f"Load {load['id']} was confirmed as load {first['id']}, with {name}={first[name]}.")


async def _take_over(connection: Connection, load: Any, changes: Changes, user: User) -> int:
    asked = changes.on_conflict, changes.unknown_customer
    values = load["id"], *asked, user.id, user.username, current_traceparent()
    new: int = await connection.fetchval(INSERT_CONFIRMING, *values)
    if await connection.fetchval(TAKE_SPOOL, load["id"], new) < load["chunks"]:
        raise gone(load)
    return new


def gone(load: Any) -> Conflict:
    hours = "an hour" if KEPT_HOURS == 1 else f"{KEPT_HOURS} hours"
    return Conflict(f"The file of load {load['id']} is gone: it is kept for {hours}. Send it again.")
