"""Whether there is room for an upload: the user's share of the spool, and the disk's free space where we can tell."""

import asyncio
import errno
import shutil
import tempfile
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO
from uuid import UUID

from ...database import Connection, Pool
from ...errors import InsufficientStorage, TooManyRequests
from ...settings import Settings
from ..confirming import IS_KEPT

SPOOLED_BY_USER = f"""
SELECT (
    SELECT coalesce(sum(octet_length(c.body)), 0)
    FROM loads l JOIN load_chunks c ON c.load_id = l.id
    WHERE l.user_id = $1 AND l.id IS DISTINCT FROM $3
        AND (l.status IN ('receiving', 'received', 'loading') OR {IS_KEPT})
) + (
    SELECT coalesce(sum(octet_length(p.body)), 0)
    FROM uploads u JOIN upload_parts p ON p.upload_id = u.id
    WHERE u.user_id = $1 AND u.id IS DISTINCT FROM $2
)
"""
LOOK_AGAIN_BYTES = 16 * 1024 * 1024

FREE_SHARE_OF_TEMPORARY_DISK = 10
"""Of a small disk for temporary files (it may be in memory), a tenth stays free where DISK_FREE_BYTES is more."""

DISK_IS_FULL = "The service's disk is nearly full: no file is taken until there is room again. All else works."


class Room:
    """Asked as an upload goes on. One object a process."""

    def __init__(self, pool: Pool, settings: Settings) -> None:
        self._pool = pool
        self._settings = settings
        self.kept: Counter[int] = Counter()
        """Bytes in temporary files, by user."""

    async def check(
        self, user_id: int, besides: UUID | None = None, *, taken_over: int | None = None, by: Connection = None
    ) -> None:
        """Raises InsufficientStorage below the floor, TooManyRequests where the user's files fill their share.

        `besides`: an upload that does not count, for its bytes are becoming the ones that do; `taken_over`: likewise a
        load. `by`: whoever holds a connection already must not wait for another.
        """
        await self._check_disk()
        most = self._settings.load_spool_bytes_per_user
        spooled = await (by or self._pool).fetchval(SPOOLED_BY_USER, user_id, besides, taken_over)
        if spooled + self.kept[user_id] >= most:
            raise TooManyRequests(
                f"Your files that are not loaded yet take {most} bytes, as much as a user's may. Send this one when "
                "they are.",
                headers={"Retry-After": "30"},
            )

    async def _check_disk(self) -> None:
        """A server of somebody else's does not say how much is free: there, quotas alone bound what we store."""
        if self._settings.embedded:
            await self._check_folder(self._settings.data_dir, self._settings.disk_free_bytes)

    async def check_temporary_disk(self) -> None:
        folder = Path(tempfile.gettempdir())
        total = (await asyncio.to_thread(shutil.disk_usage, folder)).total
        await self._check_folder(folder, min(self._settings.disk_free_bytes, total // FREE_SHARE_OF_TEMPORARY_DISK))

    @staticmethod
    async def _check_folder(folder: Path, floor: int) -> None:
        if (await asyncio.to_thread(shutil.disk_usage, folder)).free < floor:
            raise InsufficientStorage(DISK_IS_FULL)


class RoomOfUpload:
    """Counts an upload's bytes, and looks whether there is room before the first and every so many."""

    def __init__(self, room: Room, user_id: int, besides: UUID | None = None) -> None:
        self._room, self._besides = room, besides
        self.user_id = user_id
        self._left = 0

    async def taken(self, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """The pieces, as long as there is room for them."""
        async for piece in pieces:
            self._left -= len(piece)
            if self._left < 0:
                await self._room.check(self.user_id, self._besides)
                self._left = LOOK_AGAIN_BYTES
            yield piece

    @asynccontextmanager
    async def kept(self, pieces: AsyncIterator[bytes]) -> AsyncIterator[IO[bytes]]:
        """All of the pieces in a temporary file; its bytes count among the user's as long as it is there."""
        size = 0
        with tempfile.TemporaryFile() as file:
            try:
                async for piece in self.taken(pieces):
                    if size // LOOK_AGAIN_BYTES != (size + len(piece)) // LOOK_AGAIN_BYTES or not size:
                        await self._room.check_temporary_disk()
                    size += len(piece)
                    self._room.kept[self.user_id] += len(piece)
                    await asyncio.to_thread(_write, file, piece)
                await asyncio.to_thread(file.seek, 0)
                yield file
            finally:
                self._room.kept[self.user_id] -= size


def _write(file: IO[bytes], piece: bytes) -> None:
    """Through to the disk's file system, so that a full one is seen here."""
    try:
        file.write(piece)
        file.flush()
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise InsufficientStorage(DISK_IS_FULL) from None
