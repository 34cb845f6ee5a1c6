"""What a worker does, one step at a time: begin a load, merge a chunk of it, finish it.

A step is one transaction. Its claim is a row lock, so it goes with its process, its connection, or with the
session's timeouts where the process hangs; the step is then free for the next worker, as if never begun.
"""

import asyncio
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import asyncpg
import polars as pl
import structlog

from ...database import Connection, Lock, Pool, announce_changed_loads, copy_bytes, share
from ..formats import FileFormat, Layout
from ..kinds import COLUMNS, KEYS, KINDS, Kind
from ..mending.lines import in_original_lines
from ..mending.settling import settle_rejects
from ..merging.chunk import ChunkMerge, ChunkOutcome, LoadRules
from ..merging.effect_cells import forget_effect_cells
from ..merging.indexes import drop_indexes, ensure_indexes
from ..merging.seen_keys import LoadMemory
from ..merging.tables import Target, copy_lines
from ..merging.waiting_rows import bytes_of
from ..parsing.chunk import ParsedChunk, parse_chunk
from ..parsing.findings import SaneDays, add_findings
from ..parsing.headers import AnotherHeader, refuse_another_header, unnamed_columns
from ..parsing.ledger import add_ledger
from ..rejects import RejectBounds, first_rejects
from ..waiting.keeping import keep_waiting
from ..waiting.trying import try_waiting
from .claims import CLAIM_CHUNK, CLAIM_MERGED, CLAIM_NEW, LOCK_REFERRED_TO, held_claim
from .endings import complete_load, delete_spool, fail_load, fail_unwritten
from .reporting import add_rejects

log = structlog.get_logger()

MOST_ATTEMPTS = 5
"""Failures in a row, of a kind that trying again does not mend, after which a load is given up."""

READ_BODY = """
SELECT c.first_line, c.body, c.origin_lines, l.long_records
FROM load_chunks c JOIN loads l ON l.id = c.load_id WHERE c.load_id = $1 AND c.seq = $2
"""
LOCK_PREVIOUS = "SELECT FROM load_chunks WHERE load_id = $1 AND seq = $2 FOR SHARE"
LOCK_LOAD = """
SELECT status, chunks_done, rejects, date_ledger, findings, warnings, rows_rejected, rejects_stored, rejects_bytes
FROM loads WHERE id = $1 FOR UPDATE
"""

BEGIN = """
UPDATE loads SET status = 'loading', started_at = clock_timestamp(), into_empty = $2 WHERE id = $1
"""
BEGIN_WRITE = """
UPDATE loads SET stage = 'write', into_empty = $2, chunks_done = 0, rows_read = 0, rows_inserted = 0, rows_updated = 0,
    rows_unchanged = 0, rows_rejected = 0, rows_waiting = 0, waiting_bytes = 0, rejects = '[]', rejects_stored = 0,
    rejects_bytes = 0, date_ledger = '{}', findings = '{}'
WHERE id = $1
"""
RECORD_CHUNK = """
UPDATE loads SET chunks_done = $2, attempts = 0, rows_read = rows_read + $3, rows_inserted = rows_inserted + $4,
    rows_updated = rows_updated + $5, rows_unchanged = rows_unchanged + $6, rows_rejected = rows_rejected + $7,
    rejects = $8, date_ledger = $9, rejects_stored = rejects_stored + $10, rejects_bytes = rejects_bytes + $11,
    findings = $12, rows_waiting = rows_waiting + $13, waiting_bytes = waiting_bytes + $14
WHERE id = $1
"""


class OutOfTurn(Exception):
    """The chunk before ours was not merged: whoever had it gave up, and it comes first."""


@dataclass(frozen=True)
class LoadSettings:
    """What a process brings to a load: its pool for load work, what its database role may, what is kept, which dates
    are sane."""

    pool: Pool
    skip_row_checks: bool
    reject_bounds: RejectBounds
    first_sane_day: date
    sane_years_ahead: int
    waiting_bytes: int
    """Of a user, that may wait."""

    @property
    def sane_days(self) -> SaneDays:
        today = date.today()
        last = min(today.year + self.sane_years_ahead, date.max.year)
        return SaneDays(self.first_sane_day, date(last, today.month, min(today.day, 28)))


class LoadWork:
    """Steps of all loads that this process works on. One object a process."""

    def __init__(self, settings: LoadSettings) -> None:
        self._settings = settings
        self._memories: dict[int, LoadMemory] = {}
        self._claiming = asyncio.Lock()
        self._registered = asyncio.Condition()
        self._held: dict[int, set[int]] = {}
        self._waiting_fail = False

    async def step(self, connection: Connection) -> bool:
        """Do one step of the oldest load that has one. False where there is nothing to do."""
        AT_WORK_ON.set(None)
        steps = [self._finish_one, self._begin_one, self._chunk]
        steps.insert(len(steps) if self._waiting_fail else 1, self._try_waiting)
        for step in steps:
            if await step(connection):
                return True
        return False

    async def _try_waiting(self, connection: Connection) -> bool:
        """Where they fail, for a reason that nobody foresaw, loads go before them."""
        self._waiting_fail = True
        done = await try_waiting(connection, self._waited_rules, self._settings.reject_bounds)
        self._waiting_fail = False
        return done

    async def _begin_one(self, connection: Connection) -> bool:
        async with connection.transaction():
            load = await connection.fetchrow(CLAIM_NEW)
            if load is None:
                return False
            AT_WORK_ON.set(load["id"])
            empty = await self._is_empty(connection, load)
            await connection.execute(BEGIN, load["id"], empty)
            if load["stage"] == "write":
                await self._drop_indexes(connection, load, into_empty=empty)
            await announce_changed_loads(connection)
        return True

    @staticmethod
    async def _is_empty(connection: Connection, load: Any) -> bool:
        return bool(await connection.fetchval(f"SELECT NOT EXISTS (SELECT FROM {Kind(load['kind'])})"))

    async def _drop_indexes(self, connection: Connection, load: Any, *, into_empty: bool) -> None:
        kind = Kind(load["kind"])

        async def are_stored() -> bool:
            if into_empty:
                return False
            rows = (await self._parse(connection, load, 0)).rows
            return 2 * int((await Target(kind).matching(connection, rows)).sum()) > rows.height

        await drop_indexes(connection, kind, load["bytes"], are_stored)

    async def _chunk(self, connection: Connection) -> bool:
        claimed: tuple[int, int] | None = None
        try:
            async with connection.transaction():
                async with self._claiming:
                    claim = await connection.fetchrow(CLAIM_CHUNK)
                    if claim is None:
                        return False
                    claimed = claim["id"], claim["seq"]
                    AT_WORK_ON.set(claim["id"])
                    self._held.setdefault(claim["id"], set()).add(claim["seq"])
                    if claim["stage"] == "write":
                        await share(connection, Lock.visits_of_loads)
                        for other in KINDS[Kind(claim["kind"])].goes_behind:
                            await connection.execute(LOCK_REFERRED_TO.format(table=other))
                if claim["stage"] == "check":
                    await self._check(connection, claim)
                else:
                    await self._merge(connection, claim)
        except OutOfTurn:
            return True
        except AnotherHeader as error:
            await self._fail(connection, str(error))
            return True
        except (asyncpg.DeadlockDetectedError, asyncpg.SerializationError) as error:
            log.info("chunk_again", load_id=claimed and claimed[0], reason=type(error).__name__)
            return True
        finally:
            if claimed is not None:
                self._held.get(claimed[0], set()).discard(claimed[1])
                async with self._registered:
                    self._registered.notify_all()
        return True

    # -- a chunk -------------------------------------------------------------------------------------------

    async def _merge(self, connection: Connection, claim: Any) -> None:
        """Parse and merge the claimed chunk; the caller's transaction makes it all or nothing."""
        load_id, seq = claim["id"], claim["seq"]
        if await connection.fetchval("SELECT chunks_done FROM loads WHERE id = $1", load_id) > seq:
            raise OutOfTurn  # merged between the look for a chunk and its lock
        parsed = await self._parse(connection, claim, seq)
        doubtful = await self._doubtful(claim, seq, parsed, self._memory(claim))
        merge = ChunkMerge(connection, self._rules(claim, into_empty=claim["into_empty"]), parsed)

        async def in_turn() -> None:
            await self._wait_for_turn(connection, load_id, seq)
            await self._refuse_another_header(connection, claim, parsed, seq)

        outcome = await merge.run(doubtful, in_turn)
        await keep_waiting(connection, load_id, outcome.waiting)
        await self._record(connection, load_id, seq + 1, outcome)
        if claim["mends"] is not None:
            await settle_rejects(connection, load_id, seq, claim["mends"], outcome.rejects)

    def _rules(self, load: Any, *, into_empty: bool) -> LoadRules:
        """Of a load that writes."""
        kind = Kind(load["kind"])
        return LoadRules(
            load["id"],
            Target(kind),
            update=load["on_conflict"] == "update",
            into_empty=into_empty,
            pool=self._settings.pool,
            sane_days=self._settings.sane_days,
            absent=absent_columns(kind, layout_of(load)),
            skip_row_checks=self._settings.skip_row_checks,
            wait=load["unknown_customer"] == "wait",
            waiting_bytes=self._settings.waiting_bytes,
        )

    def _waited_rules(self, load: Any) -> tuple[LoadRules, Layout]:
        AT_WORK_ON.set(load["id"])
        return replace(self._rules(load, into_empty=False), waiting_bytes=None), layout_of(load)

    async def _parse(self, connection: Connection, claim: Any, seq: int) -> ParsedChunk:
        row = await connection.fetchrow(READ_BODY, claim["id"], seq)
        fmt = FileFormat(Kind(claim["kind"]), layout_of(claim), claim["encoding"])
        first_line, origin_lines = row["first_line"], row["origin_lines"]
        parsed = await asyncio.to_thread(parse_chunk, row["body"], first_line, seq == 0, fmt, row["long_records"])
        return parsed if origin_lines is None else in_original_lines(parsed, first_line, origin_lines)

    @staticmethod
    async def _refuse_another_header(connection: Connection, claim: Any, parsed: ParsedChunk, seq: int) -> None:
        if parsed.rejects.height:
            header = await connection.fetchval("SELECT header FROM loads WHERE id = $1", claim["id"])
            first = parsed.first_row if header is None and not seq else None
            kind = Kind(claim["kind"])
            await asyncio.to_thread(refuse_another_header, kind, parsed.layout, header, parsed.rejects, first)

    def _memory(self, claim: Any) -> LoadMemory:
        if claim["id"] not in self._memories:
            self._memories = {  # loads of a kind go one after the other: an older one's memory is of no use
                other: memory for other, memory in self._memories.items() if self._held.get(other)
            }
            self._memories[claim["id"]] = LoadMemory(claim["bytes"])
        return self._memories[claim["id"]]

    async def _doubtful(self, claim: Any, seq: int, parsed: ParsedChunk, memory: LoadMemory) -> pl.Series | None:
        """Waits until the chunks before, as far as this process has them, have been seen."""
        held = self._held[claim["id"]]
        async with self._registered:
            await self._registered.wait_for(lambda: memory.is_at_least(seq) or not (held & set(range(seq))))
            doubtful = await asyncio.to_thread(memory.register, seq, parsed.rows, KEYS[Kind(claim["kind"])])
            self._registered.notify_all()
        return doubtful

    @staticmethod
    async def _wait_for_turn(connection: Connection, load_id: int, seq: int) -> None:
        """The previous chunk's row is locked until its transaction ends; then it is done, or it was given up."""
        if seq:
            await connection.execute(LOCK_PREVIOUS, load_id, seq - 1)
        load = await connection.fetchrow(LOCK_LOAD, load_id)
        if load is None or load["status"] != "loading" or load["chunks_done"] != seq:
            raise OutOfTurn

    async def _record(self, connection: Connection, load_id: int, chunks_done: int, outcome: ChunkOutcome) -> None:
        """The chunk's part of the load's report."""
        load = await connection.fetchrow(LOCK_LOAD, load_id)
        kept, kept_bytes = first_rejects(outcome.rejects, load, self._settings.reject_bounds)
        if kept.height:
            lines = kept.select(pl.lit(load_id).alias("load_id"), pl.all())
            await copy_bytes(connection, "load_rejects", lines.columns, await asyncio.to_thread(copy_lines, lines))
        await connection.execute(
            RECORD_CHUNK,
            load_id,
            chunks_done,
            outcome.rows_read,
            outcome.inserted,
            outcome.updated,
            outcome.unchanged,
            outcome.rejects.height,
            add_rejects(load["rejects"], outcome.rejects),
            add_ledger(load["date_ledger"], outcome.ledger),
            kept.height,
            kept_bytes,
            add_findings(load["findings"], outcome.findings),
            outcome.waiting.height,
            bytes_of(outcome.waiting),
        )
        await announce_changed_loads(connection)

    # -- a check: the whole load in one transaction, into temporary tables -------------------------------------

    async def _check(self, connection: Connection, claim: Any) -> None:
        """The same merge, chunk by chunk, into a temporary table that overlays the real one."""
        load_id, kind = claim["id"], Kind(claim["kind"])
        target = Target(kind, overlay=True)
        await target.create_overlay(connection)
        rules = LoadRules(
            load_id,
            target,
            update=claim["on_conflict"] == "update",
            into_empty=claim["into_empty"],
            pool=self._settings.pool,
            sane_days=self._settings.sane_days,
            absent=absent_columns(kind, layout_of(claim)),
            skip_row_checks=False,
            wait=claim["unknown_customer"] == "wait",
            waiting_bytes=self._settings.waiting_bytes,
        )
        memory = LoadMemory(claim["bytes"])

        async def in_turn() -> None:
            return None

        for seq in range(claim["chunks"]):
            parsed = await self._parse(connection, claim, seq)
            await self._refuse_another_header(connection, claim, parsed, seq)
            doubtful = await asyncio.to_thread(memory.register, seq, parsed.rows, KEYS[kind])
            outcome = await ChunkMerge(connection, rules, parsed).run(doubtful, in_turn)
            await self._record(connection, load_id, seq + 1, outcome)
        await connection.execute("DELETE FROM load_touched_ids WHERE load_id = $1", load_id)
        await self._end_check(connection, claim)

    async def _end_check(self, connection: Connection, claim: Any) -> None:
        load = await connection.fetchrow(LOCK_LOAD, claim["id"])
        limit = claim["max_rejects"]
        if limit is not None and load["rows_rejected"] > limit:
            error = f"{load['rows_rejected']} rows are rejected, more than max_rejects={limit}; nothing was written."
            await fail_unwritten(connection, claim["id"], error)
            log.info("load_failed", load_id=claim["id"], rows_rejected=load["rows_rejected"], max_rejects=limit)
        elif claim["validate_only"]:
            await complete_load(connection, claim["id"], self._settings.sane_days)
            await delete_spool(connection, claim["id"])
        else:
            await connection.execute("DELETE FROM load_rejects WHERE load_id = $1", claim["id"])
            await forget_effect_cells(connection, claim["id"])
            empty = await self._is_empty(connection, claim)
            await connection.execute(BEGIN_WRITE, claim["id"], empty)
            await self._drop_indexes(connection, claim, into_empty=empty)
        await announce_changed_loads(connection)

    # -- the end -------------------------------------------------------------------------------------------

    async def _finish_one(self, connection: Connection) -> bool:
        """Indexes, then `completed`; then the spool goes."""
        async with connection.transaction():
            load = await connection.fetchrow(CLAIM_MERGED)
            if load is None:
                return False
            AT_WORK_ON.set(load["id"])
            async with held_claim(connection):
                await ensure_indexes(self._settings.pool, Kind(load["kind"]))
            await complete_load(connection, load["id"], self._settings.sane_days)
            await announce_changed_loads(connection)
        self._memories.pop(load["id"], None)
        self._held.pop(load["id"], None)
        await self._tidy(connection, load)
        return True

    @staticmethod
    async def _tidy(connection: Connection, load: Any) -> None:
        """The spool is of no more use, and the planner should know what came in. A crash here costs nothing."""
        await delete_spool(connection, load["id"])
        if load["bytes"] > 1024 * 1024:
            try:
                await connection.execute(f"VACUUM (ANALYZE) {Kind(load['kind'])}", timeout=600)
            except asyncpg.PostgresError as error:
                log.info("vacuum_skipped", reason=type(error).__name__)

    async def give_up_after(self, connection: Connection, error: Exception) -> None:
        """Count a failure that trying again may not mend; after the last the load fails, and its rows go."""
        load = await connection.fetchrow(COUNT_ATTEMPT, AT_WORK_ON.get())
        if load is None or load["attempts"] < MOST_ATTEMPTS:
            return
        log.error("load_given_up", load_id=load["id"], reason=type(error).__name__)
        await self._fail(connection, GIVEN_UP)

    async def _fail(self, connection: Connection, error: str) -> None:
        """The load that this step is about."""
        load = await connection.fetchrow("SELECT id, kind FROM loads WHERE id = $1", AT_WORK_ON.get())
        await fail_load(connection, load, error)
        await ensure_indexes(self._settings.pool, Kind(load["kind"]))


GIVEN_UP = "The load met an error on our side; the log has it."
COUNT_ATTEMPT = """
UPDATE loads SET attempts = attempts + 1 WHERE id = $1 AND status IN ('received', 'loading')
RETURNING id, kind, attempts
"""

AT_WORK_ON: ContextVar[int | None] = ContextVar("AT_WORK_ON", default=None)
"""The load that this task's step is about."""


def absent_columns(kind: Kind, layout: Layout) -> frozenset[str]:
    return frozenset(COLUMNS[kind]) - frozenset(layout.columns)


def layout_of(load: Any) -> Layout:
    columns = tuple(column or None for column in load["columns"])
    unnamed = unnamed_columns(load["header"], load["delimiter"]) if load["is_rejects_file"] else 0
    return Layout(load["delimiter"], columns, load["has_header"], load["is_rejects_file"], unnamed)
