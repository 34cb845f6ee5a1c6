"""What a mend's chunk makes of the rejects that it holds, in the chunk's own transaction."""

import polars as pl

from ...database import Connection

TAKEN = """
UPDATE load_rejects r SET is_taken = true, settled_at = clock_timestamp()
FROM load_chunks c
WHERE c.load_id = $1 AND c.seq = $2 AND r.load_id = $3 AND r.mend_id = $1
    AND r.line BETWEEN c.origin_lines[1] AND c.origin_lines[cardinality(c.origin_lines)]
"""
NOT_TAKEN = """
UPDATE load_rejects r SET is_taken = false, settled_at = NULL,
    now_column = u."column", now_reason = u.reason, now_value = u.value, now_row = u."row"
FROM unnest($3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[]) AS u (line, "column", reason, value, "row")
WHERE r.load_id = $2 AND r.mend_id = $1 AND r.line = u.line
"""


async def settle_rejects(connection: Connection, mend_id: int, seq: int, mends: int, rejects: pl.DataFrame) -> None:
    """The chunk's rows are taken, but for those that it rejects, which stay open with their new reason.

    They count as mended once the mend is completed: one that fails, or is undone, leaves all of its rows open.
    """
    await connection.execute(TAKEN, mend_id, seq, mends)
    if rejects.height:
        columns = (rejects[name].to_list() for name in ("line", "column", "reason", "value", "row"))
        await connection.execute(NOT_TAKEN, mend_id, mends, *columns)
