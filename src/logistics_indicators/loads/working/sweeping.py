"""What nobody will come back for: uploads of dead processes, spools of ended loads, hung claims, old loads."""

from collections.abc import Sequence
from typing import Any

import structlog

from ...database import Connection, allow_long_statements
from ..confirming import IS_KEPT
from ..kinds import KINDS

log = structlog.get_logger()

LOAD_SESSIONS = "logistics-indicators-loads"
"""application_name of the sessions that work on loads."""

TOUCH_SECONDS = 5
"""How often a process says that its uploads are alive."""

DEAD_SECONDS = 30
"""An upload that nobody touched for this long is dead."""

DELETE_DEAD_UPLOADS = """
DELETE FROM loads WHERE status = 'receiving' AND touched_at < clock_timestamp() - make_interval(secs => $1)
RETURNING id
"""
DELETE_FINISHED_SPOOLS = f"""
DELETE FROM load_chunks WHERE (load_id, seq) IN (
    SELECT c.load_id, c.seq FROM load_chunks c JOIN loads l ON l.id = c.load_id
    WHERE l.status IN ('completed', 'failed', 'undone') AND ({IS_KEPT}) IS NOT TRUE FOR UPDATE OF c SKIP LOCKED
)
"""
DELETE_FINISHED_TOUCHES = """
DELETE FROM load_touched_ids t USING loads l
WHERE l.id = t.load_id AND l.status IN ('completed', 'failed', 'undone')
    AND NOT EXISTS (SELECT FROM services_waiting w WHERE w.load_id = l.id)
"""
IS_OLD = """
GREATEST(finished_at, waiting_ended_at) < clock_timestamp() - make_interval(days => $1)
AND NOT EXISTS (SELECT FROM services_waiting w WHERE w.load_id = loads.id)
"""
LOCK_OLD_LOADS = f"""
SELECT id FROM loads WHERE id IN (SELECT coalesce(mends, id) FROM loads WHERE {IS_OLD} LIMIT 1000)
FOR UPDATE SKIP LOCKED
"""
"""Those that are mended for their mends: what is deleted of either is written in the other's rejects."""

LOCK_MENDS = "SELECT id FROM loads WHERE mends = ANY($1::integer[]) FOR UPDATE SKIP LOCKED"
DELETE_OLD_LOADS = f"""
DELETE FROM loads WHERE {IS_OLD} AND coalesce(mends, id) = ANY($2::integer[]) AND NOT EXISTS (
    SELECT FROM loads m WHERE m.mends = coalesce(loads.mends, loads.id) AND m.id <> ALL($3::integer[])
)
"""
DELETE_FINISHED_CELLS = """
DELETE FROM load_cells c
WHERE NOT EXISTS (SELECT FROM loads l WHERE l.id = c.load_id AND l.status IN ('received', 'loading'))
"""
IDLE_KINDS = """
SELECT kind FROM unnest($1::text[]) AS kind
WHERE NOT EXISTS (SELECT FROM loads WHERE loads.kind = kind.kind AND status = 'loading')
"""

END_HUNG_CLAIMS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE application_name = $1 AND datname = current_database() AND usename = current_user AND state = 'active'
    AND wait_event_type = 'Client' AND query_start < clock_timestamp() - make_interval(secs => $2)
"""
"""A process that hangs while its session sends it rows, or waits for those of its COPY: there no timeout ends it."""


async def end_hung_claims(connection: Connection, claim_seconds: float) -> None:
    hung = await connection.fetch(END_HUNG_CLAIMS, LOAD_SESSIONS, claim_seconds)
    if hung:
        log.warning("hung_claims_ended", sessions=len(hung))


LONGEST_SECONDS = 600
"""Of a statement that sweeps: there may be much to sweep, and cut off, it would be begun again for ever."""


async def _swept(connection: Connection, statement: str, *arguments: Any) -> Sequence[Any]:
    async with connection.transaction():
        await allow_long_statements(connection, LONGEST_SECONDS)
        swept: Sequence[Any] = await connection.fetch(statement, *arguments)
        return swept


async def _delete_old_loads(connection: Connection, keep_days: int) -> None:
    """Some at a time. One that somebody is at, or of which a mend is, is left for later: nobody waits for us in a ring.

    A worker that tries visits of a mend has locked the mend, and then opens rejects of the load that it mends.
    """
    async with connection.transaction():
        await allow_long_statements(connection, LONGEST_SECONDS)
        locked = [record["id"] for record in await connection.fetch(LOCK_OLD_LOADS, keep_days)]
        mends = [record["id"] for record in await connection.fetch(LOCK_MENDS, locked)]
        await connection.execute(DELETE_OLD_LOADS, keep_days, locked, mends)


async def sweep(connection: Connection, keep_days: int) -> list[str]:
    """Clean up; the kinds of load that none is at work on."""
    dead = await _swept(connection, DELETE_DEAD_UPLOADS, DEAD_SECONDS)
    if dead:
        log.info("dead_uploads_removed", load_ids=[record["id"] for record in dead])
    for statement in (DELETE_FINISHED_SPOOLS, DELETE_FINISHED_TOUCHES, DELETE_FINISHED_CELLS):
        await _swept(connection, statement)
    await _delete_old_loads(connection, keep_days)
    return [record["kind"] for record in await connection.fetch(IDLE_KINDS, list(KINDS))]
