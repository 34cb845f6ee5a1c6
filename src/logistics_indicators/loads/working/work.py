"""What a worker does, one step at a time: begin a load, merge a chunk of it, finish it.

A step is one transaction. Its claim is a row lock, so it goes with its process, its connection, or with the
session's timeouts where the process hangs; the step is then free for the next worker, as if never begun.
"""

import asyncio
from contextvars import ContextVar
from dataclasses import replace
from typing import Any

import asyncpg
import polars as pl
import structlog

from ...database import Connection, Lock, announce_changed_loads, long_statements_allowed, share
from ...tracing import Work, traced_transaction
from ..formats import Layout
from ..kinds import KEYS, Kind
from ..mending.settling import settle_rejects
from ..merging.chunk import ChunkMerge, LoadRules
from ..merging.indexes import ensure_indexes
from ..merging.seen_keys import LoadMemory
from ..merging.tables import Target
from ..parsing.another_header import AnotherHeader
from ..parsing.chunk import ParsedChunk
from ..waiting.keeping import keep_waiting
from ..waiting.trying import try_waiting
from .beginning import drop_indexes_before, is_empty, leave_its_ids
from .check import check_load
from .chunks import LOCK_LOAD, parsed_chunk, record_chunk, refuse_rows_of_another_header
from .claims import CLAIM_CHUNK, CLAIM_MERGED, CLAIM_NEW, held_claim, hold_referred_rows
from .endings import complete_load, delete_spool, fail_load
from .rules import LoadSettings, layout_of, rules_of

log = structlog.get_logger()

MOST_ATTEMPTS = 5
"""Failures in a row, of a kind that trying again does not mend, after which a load is given up."""

MOST_RACES = 100
"""The same, where somebody else wrote a key of the chunk between the look for it and the chunk's own row."""

VACUUM_SECONDS = 600

LOCK_PREVIOUS = "SELECT FROM load_chunks WHERE load_id = $1 AND seq = $2 FOR SHARE"
BEGIN = """
UPDATE loads SET status = 'loading', started_at = clock_timestamp(), into_empty = $2 WHERE id = $1
"""


class OutOfTurn(Exception):
    """The chunk before ours was not merged: whoever had it gave up, and it comes first."""


class LoadWork:
    """Steps of all loads that this process works on. One object a process."""

    def __init__(self, settings: LoadSettings) -> None:
        self._settings = settings
        self._memories: dict[int, LoadMemory] = {}
        self._claiming = asyncio.Lock()
        self._registered = asyncio.Condition()
        self._held: dict[int, set[int]] = {}
        self._loads_first = False
        """After a step of visits that waited; for however many they are, loads are not to wait for all of them."""
        self._waiting_fail = False

    async def step(self, connection: Connection) -> bool:
        """Do one step of the oldest load that has one, or of visits that waited, in turns. False where there is
        nothing to do."""
        AT_WORK_ON.set(None)
        if await self._finish_one(connection):
            return True
        if self._loads_first or self._waiting_fail:
            return await self._load(connection) or await self._try_waiting(connection)
        return await self._try_waiting(connection) or await self._load(connection)

    async def _load(self, connection: Connection) -> bool:
        done = await self._begin_one(connection) or await self._chunk(connection)
        if done:
            self._loads_first = False
        return done

    async def _try_waiting(self, connection: Connection) -> bool:
        """Where they fail, for a reason that nobody foresaw, loads go before them."""
        self._waiting_fail = True
        done = await try_waiting(connection, self._waited_rules, self._settings.reject_bounds)
        self._waiting_fail = False
        self._loads_first = True
        return done

    async def _begin_one(self, connection: Connection) -> bool:
        async with traced_transaction(connection) as work:
            load = await connection.fetchrow(CLAIM_NEW)
            if load is None:
                return False
            AT_WORK_ON.set(load["id"])
            work.begin("load begin", load)
            empty = await is_empty(connection, Kind(load["kind"]))
            await connection.execute(BEGIN, load["id"], empty)
            if load["stage"] == "write":
                await leave_its_ids(connection, load)
                await drop_indexes_before(connection, load, into_empty=empty)
            await announce_changed_loads(connection)
        return True

    async def _chunk(self, connection: Connection) -> bool:
        claimed: tuple[int, int] | None = None
        try:
            async with traced_transaction(connection) as work:
                async with self._claiming:
                    claim = await connection.fetchrow(CLAIM_CHUNK)
                    if claim is None:
                        return False
                    claimed = claim["id"], claim["seq"]
                    AT_WORK_ON.set(claim["id"])
                    work.begin("load chunk", claim, seq=claim["seq"])
                    self._held.setdefault(claim["id"], set()).add(claim["seq"])
                    if claim["stage"] == "write":
                        await share(connection, Lock.visits_of_loads)
                        await hold_referred_rows(connection, claim)
                if claim["stage"] == "check":
                    work.stage("check")
                    await check_load(connection, claim, self._settings)
                else:
                    await self._merge(connection, claim, work)
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

    async def _merge(self, connection: Connection, claim: Any, work: Work) -> None:
        """Parse and merge the claimed chunk; the caller's transaction makes it all or nothing."""
        load_id, seq = claim["id"], claim["seq"]
        if await connection.fetchval("SELECT chunks_done FROM loads WHERE id = $1", load_id) > seq:
            raise OutOfTurn  # merged between the look for a chunk and its lock
        work.stage("parse")
        parsed = await parsed_chunk(connection, claim, seq)
        work.note(rows=parsed.rows_read)
        work.stage("merge")
        doubtful = await self._doubtful(claim, seq, parsed, self._memory(claim))
        rules = rules_of(claim, self._settings, Target(Kind(claim["kind"])), into_empty=claim["into_empty"])

        async def in_turn() -> None:
            work.stage("turn")
            await self._wait_for_turn(connection, load_id, seq)
            work.stage("settle")
            await refuse_rows_of_another_header(connection, claim, parsed, seq)

        outcome = await ChunkMerge(connection, rules, parsed).run(doubtful, in_turn)
        await keep_waiting(connection, load_id, outcome.waiting)
        await record_chunk(connection, load_id, seq + 1, outcome, self._settings.reject_bounds)
        if claim["mends"] is not None:
            await settle_rejects(connection, load_id, seq, claim["mends"], outcome.rejects)

    def _waited_rules(self, load: Any) -> tuple[LoadRules, Layout]:
        AT_WORK_ON.set(load["id"])
        rules = rules_of(load, self._settings, Target(Kind(load["kind"])), into_empty=False)
        return replace(rules, waiting_bytes=None), layout_of(load)

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

    # -- the end -------------------------------------------------------------------------------------------

    async def _finish_one(self, connection: Connection) -> bool:
        """Indexes, then `completed`; then the spool goes."""
        async with traced_transaction(connection) as work:
            load = await connection.fetchrow(CLAIM_MERGED)
            if load is None:
                return False
            AT_WORK_ON.set(load["id"])
            work.begin("load end", load)
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
                async with long_statements_allowed(connection, VACUUM_SECONDS):
                    await connection.execute(f"VACUUM (ANALYZE) {Kind(load['kind'])}")
            except asyncpg.PostgresError as error:
                log.info("vacuum_skipped", reason=type(error).__name__)

    async def give_up_after(self, connection: Connection, error: Exception) -> None:
        """Count a failure that trying again may not mend; after the last the load fails, and its rows go."""
        load = await connection.fetchrow(COUNT_ATTEMPT, AT_WORK_ON.get())
        most = MOST_RACES if isinstance(error, asyncpg.UniqueViolationError) else MOST_ATTEMPTS
        if load is None or load["attempts"] < most:
            return
        log.error("load_given_up", load_id=load["id"], reason=type(error).__name__)
        await self._fail(connection, TOO_SLOW if isinstance(error, asyncpg.QueryCanceledError) else GIVEN_UP)

    async def _fail(self, connection: Connection, error: str) -> None:
        """The load that this step is about."""
        load = await connection.fetchrow("SELECT id, kind FROM loads WHERE id = $1", AT_WORK_ON.get())
        await fail_load(connection, load, error)
        await ensure_indexes(self._settings.pool, Kind(load["kind"]))


GIVEN_UP = "The load met an error on our side; the log has it."
TOO_SLOW = f"A step of the load took longer than LOAD_CLAIM_SECONDS, {MOST_ATTEMPTS} times in a row: it was given up."
COUNT_ATTEMPT = """
UPDATE loads SET attempts = attempts + 1 WHERE id = $1 AND status IN ('received', 'loading')
RETURNING id, kind, attempts
"""

AT_WORK_ON: ContextVar[int | None] = ContextVar("AT_WORK_ON", default=None)
"""The load that this task's step is about."""
