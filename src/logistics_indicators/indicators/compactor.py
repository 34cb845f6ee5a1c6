"""The background task of each API process that keeps the deltas few."""

import asyncio
import time

import structlog

from ..database import Connection, Pool
from ..errors import DATABASE_AWAY
from .folding import FOLD_TIMEOUT, fold

log = structlog.get_logger()

PATIENCE_SECONDS = 30.0
"""While loads run, deltas wait this long, or until they fill a fold: the load keeps the machine to itself."""

SWEEP_AFTER = 200
"""Deltas folded until their dead rows are swept: whoever counts the deltas walks over them."""

AFTER_FAILURE_SECONDS = 5.0

LOADING = "SELECT EXISTS (SELECT FROM loads WHERE kind = 'services' AND status IN ('received', 'loading'))"
SWEEP = "VACUUM (INDEX_CLEANUP ON) rollup_deltas, rollup_state"


class Compactor:
    def __init__(self, pool: Pool, seconds: float) -> None:
        self.pool = pool
        self.seconds = seconds
        self._loading_since: float | None = None
        self._unswept = 0

    async def run(self) -> None:
        while True:
            await asyncio.sleep(self.seconds)
            try:
                async with self.pool.acquire() as connection:
                    await self._turn(connection)
            except Exception as error:
                away = isinstance(error, (*DATABASE_AWAY, TimeoutError))
                log.warning("fold_failed", error=type(error).__name__, exc_info=None if away else error)
                await asyncio.sleep(AFTER_FAILURE_SECONDS)

    async def _turn(self, connection: Connection) -> None:
        started = time.monotonic()
        folded = await fold(connection, patient=await self._is_patient(connection))
        if not folded:
            return
        log.debug("folded", deltas=folded, seconds=round(time.monotonic() - started, 3))
        self._unswept += folded
        if self._unswept >= SWEEP_AFTER:
            self._unswept = 0
            await connection.execute(SWEEP, timeout=FOLD_TIMEOUT)

    async def _is_patient(self, connection: Connection) -> bool:
        """While a load runs; but one that hangs may not hold the deltas back for ever."""
        if not await connection.fetchval(LOADING):
            self._loading_since = None
            return False
        now = time.monotonic()
        if self._loading_since is None:
            self._loading_since = now
        if now - self._loading_since < PATIENCE_SECONDS:
            return True
        self._loading_since = now
        return False
