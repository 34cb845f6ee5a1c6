"""A request's bytes to the end of an upload: in parts, each durable by itself, so that none is sent twice."""

import asyncio
import time
from collections.abc import AsyncIterator
from uuid import UUID

import asyncpg
import structlog
from starlette.requests import ClientDisconnect

from ...accounts.current_user import User
from ...database import Pool
from ...errors import BadRequest, Conflict, ContentTooLarge, InsufficientStorage
from ...settings import Settings
from ..receiving.receiver import Receiver
from ..receiving.room import RoomOfUpload
from ..receiving.stalling import RequestTimeout, live, with_pauses
from . import storing
from .becoming import Becoming
from .protocol import Checksum, ChecksumMismatch
from .storing import Hold, StoredUpload

log = structlog.get_logger()

PART_BYTES = 4 * 1024 * 1024
PART_SECONDS = 2.0
"""A part is stored when it is full, or this old: of a slow upload, too, little is lost, and it is known to live."""


class Appender:
    """One a process."""

    def __init__(self, pool: Pool, settings: Settings, receiver: Receiver, becoming: Becoming) -> None:
        self._pool, self._settings = pool, settings
        self._receiver, self._becoming = receiver, becoming

    async def append(
        self, upload_id: UUID, offset: int, stream: AsyncIterator[bytes], user: User, checksum: Checksum | None
    ) -> StoredUpload:
        """The upload with these bytes, which begin at `offset`; a load where they were the last.

        Raises Conflict where it goes on elsewhere, Locked where another request writes to it, ChecksumMismatch, and
        what a batch route does: for room, for stalls, and where it is whole, for a file that cannot be a load.
        """
        found = await storing.find_own(self._pool, upload_id, user)
        if found.is_whole and not found.waits:
            require_offset(found, offset)
            return self._becoming.ended(found)
        held = await storing.hold(self._pool, upload_id)
        try:
            require_offset(held.upload, offset)
            with self._receiver.uploads.one_more(user.id):
                await self._write(held, stream, checksum)
        except BaseException:
            await asyncio.shield(self._let_go(held))
            raise
        return await self._whole_or_not(held)

    async def _whole_or_not(self, held: Hold) -> StoredUpload:
        upload = await storing.find(self._pool, held.upload.id)
        if upload.waits:
            return await self._becoming.become(Hold(upload, held.holder))
        await self._let_go(held)
        return upload

    async def _write(self, held: Hold, stream: AsyncIterator[bytes], checksum: Checksum | None) -> None:
        pieces = live(stream, self._settings.load_stall_seconds)
        pieces = RoomOfUpload(self._receiver.room, held.upload.user_id).taken(pieces)
        parts = _Parts(self._pool, held, self._settings.upload_keep_hours, checksum)
        try:
            async for piece in with_pauses(pieces, PART_SECONDS):
                await parts.add(piece)
            await parts.end()
        except ClientDisconnect:
            await parts.cut_short()
            raise BadRequest("The request was cut short. What came is kept.") from None
        except RequestTimeout:
            await parts.cut_short()
            raise
        except asyncpg.DiskFullError:
            raise InsufficientStorage("The database has no room for more of this file. What it has stays.") from None

    async def _let_go(self, held: Hold) -> None:
        """Best effort: what cannot be let go now is let go by time."""
        try:
            await storing.let_go(self._pool, held)
        except Exception as error:
            log.warning("upload_not_let_go", error=type(error).__name__)


class _Parts:
    """Gathers bytes into parts and stores them. Those of a request with a checksum count once it was seen to fit."""

    def __init__(self, pool: Pool, held: Hold, keep_hours: int, checksum: Checksum | None) -> None:
        self._pool, self._held, self._keep_hours, self._checksum = pool, held, keep_hours, checksum
        self._hasher = checksum.hasher() if checksum else None
        self._place = held.upload.received
        self._left = held.upload.length - held.upload.received
        self._part = bytearray()
        self._begun = time.monotonic()

    async def add(self, piece: bytes) -> None:
        self._left -= len(piece)
        if self._left < 0:
            raise too_much(self._held.upload)
        if self._hasher is not None:
            self._hasher.update(piece)
        self._part += piece
        if len(self._part) >= PART_BYTES or time.monotonic() - self._begun > PART_SECONDS:
            await self._store()

    async def end(self) -> None:
        """Raises ChecksumMismatch."""
        await self._store()
        if self._checksum is None or self._hasher is None:
            return
        if not self._checksum.fits(self._hasher):
            raise ChecksumMismatch
        await storing.count_staged(self._pool, self._held, self._place)

    async def cut_short(self) -> None:
        """What came counts, but where a checksum of more than that was to say so."""
        if self._checksum is None:
            await self._store()

    async def _store(self) -> None:
        while self._part:
            body = bytes(self._part[:PART_BYTES])
            counted = self._checksum is None
            await storing.append(self._pool, self._held, self._place, body, self._keep_hours, counted=counted)
            self._place += len(body)
            del self._part[: len(body)]
        self._begun = time.monotonic()


def require_offset(upload: StoredUpload, offset: int) -> None:
    if offset != upload.received:
        raise Conflict(
            f"The upload goes on at {upload.received}, not at {offset}.",
            headers={"Upload-Offset": str(upload.received)},
        )


def too_much(upload: StoredUpload) -> ContentTooLarge:
    return ContentTooLarge(f"That is more than the {upload.length} bytes of which Upload-Length spoke.")
