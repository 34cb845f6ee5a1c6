"""The rows that were not taken: how many of them are kept, and how they are shown."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import polars as pl

from ..database import Connection, Pool, allow_long_statements
from ..http.paging import PAGE_BYTES
from .formats import REPORT_COLUMNS
from .models import Reject
from .parsing.sent_again import apart, as_sent_before

BYTE_ORDER_MARK = "\ufeff"
"""Says the encoding, to Excel and to a load alike."""

REJECTS_AT_A_TIME = 5000
LIST_REJECTS = """
WITH page AS (
    SELECT line, origin_line, "column", reason, value, "row",
        sum(octet_length("row") + coalesce(octet_length(value), 0)) OVER (ORDER BY line) AS bytes
    FROM load_rejects
    WHERE load_id = $1 AND line > $2 AND ($3::text IS NULL OR reason = $3) ORDER BY line LIMIT $4 + 1
)
SELECT line, origin_line, "column", reason, value, "row", (SELECT count(*) FROM page) AS found
FROM page WHERE bytes - octet_length("row") - coalesce(octet_length(value), 0) < $5 ORDER BY line LIMIT $4
"""

FIND_OLD = """
SELECT id FROM (
    SELECT id, status, row_number() OVER newest AS place, sum(rejects_bytes) OVER newest AS bytes
    FROM loads WHERE rejects_bytes > 0 WINDOW newest AS (PARTITION BY user_id ORDER BY id DESC)
) AS kept
WHERE place > 1 AND bytes > $1 AND status IN ('completed', 'failed', 'undone')
"""
FORGET = """
UPDATE loads SET rejects_stored = 0, rejects_bytes = 0, warnings = warnings || to_jsonb($2::text)
WHERE id = ANY($1::integer[])
"""
MAKE_ROOM_SECONDS = 600
MADE_ROOM = "Its rejected rows are no longer kept: they made room for those of later loads of the same user."


@dataclass(frozen=True)
class RejectBounds:
    """What is kept of a load."""

    rows: int
    bytes: int


def first_rejects(rejects: pl.DataFrame, load: Any, bounds: RejectBounds) -> tuple[pl.DataFrame, int]:
    """(those to keep, their bytes) of a chunk's rejects: of all the load's the first ones, as many as fit."""
    if load["rejects_stored"] < load["rows_rejected"]:  # one was left out already
        return rejects.clear(), 0
    size = pl.col("row").str.len_bytes() + pl.col("value").str.len_bytes().fill_null(0)
    sums = rejects.select(size.cast(pl.Int64).cum_sum().alias("bytes"))["bytes"]
    fits = (sums <= bounds.bytes - load["rejects_bytes"]).sum()
    kept = min(int(fits), max(0, bounds.rows - load["rejects_stored"]))
    return rejects.head(kept), int(sums[kept - 1]) if kept else 0


async def make_room(connection: Connection, bytes_of_user: int) -> None:
    """Where a user's rejects are more than may be kept, those of the oldest loads go; never those of the newest."""
    async with connection.transaction():
        await allow_long_statements(connection, MAKE_ROOM_SECONDS)
        old = [row["id"] for row in await connection.fetch(FIND_OLD, bytes_of_user)]
        if old:
            await connection.execute(FORGET, old, MADE_ROOM)
            await connection.execute("DELETE FROM load_rejects WHERE load_id = ANY($1::integer[])", old)


async def list_rejects(
    connection: Connection | Pool, load_id: int, after_line: int, reason: str | None, limit: int
) -> tuple[list[Reject], bool]:
    """(a page, whether more follow)"""
    rows = await connection.fetch(LIST_REJECTS, load_id, after_line, reason, limit, PAGE_BYTES)
    page = [Reject(**{name: row[name] for name in Reject.model_fields}) for row in rows]
    return page, bool(rows) and rows[0]["found"] > len(rows)


async def rejects_csv(pool: Pool, load_id: int) -> AsyncIterator[str]:
    """Line, column and reason of each rejected row, and then the row as it was sent: mend it and send the file.

    A load passes over the three. Sent again as it is, the same rows are rejected, and this file is the same again:
    the line is that of the file that was sent first. Empty rows keep quotes from reaching over the rows.
    """
    load = await pool.fetchrow("SELECT delimiter, header, columns, is_rejects_file FROM loads WHERE id = $1", load_id)
    delimiter = load["delimiter"]
    yield BYTE_ORDER_MARK + delimiter.join([*REPORT_COLUMNS, header_of(load)]) + "\n"
    after, more = 0, True
    while more:
        rows = await pool.fetch(LIST_REJECTS, load_id, after, None, REJECTS_AT_A_TIME, PAGE_BYTES)
        yield await asyncio.to_thread(_reject_lines, rows, delimiter)
        more = bool(rows) and rows[0]["found"] > len(rows)
        after = rows[-1]["line"] if rows else after


def header_of(load: Any) -> str:
    """The file's header as it was sent, without our columns; ours, where it had none."""
    if load["header"] is None:
        names = [name or f"column_{number}" for number, name in enumerate(load["columns"], 1)]
        return str(load["delimiter"].join(names))
    if not load["is_rejects_file"]:
        return str(load["header"])
    return as_sent_before(load["header"], load["delimiter"], len(load["columns"])).row


def _reject_lines(rejects: list[Any], delimiter: str) -> str:
    lines = []
    for reject in rejects:
        line = reject["line"] if reject["origin_line"] is None else reject["origin_line"]
        cells = [str(line), reject["column"] or "", reject["reason"], reject["row"]]
        lines.append(apart(delimiter.join(cells) + "\n", reject["row"], delimiter))
    return "".join(lines)
