"""The rejects of all loads with their states: pages, counts, files."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from ...database import Connection, snapshot_while_sent
from ...exports.columns import Batches
from ...http.paging import PAGE_BYTES
from ...lists.filters import Conditions
from ...lists.order import Place, runs_of
from ...lists.rows import Listed, Page, only
from ..merging.waiting_rows import COLUMN, KIND, REASON
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

REJECTS = Listed(
    "rejects",
    "rejects",
    {
        "id": int,
        "load": int,
        "kind": str,
        "line": int,
        "column": str,
        "reason": str,
        "value": str,
        "state": str,
        "mended_by": int,
        "last_mend": int,
        "dropped_by": str,
        "settled_at": datetime,
        "row": str,
    },
)
NAMES = ", ".join(f'"{name}"' for name in REJECTS.columns)

FOUND = f"""
(SELECT {{names}} FROM {TRACKED} {{where}} {{order}}) UNION ALL
(SELECT {{names}} FROM {WAITING} {{where}} {{order}})
"""
"""Each in order by itself, so that a page takes its first rows from an index of either."""

PAGE = """
WITH found AS (SELECT * FROM ({found}) AS either {order} LIMIT {most}),
page AS (
    SELECT *, octet_length("row") + coalesce(octet_length(value), 0) AS own,
        sum(octet_length("row") + coalesce(octet_length(value), 0)) OVER ({order}) AS bytes
    FROM found
)
SELECT {names}, (SELECT count(*) FROM found) AS found FROM page
WHERE bytes - own < {page_bytes} {order} LIMIT {limit}
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
    connection: Connection, conditions: Conditions, page: Page, *, cells: bool = False
) -> tuple[Sequence[Mapping[str, Any]], str | None]:
    """(the page, which ends at its limit of rows or at about PAGE_BYTES; its cursor where more follow)"""
    rows = await _rows_of_page(connection, conditions, page, PAGE_BYTES // (2 if cells else 1))
    more = bool(rows) and rows[0]["found"] > len(rows)
    found = [TrackedReject(**{name: row[name] for name in REJECTS.columns}) for row in rows]
    if cells:
        await _add_cells(connection, found)
    names = [*(page.fields or REJECTS.fields), *(["cells"] if cells else [])]
    shown = [only(names, reject.model_dump(mode="json")) for reject in found]
    return shown, Place(found[-1].id).cursor(page.order) if more else None


async def _rows_of_page(connection: Connection, conditions: Conditions, page: Page, page_bytes: int) -> Sequence[Any]:
    (run,) = runs_of(page.order, page.after)  # by id: rejects have no other key
    asked = Conditions(list(conditions.clauses), list(conditions.values))
    for clause, values in run.clauses:
        asked.add(clause, *values)
    order, most = f"ORDER BY {run.order}", page.limit + 1
    found = _found(asked, NAMES, f"{order} LIMIT {most}")
    sql = PAGE.format(names=NAMES, found=found, order=order, most=most, limit=page.limit, page_bytes=page_bytes)
    rows: Sequence[Any] = await connection.fetch(sql, *asked.values)
    return rows


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


async def batches_of_rejects(
    connection: Connection, conditions: Conditions, page: Page, *, for_workbook: bool
) -> Batches:
    """All of the filter in the page's order. A row is cut where a workbook's cell would not hold it."""
    names = ", ".join(f'"{name}"' for name in page.fields or REJECTS.fields)
    if for_workbook:
        names = names.replace('"row"', f'left("row", {LONGEST_CELL})')
    order = f"ORDER BY {page.order.sql}"
    async with snapshot_while_sent(connection):
        sql = f"SELECT {names} FROM ({_found(conditions, NAMES, order)}) AS either {order}"
        statement = await connection.prepare(sql)
        cursor = await statement.cursor(*conditions.values)
        while batch := await cursor.fetch(EXPORTED_AT_A_TIME):
            yield batch
