"""What nobody will come back for: uploads whose process died, spools of loads that ended, loads of long ago."""

import structlog

from ..database import Connection

log = structlog.get_logger()

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
DELETE_OLD_LOADS = "DELETE FROM loads WHERE finished_at < clock_timestamp() - make_interval(days => $1)"
IDLE_KINDS = """
SELECT kind FROM unnest(ARRAY['customers', 'services']) AS kind
WHERE NOT EXISTS (SELECT FROM loads WHERE loads.kind = kind.kind AND status = 'loading')
"""


async def sweep(connection: Connection, keep_days: int) -> list[str]:
    """Clean up; the kinds of load that none is at work on."""
    dead = await connection.fetch(DELETE_DEAD_UPLOADS, DEAD_SECONDS)
    if dead:
        log.info("dead_uploads_removed", load_ids=[record["id"] for record in dead])
    await connection.execute(DELETE_FINISHED_SPOOLS)
    await connection.execute(DELETE_OLD_LOADS, keep_days)
    return [record["kind"] for record in await connection.fetch(IDLE_KINDS)]
