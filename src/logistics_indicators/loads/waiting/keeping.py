"""The waiting visits of a load, in and out of their table; and what becomes of them in the end."""

from typing import Any

import polars as pl
import structlog

from ...copying import copy_frame
from ...database import Connection, allow_long_statements, each_row_once
from ..merging.arrays import array_of
from ..merging.waiting_rows import COLUMN, KIND, REASON, waiting_schema
from ..rejects import RejectBounds
from ..working.reporting import add_counts, told_of_kept

log = structlog.get_logger()

END_SECONDS = 600

LOCK = """
SELECT rows_waiting, rows_rejected, rejects, rejects_stored, rejects_bytes, warnings FROM loads
WHERE id = $1 AND status = 'completed' AND NOT validate_only FOR UPDATE
"""
END = """
WITH gone AS (
    DELETE FROM services_waiting WHERE load_id = $1 AND ($4::bigint IS NULL OR id_cliente = $4)
    RETURNING line, id_cliente::text AS value, "row", origin_line
), measured AS (
    SELECT *, row_number() OVER earlier AS place,
        sum(octet_length("row") + octet_length(value)) OVER earlier AS bytes
    FROM gone WINDOW earlier AS (ORDER BY line)
), kept AS (
    INSERT INTO load_rejects (load_id, line, "column", reason, value, "row", origin_line)
    SELECT $1, line, $5, $6, value, "row", origin_line FROM measured WHERE place <= $2 AND bytes <= $3
), opened AS (
    UPDATE load_rejects r SET is_taken = false, settled_at = NULL,
        now_column = $5, now_reason = $6, now_value = gone.value, now_row = gone."row"
    FROM gone, loads l WHERE l.id = $1 AND r.load_id = l.mends AND r.mend_id = l.id AND r.line = gone.line
)
SELECT count(*) AS rows, COALESCE(sum(octet_length("row")), 0)::bigint AS bytes, min(line) AS first_line,
    count(*) FILTER (WHERE place <= $2 AND bytes <= $3) AS kept,
    COALESCE(max(bytes) FILTER (WHERE place <= $2 AND bytes <= $3), 0) AS kept_bytes
FROM measured
"""
RECORD_END = """
UPDATE loads SET rows_waiting = rows_waiting - $2, rows_rejected = rows_rejected + $2, rejects = $3,
    rejects_stored = rejects_stored + $4, rejects_bytes = rejects_bytes + $5, waiting_bytes = waiting_bytes - $6,
    warnings = $7, waiting_ended_at = clock_timestamp()
WHERE id = $1
"""
FIND_EXPIRED = """
SELECT id FROM loads
WHERE status = 'completed' AND finished_at < clock_timestamp() - make_interval(days => $1)
    AND EXISTS (SELECT FROM services_waiting w WHERE w.load_id = loads.id)
"""


async def keep_waiting(connection: Connection, load_id: int, rows: pl.DataFrame) -> None:
    """`rows`: columns of waiting_schema."""
    if rows.height:
        await copy_frame(connection, "services_waiting", rows.select(pl.lit(load_id).alias("load_id"), pl.all()))


def waiting_frame(records: list[Any]) -> pl.DataFrame:
    """Columns of waiting_schema, from records of them."""
    return pl.DataFrame([tuple(record) for record in records], schema=waiting_schema(KIND), orient="row")


async def delete_waiting(connection: Connection, load_id: int, lines: pl.Series) -> None:
    delete = "DELETE FROM services_waiting WHERE load_id = $1 AND line = ANY($2::text::bigint[])"
    await connection.execute(delete, load_id, array_of(lines))


async def forget_waiting(connection: Connection, load_id: int) -> None:
    """Of a load that is taken back."""
    await connection.execute("DELETE FROM services_waiting WHERE load_id = $1", load_id, timeout=END_SECONDS)


async def end_waiting(
    connection: Connection, load_id: int, bounds: RejectBounds, id_cliente: int | None = None
) -> int | None:
    """The load's waiting visits, or those of one customer, are rejected, as if they had never waited; how many.

    None where there is no completed load.
    """
    async with connection.transaction():
        await allow_long_statements(connection, END_SECONDS)
        load = await connection.fetchrow(LOCK, load_id)
        if load is None:
            return None
        left_out = load["rejects_stored"] < load["rows_rejected"]
        rows = 0 if left_out else bounds.rows - load["rejects_stored"]
        room = bounds.bytes - load["rejects_bytes"]
        arguments = load_id, rows, room, id_cliente, COLUMN, REASON
        async with each_row_once(connection):
            ended = await connection.fetchrow(END, *arguments, timeout=END_SECONDS)
        if ended["rows"]:
            rejects = add_counts(load["rejects"], [(REASON, ended["rows"], ended["first_line"])])
            kept = ended["kept"], ended["kept_bytes"]
            counted = load["rejects_stored"] + ended["kept"], load["rows_rejected"] + ended["rows"]
            warnings = told_of_kept(load["warnings"], *counted)
            await connection.execute(RECORD_END, load_id, ended["rows"], rejects, *kept, ended["bytes"], warnings)
    return int(ended["rows"])


async def expire_waiting(connection: Connection, keep_days: int, bounds: RejectBounds) -> None:
    """After the time that a load is kept. It is kept once more as long, with their rejects."""
    for record in await connection.fetch(FIND_EXPIRED, keep_days):
        ended = await end_waiting(connection, record["id"], bounds)
        log.info("waiting_visits_expired", load_id=record["id"], rows=ended)
