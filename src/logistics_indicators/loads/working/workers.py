"""The process's load workers: tasks that take steps, wake on NOTIFY, and poll as a fallback."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import asyncpg
import structlog

from ...database import (
    ACQUIRE_SECONDS,
    Connection,
    Pool,
    background_settings,
    ending_with,
    is_migrating,
    preparation,
    session_settings,
)
from ...distributed import is_distributed
from ...errors import CHANGED, DATABASE_AWAY
from ...rollup.commits import forget_commits
from ...settings import Settings
from ..kinds import Kind
from ..merging.indexes import ensure_indexes
from ..rejects import RejectBounds, make_room
from ..waiting.keeping import expire_waiting
from .changes import AWAY_SECONDS, Changes
from .rules import LoadSettings
from .sweeping import LOAD_SESSIONS, end_hung_claims, sweep
from .work import AT_WORK_ON, LoadWork

log = structlog.get_logger()

DRAIN_SECONDS = 15
"""At shutdown, time for the chunk in hand; a chunk that is cut off rolls back and is merged after the next start."""

SWEEP_SECONDS = 15


@contextlib.asynccontextmanager
async def running_workers(url: str, settings: Settings, changes: Changes) -> AsyncIterator[None]:
    """Work on loads while the block runs."""
    if not settings.load_workers:
        yield
        return
    pool = await _open_pool(url, settings)
    stopping = asyncio.Event()
    bounds = RejectBounds(settings.load_rejects_kept, settings.load_rejects_bytes)
    may_skip = await may_skip_row_checks(pool)
    days = settings.load_first_sane_day, settings.load_sane_years_ahead
    work = LoadWork(LoadSettings(pool, may_skip, bounds, *days, settings.load_waiting_bytes_per_user))
    sweeper = asyncio.create_task(_sweep(pool, settings, bounds), name="load-sweeper")
    with changes.noticed() as wake:
        workers = [
            asyncio.create_task(_work(work, pool, wake, stopping, settings), name=f"load-worker-{number}")
            for number in range(settings.load_workers)
        ]
        try:
            yield
        finally:
            stopping.set()
            wake.set()
            _, late = await asyncio.wait(workers, timeout=DRAIN_SECONDS)
            for task in [*late, sweeper]:
                task.cancel()
            await asyncio.gather(*workers, sweeper, return_exceptions=True)
        with contextlib.suppress(TimeoutError, *DATABASE_AWAY):
            await asyncio.wait_for(pool.close(), 5)


async def _open_pool(url: str, settings: Settings) -> Pool:
    """Sessions of their own for load work: a statement or an idle moment longer than the claim ends them.

    Who waits for a lock gives up earlier, so that it is not taken for a statement that is slow by itself.
    """
    claim_ms = str(int(settings.load_claim_seconds * 1000))
    lock_ms = str(int(settings.load_claim_seconds * 900))
    session = session_settings(LOAD_SESSIONS, settings.load_claim_seconds)
    session |= {"idle_in_transaction_session_timeout": claim_ms, "lock_timeout": lock_ms}
    session |= background_settings(settings)
    return await asyncpg.create_pool(
        url,
        min_size=1,
        max_size=2 * settings.load_workers + 4,  # a worker's own, one for new names; index builds, the sweeper
        timeout=ACQUIRE_SECONDS,
        command_timeout=None,
        init=preparation(settings, background=True),
        server_settings=session,
    )


async def may_skip_row_checks(pool: Pool) -> bool:
    """Whether our role may set session_replication_role (a superuser may, and who was granted SET on it).

    It would not reach the servers of a distributed table."""
    async with pool.acquire() as connection:
        if await is_distributed(connection):
            return False
        try:
            async with connection.transaction():
                await connection.execute("SET LOCAL session_replication_role = replica")
        except asyncpg.InsufficientPrivilegeError:
            return False
    return True


async def _work(work: LoadWork, pool: Pool, wake: asyncio.Event, stopping: asyncio.Event, settings: Settings) -> None:
    while not stopping.is_set():
        wake.clear()
        try:
            async with pool.acquire(timeout=ACQUIRE_SECONDS) as connection, ending_with(connection):
                busy = await _step(work, connection)
        except (*DATABASE_AWAY, TimeoutError) as error:
            log.warning("load_worker_without_database", error=type(error).__name__)
            await asyncio.sleep(AWAY_SECONDS)
            continue
        except asyncpg.LockNotAvailableError as error:
            log.warning("load_worker_waited_for_others", reason=type(error).__name__)
            continue
        except Exception:
            log.exception("load_worker_failed")
            await asyncio.sleep(AWAY_SECONDS)
            continue
        if not busy:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(wake.wait(), settings.load_poll_seconds)


TRY_AGAIN = (
    *DATABASE_AWAY,
    asyncpg.InsufficientResourcesError,
    asyncpg.LockNotAvailableError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    TimeoutError,
)
"""A full disk, a claim that expired, a server that went away: nothing is wrong with the load."""


async def _step(work: LoadWork, connection: Connection) -> bool:
    try:
        return not await is_migrating(connection) and await work.step(connection)
    except asyncpg.QueryCanceledError as error:
        log.warning("load_step_too_slow", load_id=AT_WORK_ON.get())
        await work.give_up_after(connection, error)
        return False
    except CHANGED as error:
        log.info("load_step_again", reason=type(error).__name__)
        return True
    except TRY_AGAIN:
        raise
    except Exception as error:
        log.exception("load_step_failed")
        await work.give_up_after(connection, error)
        return False


async def _sweep(pool: Pool, settings: Settings, bounds: RejectBounds) -> None:
    """Now and then: what the dead, the hung and the old left, and indexes that a load did not live to make again."""
    while True:
        try:
            async with pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
                await end_hung_claims(connection, settings.load_claim_seconds)
                await expire_waiting(connection, settings.load_keep_days, bounds)
                idle = await sweep(connection, settings.load_keep_days)
                await forget_commits(connection, settings.changes_keep_days)
                await make_room(connection, settings.load_rejects_bytes_per_user)
            for kind in idle:
                await ensure_indexes(pool, Kind(kind))
        except Exception as error:
            log.warning("load_sweep_failed", error=type(error).__name__)
        await asyncio.sleep(min(SWEEP_SECONDS, settings.load_claim_seconds))
