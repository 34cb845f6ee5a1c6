"""What a mend's chunk makes of the rejects that it holds, in the chunk's own transaction."""

import polars as pl

from ...database import Connection, each_row_once

LINES_OF_CHUNK = """
SELECT origin_lines[1] AS first, origin_lines[cardinality(origin_lines)] AS last FROM load_chunks
WHERE load_id = $1 AND seq = $2
"""
TAKEN = """
UPDATE load_rejects SET is_taken = true, settled_at = clock_timestamp()
WHERE load_id = $2 AND mend_id = $1 AND line BETWEEN $3 AND $4
"""
"""Its bounds are asked for before: in a join, the array would be read for each reject."""

NOT_TAKEN = """
UPDATE load_rejects r SET is_taken = false, settled_at = NULL,
    now_column = u."column", now_reason = u.reason, now_value = u.value, now_row = u."row"
FROM unnest($3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[]) AS u (line, "column", reason, value, "row")
WHERE r.load_id = $2 AND r.mend_id = $1 AND r.line = u.line
"""

AS_BEFORE = """
WITH gone AS (SELECT id, mends FROM loads WHERE id = $1 AND mends IS NOT NULL AND NOT validate_only)
UPDATE load_rejects r SET now_column = earlier."column", now_reason = earlier.reason, now_value = earlier.value,
    now_row = earlier."row"
FROM gone JOIN load_rejects tried ON tried.load_id = gone.id LEFT JOIN LATERAL (
    SELECT left_open."column", left_open.reason, left_open.value, left_open."row"
    FROM loads m JOIN load_rejects left_open ON left_open.load_id = m.id AND left_open.line = tried.line
    WHERE m.mends = gone.mends AND m.id <> gone.id AND NOT m.validate_only AND m.status IN ('loading', 'completed')
    ORDER BY m.id DESC LIMIT 1
) AS earlier ON true
WHERE r.load_id = gone.mends AND r.line = tried.line
"""
"""What a reject is now is what the last mend that counts left of it: its own reject of the same line."""


async def settle_rejects(connection: Connection, mend_id: int, seq: int, mends: int, rejects: pl.DataFrame) -> None:
    """The chunk's rows are taken, but for those that it rejects, which stay open with their new reason.

    Those that wait for their customer are taken, too, until they are rejected. All count once the mend is completed:
    one that fails, or is undone, leaves its rows open.
    """
    lines = await connection.fetchrow(LINES_OF_CHUNK, mend_id, seq)
    await connection.execute(TAKEN, mend_id, mends, lines["first"], lines["last"])
    await leave_open(connection, mend_id, mends, rejects)


async def leave_open(connection: Connection, mend_id: int, mends: int, rejects: pl.DataFrame) -> None:
    """Rows that the mend rejects."""
    if rejects.height:
        columns = (rejects[name].to_list() for name in ("line", "column", "reason", "value", "row"))
        async with each_row_once(connection):
            await connection.execute(NOT_TAKEN, mend_id, mends, *columns)


async def reopen_rejects(connection: Connection, mend_id: int) -> None:
    """Of a load that is taken back: where it was a mend, what it rejected is as it was before it."""
    async with each_row_once(connection):
        await connection.execute(AS_BEFORE, mend_id, timeout=600)
