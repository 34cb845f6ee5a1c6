"""The background task of each API process that keeps rollup_recent small, and gives commits their versions."""

import asyncio
import time
from collections.abc import Sequence

import structlog

from ..database import Connection, Pool, long_statements_allowed
from ..errors import DATABASE_AWAY
from .commits import see_new_commits
from .merging import MERGE_TIMEOUT, merge
from .tables import SUM_TABLE_NAMES

log = structlog.get_logger()

SWEEP_AFTER = 200
"""After so many merged commits rollup_recent is vacuumed: until then readers walk over the dead rows that they left."""

LARGE_PAGES = 1_000
"""A rollup_recent of so many pages is vacuumed as soon as nothing waits in it, after however few commits."""

AFTER_FAILURE_SECONDS = 5.0

LOADING = "SELECT EXISTS (SELECT FROM loads WHERE kind = ANY($1::text[]) AND status IN ('received', 'loading'))"

# Pages that the index knows nothing of are read by every reader.
INDEX_NEW_PAGES = "SELECT brin_summarize_new_values('rollup_recent_idx')"

PAGES = "SELECT pg_relation_size('rollup_recent') / current_setting('block_size')::integer"
SWEPT = ", ".join(("rollup_recent", "rollup_waiting", "rollup_state", *SUM_TABLE_NAMES))
SWEEP = f"VACUUM (ANALYZE, INDEX_CLEANUP ON) {SWEPT}"

# What a BRIN index says of a page only ever widens. Forgotten here, pages that the next load fills are described anew.
FORGET_OLD_PAGES = """
SELECT brin_desummarize_range('rollup_recent_idx', page) FROM generate_series(0, $1::bigint, 2) AS page
"""


class Compactor:
    def __init__(self, pool: Pool, seconds: float, summed_kinds: Sequence[str]) -> None:
        """`summed_kinds`: of loads, whose rows are summed here."""
        self.pool = pool
        self.seconds = seconds
        self.summed_kinds = summed_kinds
        self._unswept = 0

    async def run(self) -> None:
        while True:
            await asyncio.sleep(self.seconds)
            try:
                async with self.pool.acquire() as connection:
                    await self._turn(connection)
            except Exception as error:
                away = isinstance(error, (*DATABASE_AWAY, TimeoutError))
                log.warning("merge_failed", error=type(error).__name__, exc_info=None if away else error)
                await asyncio.sleep(AFTER_FAILURE_SECONDS)

    async def _turn(self, connection: Connection) -> None:
        started = time.monotonic()
        await see_new_commits(connection)
        loading = await connection.fetchval(LOADING, self.summed_kinds)
        if loading:
            async with long_statements_allowed(connection, MERGE_TIMEOUT):
                await connection.execute(INDEX_NEW_PAGES, timeout=MERGE_TIMEOUT)
        if merged := await merge(connection, patient=loading):
            log.debug("merged", commits=merged, seconds=round(time.monotonic() - started, 3))
            self._unswept += merged
        elif self._unswept and not loading:
            await self._sweep(connection)

    async def _sweep(self, connection: Connection) -> None:
        pages = await connection.fetchval(PAGES)
        if self._unswept >= SWEEP_AFTER or pages >= LARGE_PAGES:
            self._unswept = 0
            async with long_statements_allowed(connection, MERGE_TIMEOUT):
                await connection.execute(SWEEP, timeout=MERGE_TIMEOUT)
                await connection.execute(FORGET_OLD_PAGES, pages, timeout=MERGE_TIMEOUT)
