"""The compactor: folds the deltas into the levels that readers sum, one process at a time.

A fold is one transaction: the deltas go and the levels take them in, so a reader's snapshot holds either the one
or the other. It takes no lock that a writer or a reader waits for.
"""

import asyncio
import time
from datetime import date
from pathlib import Path

import structlog

from ..database import Connection, Pool
from .blocks import Grain, block_of

log = structlog.get_logger()

FOLD_LOCK = 7_163_003
"""Key of the advisory lock that whoever changes the folded levels holds."""

FOLD_CELLS = 500_000
"""Cells folded in one transaction, unless one delta alone has more."""

BULK_CELLS = 1_000
"""A delta with more cells is a load's. While loads run such deltas wait, up to FOLD_CELLS of them."""

BULK_WAIT_SECONDS = 30.0

FOLD = (Path(__file__).parent / "fold.sql").read_text()
FOLD_TIMEOUT = 600.0

WAITING = "SELECT id, pg_column_size(visits) / 4 AS cells FROM rollup_deltas ORDER BY id"
"""The arrays are stored raw, so their size tells their length without reading them."""

LOADING = "SELECT EXISTS (SELECT FROM loads WHERE kind = 'services' AND status IN ('received', 'loading'))"

DROP_EMPTY = (
    "DELETE FROM rollup WHERE total = 0 AND on_time = 0 AND seconds = 0 AND grain = $1 AND block = ANY($2::date[])",
    "DELETE FROM rollup_lateness WHERE total = 0 AND grain = $1 AND block = ANY($2::date[])",
)
DROP_EMPTY_OPEN = "DELETE FROM rollup_open WHERE total = 0 AND data_limite = ANY($1::date[])"
DROP_EMPTY_DAYS = "DELETE FROM rollup_days WHERE total = 0 AND day = ANY($1::date[])"


async def fold(connection: Connection, *, bulk: bool = True) -> int:
    """Fold what one transaction may take; the number of deltas folded, 0 where there are none or another folds.

    With bulk=False a load's deltas wait for more, so that a load in progress keeps the machine to itself.
    """
    async with connection.transaction():
        if not await connection.fetchval("SELECT pg_try_advisory_xact_lock($1)", FOLD_LOCK):
            return 0
        ids = _choose(await connection.fetch(WAITING), bulk=bulk)
        if not ids:
            return 0
        await connection.execute(f"SET LOCAL statement_timeout = {int(FOLD_TIMEOUT * 1000)}")
        days = await connection.fetchval(FOLD, ids, timeout=FOLD_TIMEOUT)
        if days:
            await _drop_empty(connection, days)
    return len(ids)


def _choose(waiting: list[tuple[int, int]], *, bulk: bool) -> list[int]:
    if not bulk and sum(cells for _, cells in waiting) < FOLD_CELLS:
        waiting = [(key, cells) for key, cells in waiting if cells <= BULK_CELLS]
    ids: list[int] = []
    total = 0
    for key, cells in waiting:
        total += cells
        if ids and total > FOLD_CELLS:
            break
        ids.append(key)
    return ids


async def _drop_empty(connection: Connection, days: list[date]) -> None:
    """A cell that its last visit left is no cell: no angel may show up with 0 visits."""
    for grain in Grain:
        blocks = sorted({block_of(grain, day) for day in days})
        for drop in DROP_EMPTY:
            await connection.execute(drop, grain.value, blocks, timeout=FOLD_TIMEOUT)
    await connection.execute(DROP_EMPTY_OPEN, days, timeout=FOLD_TIMEOUT)
    await connection.execute(DROP_EMPTY_DAYS, days, timeout=FOLD_TIMEOUT)


async def fold_everything(connection: Connection) -> int:
    """Fold until no delta is left (or another process folds); the number of deltas."""
    total = 0
    while folded := await fold(connection):
        total += folded
    return total


class Compactor:
    """The background task of an API process."""

    def __init__(self, pool: Pool, seconds: float) -> None:
        self.pool = pool
        self.seconds = seconds
        self._bulk_since: float | None = None
        self._swept = 0

    async def run(self) -> None:
        while True:
            await asyncio.sleep(self.seconds)
            try:
                await self._turn()
            except Exception as error:
                log.warning("fold_failed", error=type(error).__name__, exc_info=error)

    async def _turn(self) -> None:
        async with self.pool.acquire() as connection:
            started = time.monotonic()
            folded = await fold(connection, bulk=await self._may_take_bulk(connection))
            if not folded:
                return
            log.info("folded", deltas=folded, seconds=round(time.monotonic() - started, 3))
            self._swept += folded
            if self._swept >= 200:
                self._swept = 0
                await connection.execute("VACUUM (INDEX_CLEANUP ON) rollup_deltas", timeout=FOLD_TIMEOUT)

    async def _may_take_bulk(self, connection: Connection) -> bool:
        """Not while a load runs, but a load that hangs may not hold the compactor up for ever."""
        if not await connection.fetchval(LOADING):
            self._bulk_since = None
            return True
        now = time.monotonic()
        if self._bulk_since is None:
            self._bulk_since = now
        if now - self._bulk_since < BULK_WAIT_SECONDS:
            return False
        self._bulk_since = now
        return True
