"""A check: the whole load in one transaction, into temporary tables; with it a dry run ends, and others begin."""

import asyncio
from typing import Any

import structlog

from ...database import Connection, announce_changed_loads
from ..kinds import KEYS, Kind
from ..merging.chunk import ChunkMerge
from ..merging.effect_cells import forget_effect_cells
from ..merging.seen_keys import LoadMemory
from ..merging.tables import Target
from .beginning import drop_indexes_before, is_empty, leave_its_ids
from .chunks import LOCK_LOAD, parsed_chunk, record_chunk, refuse_rows_of_another_header
from .endings import complete_load, delete_spool, fail_unwritten
from .rules import LoadSettings, rules_of

log = structlog.get_logger()

BEGIN_WRITE = """
UPDATE loads SET stage = 'write', into_empty = $2, chunks_done = 0, rows_read = 0, rows_inserted = 0, rows_updated = 0,
    rows_unchanged = 0, rows_rejected = 0, rows_waiting = 0, waiting_bytes = 0, rejects = '[]', rejects_stored = 0,
    rejects_bytes = 0, date_ledger = '{}', findings = '{}'
WHERE id = $1
"""


async def check_load(connection: Connection, load: Any, settings: LoadSettings) -> None:
    """The same merge, chunk by chunk, into a temporary table that overlays the real one. `load`: LOAD_COLUMNS."""
    load_id, kind = load["id"], Kind(load["kind"])
    target = Target(kind, overlay=True)
    await target.create_overlay(connection)
    rules = rules_of(load, settings, target, into_empty=load["into_empty"])
    memory = LoadMemory(load["bytes"])

    async def in_turn() -> None:
        return None

    for seq in range(load["chunks"]):
        parsed = await parsed_chunk(connection, load, seq)
        await refuse_rows_of_another_header(connection, load, parsed, seq)
        doubtful = await asyncio.to_thread(memory.register, seq, parsed.rows, KEYS[kind])
        outcome = await ChunkMerge(connection, rules, parsed).run(doubtful, in_turn)
        await record_chunk(connection, load_id, seq + 1, outcome, settings.reject_bounds)
    await connection.execute("DELETE FROM load_touched_ids WHERE load_id = $1", load_id)
    await _end_check(connection, load, settings)


async def _end_check(connection: Connection, load: Any, settings: LoadSettings) -> None:
    checked = await connection.fetchrow(LOCK_LOAD, load["id"])
    rejected, limit = checked["rows_rejected"], load["max_rejects"]
    if limit is not None and rejected > limit:
        error = f"{rejected} rows are rejected, more than max_rejects={limit}; nothing was written."
        await fail_unwritten(connection, load["id"], error)
        log.info("load_failed", load_id=load["id"], rows_rejected=rejected, max_rejects=limit)
    elif load["validate_only"]:
        await complete_load(connection, load["id"], settings.sane_days)
        await delete_spool(connection, load["id"])
    else:
        await _begin_to_write(connection, load)
    await announce_changed_loads(connection)


async def _begin_to_write(connection: Connection, load: Any) -> None:
    await connection.execute("DELETE FROM load_rejects WHERE load_id = $1", load["id"])
    await forget_effect_cells(connection, load["id"])
    empty = await is_empty(connection, Kind(load["kind"]))
    await connection.execute(BEGIN_WRITE, load["id"], empty)
    await leave_its_ids(connection, load)
    await drop_indexes_before(connection, load, into_empty=empty)
