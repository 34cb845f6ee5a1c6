"""The rejects of all loads with their states: pages, counts, files."""

from collections.abc import Sequence
from datetime import datetime

from ...database import Connection
from ...exports.columns import Batches, Column
from ...lists.filters import Conditions
from ..merging.waiting_rows import COLUMN, KIND, REASON
from ..rejects import PAGE_BYTES
from ..working.rules import layout_of
from .models import RejectCount, RejectCounts, TrackedReject
from .records import cells_of

TRACKED = f"""(
    SELECT r.id, r.load_id AS load, l.kind, r.line,
        CASE WHEN s.state = 'waiting' THEN '{COLUMN}' WHEN r.now_reason IS NULL THEN r."column" ELSE r.now_column END
            AS "column",
        CASE WHEN s.state = 'waiting' THEN '{REASON}' ELSE COALESCE(r.now_reason, r.reason) END AS reason,
        CASE WHEN s.state = 'waiting' THEN w.{COLUMN}::text WHEN r.now_reason IS NULL THEN r.value ELSE r.now_value END
            AS value,
        s.state,
        CASE WHEN s.state = 'mended' THEN r.mend_id END AS mended_by, r.mend_id AS last_mend, r.dropped_by,
        CASE WHEN s.state IN ('mended', 'dropped') THEN r.settled_at END AS settled_at,
        CASE WHEN s.state = 'waiting' THEN w."row" ELSE COALESCE(r.now_row, r."row") END AS "row"
    FROM load_rejects r JOIN loads l ON l.id = r.load_id LEFT JOIN loads m ON m.id = r.mend_id
    LEFT JOIN {KIND}_waiting w ON w.load_id = r.mend_id AND w.line = r.line AND r.is_taken
    CROSS JOIN LATERAL (
        SELECT CASE
            WHEN r.dropped_by IS NOT NULL THEN 'dropped'
            WHEN r.is_taken AND m.status IS NOT DISTINCT FROM 'completed'
                THEN CASE WHEN w.line IS NULL THEN 'mended' ELSE 'waiting' END
            ELSE 'open'
        END AS state
    ) AS s
    WHERE l.status = 'completed' AND NOT l.validate_only AND l.mends IS NULL
) AS tracked"""
"""A mend that was undone, or failed, leaves its rows open. What a mend itself rejects is the reject that it tried."""

WAITING = f"""(
    SELECT w.number AS id, w.load_id AS load, l.kind, w.line, '{COLUMN}' AS "column", '{REASON}' AS reason,
        w.{COLUMN}::text AS value, 'waiting' AS state, NULL::integer AS mended_by, NULL::integer AS last_mend,
        NULL::text AS dropped_by, NULL::timestamp AS settled_at, w."row"
    FROM {KIND}_waiting w JOIN loads l ON l.id = w.load_id
    WHERE l.status = 'completed' AND l.mends IS NULL
) AS waiting"""
"""Those of a mend are rejects that it tried."""

COLUMNS = (
    Column("id", int),
    Column("load", int),
    Column("kind", str),
    Column("line", int),
    Column("column", str),
    Column("reason", str),
    Column("value", str),
    Column("state", str),
    Column("mended_by", int),
    Column("last_mend", int),
    Column("dropped_by", str),
    Column("settled_at", datetime),
    Column("row", str),
)
NAMES = ", ".join(f'"{column.name}"' for column in COLUMNS)

FOUND = f"""
(SELECT {{names}} FROM {TRACKED} {{where}} {{order}}) UNION ALL
(SELECT {{names}} FROM {WAITING} {{where}} {{order}})
"""
"""Each in order by itself, so that a page takes its first rows from an index of either."""

IN_ORDER = "ORDER BY id"
PAGE = """
WITH found AS (SELECT * FROM ({found}) AS either ORDER BY id LIMIT {most}),
page AS (
    SELECT *, octet_length("row") + coalesce(octet_length(value), 0) AS own,
        sum(octet_length("row") + coalesce(octet_length(value), 0)) OVER (ORDER BY id) AS bytes
    FROM found
)
SELECT {names}, (SELECT count(*) FROM found) AS found FROM page
WHERE bytes - own < {page_bytes} ORDER BY id LIMIT {limit}
"""
COUNT = """
SELECT reason, "column", value, count(*) AS rows, count(*) OVER () AS groups, sum(count(*)) OVER ()::bigint AS total
FROM ({found}) AS either
GROUP BY reason, "column", value ORDER BY rows DESC, reason, "column", value LIMIT {limit}
"""
LAYOUTS = "SELECT id, delimiter, columns, has_header, header, is_rejects_file FROM loads WHERE id = ANY($1::bigint[])"
EXPORTED_AT_A_TIME = 200
"""Rows may have 64 KiB each."""

LONGEST_CELL = 32_767
"""Characters of a cell of a workbook."""


def _found(conditions: Conditions, names: str, order: str = "") -> str:
    return FOUND.format(names=names, where=conditions.where(), order=order)


async def page_of_rejects(
    connection: Connection, conditions: Conditions, after: int, limit: int, *, cells: bool = False
) -> tuple[Sequence[TrackedReject], int | None]:
    """(the page, which ends at `limit` rows or about PAGE_BYTES; its last id where more follow)"""
    asked = Conditions(list(conditions.clauses), list(conditions.values))
    asked.add("id > {}::bigint", after)
    most = limit + 1
    found = _found(asked, NAMES, f"{IN_ORDER} LIMIT {most}")
    sql = PAGE.format(names=NAMES, found=found, most=most, limit=limit, page_bytes=PAGE_BYTES // (2 if cells else 1))
    rows = await connection.fetch(sql, *asked.values)
    page = [TrackedReject(**{column.name: row[column.name] for column in COLUMNS}) for row in rows]
    if cells:
        await _add_cells(connection, page)
    return page, page[-1].id if page and rows[0]["found"] > len(page) else None


async def _add_cells(connection: Connection, page: Sequence[TrackedReject]) -> None:
    loads = await connection.fetch(LAYOUTS, list({reject.load for reject in page}))
    layouts = {load["id"]: layout_of(load).of_records() for load in loads}
    for reject in page:
        reject.cells = cells_of(reject.row, layouts[reject.load])


async def count_rejects(connection: Connection, conditions: Conditions, limit: int) -> RejectCounts:
    sql = COUNT.format(found=_found(conditions, 'reason, "column", value'), limit=limit)
    rows = await connection.fetch(sql, *conditions.values)
    counts = [RejectCount(**{name: row[name] for name in RejectCount.model_fields}) for row in rows]
    return RejectCounts(counts=counts, groups=rows[0]["groups"] if rows else 0, rows=rows[0]["total"] if rows else 0)


async def number_of_rejects(connection: Connection, conditions: Conditions) -> int:
    return int(
        await connection.fetchval(f"SELECT count(*) FROM ({_found(conditions, 'id')}) AS either", *conditions.values)
    )


async def batches_of_rejects(connection: Connection, conditions: Conditions, *, for_workbook: bool) -> Batches:
    """All of the filter in order of id. A row is cut where a workbook's cell would not hold it."""
    names = NAMES.replace('"row"', f'left("row", {LONGEST_CELL})') if for_workbook else NAMES
    async with connection.transaction(readonly=True):
        sql = f"SELECT {names} FROM ({_found(conditions, NAMES, IN_ORDER)}) AS either {IN_ORDER}"
        cursor = await connection.cursor(sql, *conditions.values)
        while batch := await cursor.fetch(EXPORTED_AT_A_TIME):
            yield batch
