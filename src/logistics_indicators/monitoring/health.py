"""Does the database answer: asked on a connection of its own, so that a full pool or a hanging server delays nobody."""

import asyncio
import time

import asyncpg
import structlog

from ..database import Connection, session_settings
from ..errors import DATABASE_AWAY
from ..lending import connecting

log = structlog.get_logger()

ANSWER_SECONDS = 2.0
"""A database that takes longer counts as away."""

FRESH_SECONDS = 1.0
"""An answer serves all who ask within this time: health is public, and must not be a way to load the database."""


class HealthProbe:
    def __init__(self, url: str, *, lent: bool = False) -> None:
        self._url = url
        session = session_settings("logistics-indicators health", ANSWER_SECONDS)
        self._options = connecting(session, lent=lent)
        self._connection: Connection | None = None
        self._lock = asyncio.Lock()
        self._asked_at = -FRESH_SECONDS
        self._answered = False

    async def database_answers(self) -> bool:
        """Within about ANSWER_SECONDS, however many ask."""
        async with self._lock:
            if time.monotonic() - self._asked_at >= FRESH_SECONDS:
                self._answered = await self._ask()
                self._asked_at = time.monotonic()
            return self._answered

    def is_connected(self) -> bool:
        return self._connection is not None

    async def close(self) -> None:
        if self._connection is not None:
            self._connection.terminate()

    async def _ask(self) -> bool:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                if self._connection is None:
                    self._connection = await asyncpg.connect(self._url, **self._options)
                return bool(await self._connection.fetchval("SELECT true"))
        except (*DATABASE_AWAY, asyncpg.PostgresError, OSError, TimeoutError) as error:
            log.warning("health_database_unavailable", error=type(error).__name__)
            if self._connection is not None:
                self._connection.terminate()
                self._connection = None
            return False
