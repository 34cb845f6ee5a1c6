"""A request's body into the spool: streamed, cut at row ends, durable before the answer.

Each chunk is committed as it comes, so a slow client holds no connection. Until the last is in, the load is
'receiving', which nobody sees and no worker takes.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any
from uuid import UUID

import asyncpg
import structlog
from starlette.requests import ClientDisconnect

from ...accounts.audit import Actor, audit
from ...accounts.current_user import Role, User, refuse_who_may_no_more
from ...database import Connection, Pool, announce_changed_loads
from ...errors import BadRequest, InsufficientStorage, Problem, Unprocessable, first_error
from ...http.per_user import LimitPerUser
from ...settings import Settings
from ...tracing import current_traceparent
from ..formats import CSV, XLSX, named_encoding
from ..kinds import KINDS, Kind
from ..turns import RECEIVED_NOW
from ..working.sweeping import TOUCH_SECONDS
from .apart import Apart, Bounds
from .batches import batch_table
from .bodies import FileBody, empty_file
from .by_header import Told, preset_of_header
from .cutting import Chunk, Cutter
from .keys import same_file
from .opened_tables import opened_table
from .opening import OpenedFile, OpeningOptions
from .places import Places
from .room import Room, RoomOfUpload
from .stalling import RequestTimeout, live
from .tables import Table, Tables, as_written_here, told_of
from .unpacking import after

log = structlog.get_logger()

QUEUED_CHUNKS = 1
SPOOL_SECONDS = 120


TRUSTED_CHARSETS = {"cp850", "utf-16"}
"""A Content-Type that names one of these is believed. Clients name the others whatever they send."""


@dataclass(frozen=True)
class LoadOptions:
    opening: OpeningOptions
    on_conflict: str
    validate_only: bool
    max_rejects: int | None
    idempotency_key: str | None
    address: str | None = None
    """The client's, for the audit log."""
    unknown_customer: str | None = None
    """None: as the settings say."""
    preset: str | None = None
    """Name of the one that was chosen. What it says is in the other fields already."""
    with_preset: "Callable[[str, Mapping[str, str]], LoadOptions] | None" = None
    """By name and options of a preset that the file's header chooses; None where none may be chosen so."""
    sheet: str | None = None

    @property
    def kind(self) -> Kind:
        return self.opening.kind

    @property
    def first_stage(self) -> str:
        return "check" if self.validate_only or self.max_rejects is not None else "write"

    def with_unknown_customer(self, default: str) -> "LoadOptions":
        """As the sender asked, or the default; what refers to no customer cannot wait for one."""
        known = self.unknown_customer or (default if KINDS[self.kind].refers_to else "reject")
        return replace(self, unknown_customer=known)

    def for_table(self, table: Table, told: str | None) -> "LoadOptions":
        """As the sender asked, or as the file's Content-Type says where it can be trusted."""
        if self.sheet is not None and table.form is not XLSX:
            raise Unprocessable.field("query", "sheet", msg=f"The file is {table.form.title}, which has no sheets.")
        if table.form is not CSV:
            return replace(self, opening=as_written_here(self.opening, table.form))
        encoding = str(named_encoding(told))
        if self.opening.encoding is not None or encoding not in TRUSTED_CHARSETS:
            return self
        return replace(self, opening=replace(self.opening, encoding=encoding))


@dataclass(frozen=True)
class StoredFile:
    """Where the bytes that are received are stored already: they are counted once, and become one load."""

    upload_id: UUID
    became: Callable[[Connection, int], Awaitable[None]]
    """Called with the load's id in the transaction that makes it one; what it raises leaves no load."""


MIXED_ENCODINGS = (
    "Some rows are UTF-8, and more are not: all were read as Windows-1252. Look at the accents of those rows, or send "
    "the parts one by one with ?encoding=."
)

BEGIN_RECEIVING = """
INSERT INTO loads
    (kind, status, stage, validate_only, on_conflict, max_rejects, user_id, username, unknown_customer, preset,
    traceparent)
VALUES ($1, 'receiving', $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING id
"""
SPOOL_CHUNK = "INSERT INTO load_chunks (load_id, seq, first_line, body) VALUES ($1, $2, $3, $4)"
TOUCH = "UPDATE loads SET touched_at = clock_timestamp() WHERE id = ANY($1::integer[]) AND status = 'receiving'"
FINISH_RECEIVING = f"""
UPDATE loads SET status = 'received', received_at = {RECEIVED_NOW}, filename = $2, bytes = $3, sha256 = $4,
    encoding = $5, delimiter = $6, columns = $7, has_header = false, chunks = $8, idempotency_key = $9,
    header = $10, column_names = $11, ignored = $12, is_rejects_file = $13, long_records = $14, warnings = $15,
    format = $16, sheet = $17, spooled_bytes = $18, on_conflict = $19, preset = $20
WHERE id = $1 AND status = 'receiving' RETURNING id
"""
FIND_BY_KEY = """
SELECT id, kind, sha256, validate_only, on_conflict, max_rejects, unknown_customer, delimiter, encoding, header,
    column_names, sheet
FROM loads WHERE user_id = $1 AND idempotency_key = $2
"""


@dataclass
class _Received:
    """What is known of a table once its last byte is here."""

    load_id: int
    options: LoadOptions
    table: Table
    opened: OpenedFile
    chunks: int = 0
    spooled: int = 0
    """Bytes."""
    encoding: str = ""
    long_records: list[tuple[int, int]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


class Receiver:
    """Receives the uploads of one process."""

    def __init__(self, pool: Pool, settings: Settings) -> None:
        self._pool = pool
        self._settings = settings
        self.room = Room(pool, settings)
        self._apart = Apart(Bounds.of(settings))
        self._places = Places(settings.load_reader_wait_seconds)
        self._under_way: set[int] = set()
        self.uploads = LimitPerUser(settings.load_uploads_per_user, "You have as many uploads under way as you may.")

    async def touch_uploads(self) -> None:
        """Say, as long as it runs, that this process's uploads are alive."""
        while True:
            await asyncio.sleep(TOUCH_SECONDS)
            if self._under_way:
                try:
                    await self._pool.execute(TOUCH, list(self._under_way))
                except Exception as error:
                    log.warning("uploads_not_touched", error=type(error).__name__)

    async def receive(
        self, body: FileBody, options: LoadOptions, user: User, stored: StoredFile | None = None
    ) -> list[int]:
        """Ids of the loads of its tables, once every byte is durable. Of an upload cut short, nothing is kept."""
        options = options.with_unknown_customer(self._settings.load_unknown_customer)
        with self.uploads.one_more(user.id):
            return await self._first_or_again(body, options, user, stored)

    async def _first_or_again(
        self, body: FileBody, options: LoadOptions, user: User, stored: StoredFile | None
    ) -> list[int]:
        try:
            if options.idempotency_key is not None:
                first = await self._pool.fetchrow(FIND_BY_KEY, user.id, options.idempotency_key)
                if first is not None:
                    return [await self._was(await self._repeat(body, options, user, stored, first), stored)]
            return await self._receive(body, options, user, stored)
        except ClientDisconnect:
            raise BadRequest("The upload was cut short.") from None
        except asyncpg.ForeignKeyViolationError:  # swept away as dead: its process, or the whole machine, stood still
            raise given_up() from None
        except asyncpg.DiskFullError:
            raise InsufficientStorage("The database has no room for this file. Nothing of it was kept.") from None

    async def _repeat(
        self, body: FileBody, options: LoadOptions, user: User, stored: StoredFile | None, first: Any
    ) -> int:
        """The key was used: the same file gets the first answer, another one an error. Nothing is stored."""
        async with aclosing(self._tables(body, options, self._room_of(user, stored))) as tables:
            table = await anext(tables)
            options, table.pieces = await self._as_its_header_says(table, body, table.pieces, options)
            await table.drain()
            if not table.fingerprint.size:
                raise empty_file()
            async for _ in tables:
                _refuse_several_tables(options, stored)
            return same_file(first, options.for_table(table, body.charset), table)

    async def _was(self, load_id: int, stored: StoredFile | None) -> int:
        """The file is the one of an earlier load."""
        if stored is not None:
            async with self._pool.acquire() as connection, connection.transaction():
                await stored.became(connection, load_id)
        return load_id

    async def _receive(self, body: FileBody, options: LoadOptions, user: User, stored: StoredFile | None) -> list[int]:
        ids: list[int] = []
        room = self._room_of(user, stored)
        all_received: list[_Received] = []
        try:
            ids.append(await self._begin(options, user))
            async with aclosing(self._tables(body, options, room)) as tables:
                async for table in tables:
                    if table.name is not None:
                        _refuse_several_tables(options, stored)
                    if all_received:
                        ids.append(await self._begin(options, user))
                    with told_of(table.name):
                        all_received.append(await self._spool(ids[-1], table, body, options, room))
            return await self._finish(all_received, body, user, stored)
        except BaseException:
            await asyncio.shield(self._discard(ids))
            raise
        finally:
            self._under_way.difference_update(ids)

    async def _begin(self, options: LoadOptions, user: User) -> int:
        load_id: int = await self._pool.fetchval(
            BEGIN_RECEIVING,
            options.kind,
            options.first_stage,
            options.validate_only,
            options.on_conflict,
            options.max_rejects,
            user.id,
            user.username,
            options.unknown_customer,
            options.preset,
            current_traceparent(),
        )
        self._under_way.add(load_id)
        return load_id

    async def _spool(
        self, load_id: int, table: Table, body: FileBody, options: LoadOptions, room: RoomOfUpload
    ) -> _Received:
        pieces = room.taken(table.pieces)
        begun = await anext(pieces, b"")  # what the file's part says of it has come, too
        options, whole = await self._as_its_header_says(table, body, after(begun, pieces), options)
        options = options.for_table(table, body.charset)
        opened = await opened_table(table, whole, options.opening, updates=options.on_conflict == "update")
        received = _Received(load_id, options, table, opened, warnings=[*table.warnings])
        await self._cut(load_id, received)
        return received

    async def _as_its_header_says(
        self, table: Table, body: FileBody, pieces: AsyncIterator[bytes], options: LoadOptions
    ) -> tuple[LoadOptions, AsyncIterator[bytes]]:
        """(the options, by the preset that is for files with this header; the pieces)"""
        if options.with_preset is None or table.opening is not None:
            return options, pieces
        told = Told(table.form, options.opening, options.for_table(table, body.charset).opening)
        preset, pieces = await preset_of_header(self._pool, pieces, told)
        if preset is not None:
            chosen = options.with_preset(preset.name, preset.options)
            options = replace(chosen, unknown_customer=options.unknown_customer)
        return options, pieces

    async def _cut(self, load_id: int, received: _Received) -> None:
        opened = received.opened
        cutter = Cutter(self._settings.load_chunk_bytes, opened.opening.layout, opened.opening.first_line)
        cutter.census.add(opened.header)
        queue: asyncio.Queue[Chunk | None] = asyncio.Queue(QUEUED_CHUNKS)
        async with first_error(), asyncio.TaskGroup() as group:
            group.create_task(self._write_chunks(load_id, queue))
            async for piece in opened.pieces:
                received.spooled += len(piece)
                for part in self._parts(piece):
                    cutter.add(part)
                    if cutter.is_full and (chunk := await asyncio.to_thread(cutter.cut)):
                        received.chunks += 1
                        await queue.put(chunk)
            if chunk := await asyncio.to_thread(cutter.cut, final=True):
                received.chunks += 1
                await queue.put(chunk)
            await queue.put(None)
        received.long_records = cutter.long_records
        received.encoding = opened.encoding or cutter.census.encoding
        if not opened.encoding and cutter.census.is_mixed:
            received.warnings.append(MIXED_ENCODINGS)

    def _room_of(self, user: User, stored: StoredFile | None) -> RoomOfUpload:
        return RoomOfUpload(self.room, user.id, stored.upload_id if stored else None)

    def _tables(self, body: FileBody, options: LoadOptions, room: RoomOfUpload) -> AsyncGenerator[Table]:
        pieces = live(body.pieces, self._settings.load_stall_seconds)
        if body.batch is not None:
            return batch_table(body.batch, pieces, options.opening, updates=options.on_conflict == "update")
        place = partial(self._places.one, room.user_id)
        return Tables(room.kept, self._apart, options.sheet, place).of(pieces)

    def _parts(self, piece: bytes) -> Iterator[bytes]:
        """No larger than a chunk, however much the network brings at a time."""
        most = self._settings.load_chunk_bytes
        if len(piece) <= most:
            yield piece
            return
        for start in range(0, len(piece), most):
            yield piece[start : start + most]

    async def _write_chunks(self, load_id: int, queue: asyncio.Queue[Chunk | None]) -> None:
        while (chunk := await queue.get()) is not None:
            await self._pool.execute(
                SPOOL_CHUNK, load_id, chunk.seq, chunk.first_line, chunk.body, timeout=SPOOL_SECONDS
            )

    async def _finish(
        self, tables: list[_Received], body: FileBody, user: User, stored: StoredFile | None
    ) -> list[int]:
        """All of them or none."""
        first = tables[0]
        try:
            async with self._pool.acquire() as connection, connection.transaction():
                await refuse_who_may_no_more(connection, user, Role.analyst)
                for received in tables:
                    await self._finish_one(connection, received, body, user)
                if stored is not None:
                    await stored.became(connection, first.load_id)
                await announce_changed_loads(connection)
        except asyncpg.UniqueViolationError:  # the same key came twice at once, and the other was first
            await self._discard([first.load_id])
            earlier = await self._pool.fetchrow(FIND_BY_KEY, user.id, first.options.idempotency_key)
            return [await self._was(same_file(earlier, first.options, first.table), stored)]
        return [received.load_id for received in tables]

    async def _finish_one(self, connection: Connection, received: _Received, body: FileBody, user: User) -> None:
        opening, fingerprint, options = received.opened.opening, received.table.fingerprint, received.options
        layout = opening.layout
        done = await connection.fetchval(
            FINISH_RECEIVING,
            received.load_id,
            received.table.name or body.filename,
            fingerprint.size,
            fingerprint.sha256,
            received.encoding,
            layout.delimiter,
            [column or "" for column in layout.columns],
            received.chunks,
            options.idempotency_key,
            opening.header,
            opening.columns,
            opening.ignored,
            layout.is_rejects_file,
            received.long_records,
            received.warnings,
            received.table.form.name,
            received.table.sheet,
            received.spooled,
            options.on_conflict,
            options.preset,
        )
        if done is None:
            raise given_up()
        actor, kind = Actor.of(user, options.address), str(options.kind)
        await audit(connection, actor, "load_received", load_id=received.load_id, kind=kind, bytes=fingerprint.size)

    async def _discard(self, ids: list[int]) -> None:
        """Best effort: what cannot be deleted now, the sweeper deletes."""
        try:
            await self._pool.execute("DELETE FROM loads WHERE id = ANY($1::integer[]) AND status = 'receiving'", ids)
        except Exception as error:
            log.warning("upload_not_discarded", load_ids=ids, error=type(error).__name__)


def _refuse_several_tables(options: LoadOptions, stored: StoredFile | None) -> None:
    """Raises Unprocessable where there may be but one."""
    if options.idempotency_key is not None:
        msg = "A key stands for one table: send the tables of the zip one by one, or without a key."
        raise Unprocessable.field("header", "Idempotency-Key", msg=msg)
    if stored is not None:
        msg = "A resumable upload is one table: send the tables of the zip one by one."
        raise Unprocessable.field("body", "file", msg=msg)


def given_up() -> Problem:
    return RequestTimeout("The upload was given up, for nothing was heard of it for too long.")
