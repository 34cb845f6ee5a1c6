"""Looks at the database for all who read this process's streams, and only while somebody does."""

import asyncio
import contextlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import structlog

from ..database import ACQUIRE_SECONDS, Connection, Pool
from ..errors import DATABASE_FAILURES
from ..loads.models import ENDED
from ..loads.service import COLUMNS, as_load
from ..loads.working.changes import Changes
from ..rollup.commits import STATE_TABLES, VERSION
from .news import News

log = structlog.get_logger()

LOOK_SECONDS = 0.4
PAUSE_SECONDS = 0.1
"""Between two looks, however often something is said to have changed."""

MOST_LOADS = 100
"""Loads that go on, those that came first; and as many that have ended, the last ones."""

CURRENT_VERSION = f"SELECT {VERSION} FROM {STATE_TABLES}"

# A load can be seen to have ended only some time after the time that it says.
STATES = f"""
(SELECT id, false AS ended, ARRAY[status, stage, chunks::text, chunks_done::text, rows_read::text] AS state
 FROM loads WHERE status IN ('received', 'loading') ORDER BY received_at, id LIMIT {MOST_LOADS})
UNION ALL
(SELECT id, true, ARRAY[status, finished_at::text]
 FROM loads WHERE finished_at > clock_timestamp()::timestamp - interval '1 minute'
 ORDER BY finished_at DESC LIMIT {MOST_LOADS})
"""
FIND_LOADS = f"SELECT {COLUMNS} FROM loads WHERE id = ANY($1::integer[]) ORDER BY received_at, id"

States = Mapping[int, Sequence[str]]


@dataclass(frozen=True)
class _Seen:
    version: int
    live: States
    ended: States
    texts: Sequence[str]
    """The loads that go on, as JSON."""
    over: Mapping[int, str]
    """Those that had not ended, or had ended otherwise, at the look before, as JSON."""

    def newly_ended(self, live: States, ended: States) -> set[int]:
        """Of those that were seen to go on, some may be gone."""
        told = {load_id for load_id, state in ended.items() if self.ended.get(load_id) == state}
        return (ended.keys() - told) | (self.live.keys() - live.keys() - told)


async def _see(connection: Connection, before: _Seen | None) -> _Seen:
    version = int(await connection.fetchval(CURRENT_VERSION))
    rows = await connection.fetch(STATES)
    live = {row["id"]: row["state"] for row in rows if not row["ended"]}
    ended = {row["id"]: row["state"] for row in rows if row["ended"]}
    new = before.newly_ended(live, ended) if before else set()
    if before and not new and live == before.live:
        return _Seen(version, live, ended, before.texts, {})
    found = [as_load(row) for row in await connection.fetch(FIND_LOADS, [*live, *new])]
    texts = [load.model_dump_json() for load in found if load.status not in ENDED]
    over = {load.id: load.model_dump_json() for load in found if load.status in ENDED}
    return _Seen(version, live, ended, texts, over)


class Watcher:
    """One a process."""

    def __init__(self, pool: Pool, changes: Changes) -> None:
        self._pool, self._changes = pool, changes
        self._readers: set[News] = set()
        self._task: asyncio.Task[None] | None = None
        self._seen: _Seen | None = None
        self._rejects_changed = False

    @contextmanager
    def reading(self) -> Iterator[News]:
        """How things are, and then what changes while the block runs."""
        news = News()
        if self._seen is not None:
            news.tell_version(self._seen.version)
            news.tell_loads(self._seen.texts, {})
        self._readers.add(news)
        if self._task is None:
            self._task = asyncio.create_task(self._watch(), name="live")
        try:
            yield news
        finally:
            self._readers.discard(news)
            if not self._readers:
                self._stop()

    def _stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
        self._task, self._seen, self._rejects_changed = None, None, False

    async def _watch(self) -> None:
        with self._changes.noticed() as changed:
            while True:
                self._rejects_changed |= changed.is_set()
                changed.clear()
                try:
                    await self._look()
                except DATABASE_FAILURES:
                    pass  # the next look may find it back
                except Exception:
                    log.exception("live_look_failed")
                await asyncio.sleep(PAUSE_SECONDS)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_SECONDS - PAUSE_SECONDS):
                        await changed.wait()

    async def _look(self) -> None:
        before = self._seen
        async with self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
            seen = self._seen = await _see(connection, before)
        rejects_changed = before is not None and (self._rejects_changed or bool(seen.over))
        self._rejects_changed = False
        for news in self._readers:
            if before is None or seen.version != before.version:
                news.tell_version(seen.version)
            if before is None or seen.over or seen.live != before.live:
                news.tell_loads(seen.texts, seen.over)
            if rejects_changed:
                news.tell_rejects()
