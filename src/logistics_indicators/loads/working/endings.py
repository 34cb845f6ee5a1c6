"""How a load ends: completed, or failed, with counts of what is stored; then its spool goes."""

from typing import Any

import asyncpg
import structlog

from ...database import Connection, allow_long_statements
from ...rollup.commits import Act, Commit
from ..confirming import IS_KEPT
from ..kinds import KINDS, Kind
from ..mending.settling import reopen_rejects
from ..merging.before_images import forget_before
from ..merging.effect_cells import forget_effect_cells
from ..merging.rows_of_kind import ROWS
from ..parsing.findings import Findings, SaneDays, warnings_of_findings
from ..waiting.keeping import forget_waiting
from .reporting import warnings_of

log = structlog.get_logger()

COMPLETE = """
UPDATE loads SET status = 'completed', finished_at = clock_timestamp(), received_warnings = warnings, warnings = $2
WHERE id = $1
RETURNING kind, rows_read, rows_inserted, rows_updated, rows_unchanged, rows_rejected, rows_waiting,
    bytes,
    extract(epoch FROM finished_at - started_at)::float AS seconds
"""
FAIL = """
UPDATE loads SET status = 'failed', finished_at = clock_timestamp(), error = $2, chunks_done = chunks,
    rows_read = rows_read - rows_waiting, rows_waiting = 0
WHERE id = $1
"""
FAIL_EMPTIED = """
UPDATE loads SET status = 'failed', finished_at = clock_timestamp(), error = $2, chunks_done = chunks,
    rows_inserted = 0, rows_waiting = 0, rows_updated = $3, rows_read = $3 + rows_unchanged + rows_rejected
WHERE id = $1
"""
"""Nothing that it inserted is stored; `$3` rows that it updated were changed since."""

TAKE_BACK_SECONDS = 600
"""Longer than a claim may be silent: cut off there, a failure would be tried again for ever, and stand in the way."""

NO_ROWS = "No row was read: there is nothing behind the header but blank lines."


async def complete_load(connection: Connection, load_id: int, sane: SaneDays) -> None:
    load = await connection.fetchrow("SELECT * FROM loads WHERE id = $1 FOR UPDATE", load_id)
    if not load["rows_read"]:
        await connection.execute(FAIL, load_id, NO_ROWS)
        log.info("load_failed", load_id=load_id, rows_read=0)
        return
    findings = await _without_polos_given_a_state(connection, load["findings"])
    warnings = [*warnings_of(load), *warnings_of_findings(findings, sane)]
    await ROWS[Kind(load["kind"])].keep_effect(connection, load)
    done = await connection.fetchrow(COMPLETE, load_id, warnings)
    seconds = done["seconds"] or 0.0
    rows_per_second = round(done["rows_read"] / seconds) if seconds else None
    log.info("load_completed", load_id=load_id, rows_per_second=rows_per_second, **dict(done))


async def fail_unwritten(connection: Connection, load_id: int, error: str) -> None:
    """Of a load that was checked, and wrote nothing."""
    await connection.execute(FAIL_EMPTIED, load_id, error, 0)
    await delete_spool(connection, load_id)


async def fail_load(connection: Connection, load: Any, error: str) -> None:
    """The load fails, and what it wrote is taken back. `load`: id and kind."""
    kind = Kind(load["kind"])
    async with connection.transaction():
        await allow_long_statements(connection, TAKE_BACK_SECONDS)
        await connection.execute("SELECT FROM loads WHERE id = $1 FOR UPDATE", load["id"])
        await forget_waiting(connection, load["id"])
        await reopen_rejects(connection, load["id"])
        await _take_back(connection, kind, load["id"], error)
    log.info("load_failed", load_id=load["id"])
    await delete_spool(connection, load["id"])


async def _take_back(connection: Connection, kind: Kind, load_id: int, error: str) -> None:
    try:
        async with connection.transaction():
            done = await ROWS[kind].take_back(connection, load_id, Commit(Act.failure, load_id))
            kept = f" {done.kept} rows that it updated were changed since, and stay." if done.kept else ""
            await connection.execute(FAIL_EMPTIED, load_id, error + kept, done.kept)
            await forget_before(connection, kind, load_id)
    except asyncpg.ForeignKeyViolationError:
        await connection.execute(FAIL, load_id, f"{error} {KINDS[kind].stays}")
    except asyncpg.UniqueViolationError:
        await connection.execute(FAIL, load_id, f"{error} What it wrote stays: others have the addresses before it.")


async def _without_polos_given_a_state(connection: Connection, findings: Findings) -> Findings:
    """An admin may have set a polo's state."""
    names = findings.get("stateless_polos", [])
    found = await connection.fetch("SELECT name FROM polos WHERE name = ANY($1::text[]) AND uf IS NOT NULL", names)
    given = {record["name"] for record in found}
    return {**findings, "stateless_polos": [name for name in names if name not in given]}


async def delete_spool(connection: Connection, load_id: int) -> None:
    """What somebody is at, still, is left to the sweeper."""
    async with connection.transaction():
        await allow_long_statements(connection, DELETE_SPOOL_SECONDS)
        await connection.execute(DELETE_CHUNKS, load_id)
        await connection.execute(DELETE_TOUCHES, load_id)
        await forget_effect_cells(connection, load_id)


DELETE_SPOOL_SECONDS = 600
DELETE_CHUNKS = f"""
DELETE FROM load_chunks WHERE load_id = $1 AND seq = ANY (ARRAY(
    SELECT seq FROM load_chunks WHERE load_id = $1 FOR UPDATE SKIP LOCKED
)) AND NOT EXISTS (SELECT FROM loads l WHERE l.id = $1 AND {IS_KEPT})
"""
"""Workers that hold later chunks wait for earlier ones: whoever waited for theirs could wait for ever."""

DELETE_TOUCHES = """
DELETE FROM load_touched_ids WHERE load_id = $1 AND NOT EXISTS (SELECT FROM services_waiting w WHERE w.load_id = $1)
"""
"""Rows that wait are told by them, too, which ids the load has dealt with."""
