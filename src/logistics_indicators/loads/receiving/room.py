"""Whether there is room for an upload: the user's share of the spool, and the disk's free space where we can tell."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from uuid import UUID

from ...database import Pool
from ...errors import InsufficientStorage, TooManyRequests
from ...settings import Settings

SPOOLED_BY_USER = """
SELECT (
    SELECT coalesce(sum(octet_length(c.body)), 0)
    FROM loads l JOIN load_chunks c ON c.load_id = l.id
    WHERE l.user_id = $1 AND l.status IN ('receiving', 'received', 'loading')
) + (
    SELECT coalesce(sum(octet_length(p.body)), 0)
    FROM uploads u JOIN upload_parts p ON p.upload_id = u.id
    WHERE u.user_id = $1 AND u.id IS DISTINCT FROM $2
)
"""
LOOK_AGAIN_BYTES = 16 * 1024 * 1024


class Room:
    """Asked as an upload goes on. One object a process."""

    def __init__(self, pool: Pool, settings: Settings) -> None:
        self._pool = pool
        self._settings = settings

    async def check(self, user_id: int, besides: UUID | None = None) -> None:
        """Raises InsufficientStorage below the floor, TooManyRequests where the user's files fill their share.

        `besides`: an upload that does not count, for its bytes are becoming the ones that do.
        """
        await self._check_disk()
        most = self._settings.load_spool_bytes_per_user
        if await self._pool.fetchval(SPOOLED_BY_USER, user_id, besides) >= most:
            raise TooManyRequests(
                f"Your files that are not loaded yet take {most} bytes, as much as a user's may. Send this one when "
                "they are.",
                headers={"Retry-After": "30"},
            )

    async def _check_disk(self) -> None:
        """A server of somebody else's does not say how much is free: there, quotas alone bound what we store."""
        if not self._settings.embedded:
            return
        floor = self._settings.disk_free_bytes
        usage = await asyncio.to_thread(shutil.disk_usage, self._settings.data_dir)
        if usage.free < floor:
            raise InsufficientStorage(
                "The service's disk is nearly full: no file is taken until there is room again. All else works."
            )


class RoomOfUpload:
    """Counts an upload's bytes, and looks whether there is room before the first and every so many."""

    def __init__(self, room: Room, user_id: int, besides: UUID | None = None) -> None:
        self._room, self._user_id, self._besides = room, user_id, besides
        self._left = 0

    async def taken(self, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """The pieces, as long as there is room for them."""
        async for piece in pieces:
            self._left -= len(piece)
            if self._left < 0:
                await self._room.check(self._user_id, self._besides)
                self._left = LOOK_AGAIN_BYTES
            yield piece
