"""Visits that waited for a customer that came: tried in the file's order, through the merge that every chunk goes.

Two steps, each a transaction. The first marks the visits of customers that came as ready, and goes on until none is
left to mark, so that their order is the files' and not that of the customers. The second tries some of one load's and
takes them from where they waited.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import polars as pl
import structlog

from ...copying import copy_frame
from ...database import Connection, Lock, announce_changed_loads, lock, long_statements_allowed
from ...tracing import Work, traced_transaction, traces_are_on
from ..formats import Layout
from ..mending.settling import leave_open
from ..merging.arrays import array_of_distinct
from ..merging.chunk import ChunkMerge, ChunkOutcome, LoadRules
from ..merging.waiting_rows import KIND, TEXTS, bytes_of, waiting_schema
from ..parsing.checking import REJECT_SCHEMA
from ..parsing.chunk import ParsedChunk
from ..rejects import RejectBounds, first_rejects
from ..undo_under_way import is_being_undone
from ..working.claims import LOAD_COLUMNS, lock_referred_tables
from ..working.reporting import add_rejects, told_of_kept
from .keeping import delete_waiting, waiting_frame

log = structlog.get_logger()

TRIED_AT_A_TIME = 5000

SOME_TO_TRY = """
SELECT EXISTS (SELECT FROM arrived_customers) AS arrived, EXISTS (SELECT FROM services_ready) AS ready
"""
ARRIVED_AT_A_TIME = 1000
MARK_READY = f"""
WITH arrived AS (
    DELETE FROM arrived_customers
    WHERE ctid = ANY (ARRAY(SELECT ctid FROM arrived_customers LIMIT {ARRIVED_AT_A_TIME}))
    RETURNING id_cliente
)
INSERT INTO services_ready (load_id, line)
SELECT w.load_id, w.line FROM (SELECT DISTINCT id_cliente FROM arrived) AS came
CROSS JOIN LATERAL (
    SELECT load_id, line FROM services_waiting WHERE services_waiting.id_cliente = came.id_cliente OFFSET 0
) AS w
ON CONFLICT DO NOTHING
"""
"""Some at a time, so that however many came no statement is too long. OFFSET keeps PostgreSQL from reading all that
wait: what came is looked up in the index, one by one."""

MARK_SECONDS = 600
"""One customer may have millions of them, 7 µs each; cut off, they would be marked anew for ever."""

FIRST_READY = "SELECT load_id FROM services_ready ORDER BY load_id LIMIT 1"
LOCK_LOAD = f"""
SELECT {LOAD_COLUMNS}, l.rejects, l.rows_rejected, l.rejects_stored, l.rejects_bytes, l.warnings
FROM loads l WHERE l.id = $1 FOR UPDATE
"""
TAKE_READY = f"""
WITH first AS MATERIALIZED (
    SELECT ctid, line FROM services_ready WHERE load_id = $1 ORDER BY line LIMIT {TRIED_AT_A_TIME}
), taken AS (
    DELETE FROM services_ready WHERE ctid = ANY (ARRAY(SELECT ctid FROM first))
)
SELECT {", ".join(f'w."{name}"' for name in waiting_schema(KIND))}
FROM first CROSS JOIN LATERAL (
    SELECT * FROM services_waiting WHERE load_id = $1 AND services_waiting.line = first.line OFFSET 0
) AS w
ORDER BY w.line
"""
"""Those that are not there any more were cancelled, or went with their load."""

MOST_LINKED = 32
BROUGHT_BY = f"""
SELECT DISTINCT l.traceparent FROM customers c JOIN loads l ON l.id = c.load_id
WHERE c.id = ANY ($1::text::bigint[]) AND l.traceparent IS NOT NULL LIMIT {MOST_LINKED}
"""

RECORD = """
UPDATE loads SET rows_waiting = rows_waiting - $2, rows_inserted = rows_inserted + $3, rows_updated = rows_updated + $4,
    rows_unchanged = rows_unchanged + $5, rows_rejected = rows_rejected + $6, rejects = $7,
    rejects_stored = rejects_stored + $8, rejects_bytes = rejects_bytes + $9, waiting_bytes = waiting_bytes - $10,
    warnings = $11
WHERE id = $1
"""

RulesOf = Callable[[Any], tuple[LoadRules, Layout]]
"""Of a load, by its row."""


@dataclass(frozen=True)
class WaitedChunk(ParsedChunk):
    """Rows that were parsed when their file was."""

    texts: pl.DataFrame = field(default_factory=pl.DataFrame)

    def texts_of(self, rows: pl.DataFrame) -> pl.DataFrame:
        return rows.select("line").join(self.texts, on="line", how="left", maintain_order="left").select(*TEXTS)


async def try_waiting(connection: Connection, rules_of: RulesOf, bounds: RejectBounds) -> bool:
    """One step. False where there is nothing to do, or where it would wait for an undo, and customers for it."""
    found = await connection.fetchrow(SOME_TO_TRY)
    if found["arrived"]:
        async with long_statements_allowed(connection, MARK_SECONDS):
            await connection.execute(MARK_READY)
        return True
    if not found["ready"] or await is_being_undone(connection, await connection.fetchval(FIRST_READY)):
        return False
    try:
        async with traced_transaction(connection) as work:
            await _try_some(connection, rules_of, bounds, work)
    except (asyncpg.DeadlockDetectedError, asyncpg.UniqueViolationError) as error:
        log.info("waiting_visits_again", reason=type(error).__name__)
    return True


async def _try_some(connection: Connection, rules_of: RulesOf, bounds: RejectBounds, work: Work) -> None:
    """Beside no chunk of visits, so that neither finds an id taken at the last moment; and while no customer comes or
    goes."""
    await lock(connection, Lock.visits_of_loads)
    await lock_referred_tables(connection, KIND)
    load_id = await connection.fetchval(FIRST_READY)
    load = await connection.fetchrow(LOCK_LOAD, load_id)
    records = await connection.fetch(TAKE_READY, load_id)
    if load is None or not records:
        return
    rules, layout = rules_of(load)
    rows = waiting_frame(records)
    work.begin("load waiting", load, follows=await _brought_by(connection, rows), rows=rows.height)
    work.stage("merge")
    outcome = await ChunkMerge(connection, rules, _chunk_of(rows, layout)).run(None, _at_once)
    work.stage("settle")
    tried = rows.join(outcome.waiting, on="line", how="anti")
    await delete_waiting(connection, load_id, tried["line"])
    await _record(connection, load, tried, outcome, bounds)


async def _brought_by(connection: Connection, rows: pl.DataFrame) -> list[str]:
    """Whose requests brought the customers, as far as they are traced."""
    if not traces_are_on():
        return []
    found = await connection.fetch(BROUGHT_BY, array_of_distinct(rows["id_cliente"]))
    return [record["traceparent"] for record in found]


def _chunk_of(rows: pl.DataFrame, layout: Layout) -> ParsedChunk:
    none = pl.DataFrame(schema=REJECT_SCHEMA)
    return WaitedChunk(b"", rows.drop(*TEXTS), none, 0, layout, texts=rows.select("line", *TEXTS))


async def _at_once() -> None:
    return None


async def _record(
    connection: Connection, load: Any, tried: pl.DataFrame, outcome: ChunkOutcome, bounds: RejectBounds
) -> None:
    kept, kept_bytes = first_rejects(outcome.rejects, load, bounds)
    if kept.height:
        await copy_frame(connection, "load_rejects", kept.select(pl.lit(load["id"]).alias("load_id"), pl.all()))
    counted = load["rejects_stored"] + kept.height, load["rows_rejected"] + outcome.rejects.height
    await connection.execute(
        RECORD,
        load["id"],
        tried.height,
        outcome.inserted,
        outcome.updated,
        outcome.unchanged,
        outcome.rejects.height,
        add_rejects(load["rejects"], outcome.rejects),
        kept.height,
        kept_bytes,
        bytes_of(tried),
        told_of_kept(load["warnings"], *counted),
    )
    if load["mends"] is not None:
        await leave_open(connection, load["id"], load["mends"], outcome.rejects)
    await announce_changed_loads(connection)
