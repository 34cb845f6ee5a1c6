"""What nobody will come back for: uploads of dead processes, spools of ended loads, hung claims, old loads."""

import structlog

from ...database import Connection
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
DELETE_FINISHED_SPOOLS = """
DELETE FROM load_chunks c USING loads l WHERE l.id = c.load_id AND l.status IN ('completed', 'failed', 'undone')
"""
DELETE_FINISHED_TOUCHES = """
DELETE FROM load_touched_ids t USING loads l
WHERE l.id = t.load_id AND l.status IN ('completed', 'failed', 'undone')
    AND NOT EXISTS (SELECT FROM services_waiting w WHERE w.load_id = l.id)
"""
DELETE_OLD_LOADS = """
DELETE FROM loads
WHERE GREATEST(finished_at, waiting_ended_at) < clock_timestamp() - make_interval(days => $1)
    AND NOT EXISTS (SELECT FROM services_waiting w WHERE w.load_id = loads.id)
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


async def sweep(connection: Connection, keep_days: int) -> list[str]:
    """Clean up; the kinds of load that none is at work on."""
    dead = await connection.fetch(DELETE_DEAD_UPLOADS, DEAD_SECONDS)
    if dead:
        log.info("dead_uploads_removed", load_ids=[record["id"] for record in dead])
    await connection.execute(DELETE_FINISHED_SPOOLS)
    await connection.execute(DELETE_FINISHED_TOUCHES)
    await connection.execute(DELETE_FINISHED_CELLS)
    await connection.execute(DELETE_OLD_LOADS, keep_days)
    return [record["kind"] for record in await connection.fetch(IDLE_KINDS, list(KINDS))]
