"""Uploads and their parts as rows. All that is known of an upload stands here, so that any process goes on with it.

Who writes to an upload holds it: `holder` names the request, and `held_until` says when it counts as dead unless it
is heard of again. Every write asks whether its holder is still the one, so that one which was thought dead, and was
only slow, changes nothing.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from ...accounts.current_user import Role, User
from ...database import Connection, Pool
from ...errors import ContentTooLarge, Forbidden, NotFound, TooManyRequests
from ..kinds import Kind
from .metadata import Told
from .protocol import Locked

HOLD_SECONDS = 6.0
"""A client that lost its network comes back sooner than we hear of it: then it waits no longer than this."""

MOST_WAITING = 100
"""Uploads of a user that are not whole."""

MOST_PARTS = 50_000
"""Of an upload: a client that sends a byte at a time costs no more rows than these."""

SPOOL_SECONDS = 120

WAITS = "received = length AND load_id IS NULL AND problem IS NULL"
"""Of an upload whose bytes are all here and are no load yet. It never expires."""

IS_THERE = f"(expires_at > clock_timestamp() OR {WAITS})"
FREE = "(holder IS NULL OR held_until < clock_timestamp())"
HELD = "held_until = clock_timestamp() + make_interval(secs => $3)"

CREATE = f"""
INSERT INTO uploads (user_id, username, address, kind, filename, options, metadata, length, expires_at)
SELECT $1::integer, $2::text, $3::text, $4::text, $5::text, $6::jsonb, $7::text, $8::bigint,
    clock_timestamp() + make_interval(hours => $9)
WHERE (SELECT count(*) FROM uploads WHERE user_id = $1 AND received < length) < {MOST_WAITING}
RETURNING *
"""
FIND = f"SELECT * FROM uploads WHERE id = $1 AND {IS_THERE}"
HOLD = f"UPDATE uploads SET holder = $2, {HELD} WHERE id = $1 AND {FREE} AND {IS_THERE} RETURNING *"
HOLD_ONE_THAT_WAITS = f"""
UPDATE uploads SET holder = $1, held_until = clock_timestamp() + make_interval(secs => $2)
WHERE id = (SELECT id FROM uploads WHERE {WAITS} AND {FREE} ORDER BY created_at LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING *
"""
KEEP_HOLD = f"UPDATE uploads SET {HELD} WHERE id = $1 AND holder = $2"
LET_GO = "UPDATE uploads SET holder = NULL, held_until = NULL WHERE id = $1 AND holder = $2 RETURNING received"
APPEND = f"""
WITH held AS (
    UPDATE uploads SET {HELD}, parts = parts + 1, received = received + $6::bigint,
        expires_at = clock_timestamp() + make_interval(hours => $7)
    WHERE id = $1 AND holder = $2 AND parts < {MOST_PARTS} RETURNING id
)
INSERT INTO upload_parts (upload_id, place, body) SELECT id, $4::bigint, $5::bytea FROM held RETURNING place
"""
COUNT_STAGED = "UPDATE uploads SET received = $3 WHERE id = $1 AND holder = $2 RETURNING id"
DROP_STAGED = "DELETE FROM upload_parts WHERE upload_id = $1 AND place >= $2"
BECOME = f"""
UPDATE uploads SET load_id = $3, holder = NULL, held_until = NULL,
    expires_at = clock_timestamp() + make_interval(hours => $4)
WHERE id = $1 AND holder = $2 AND {WAITS} RETURNING id
"""
REFUSE = f"""
UPDATE uploads SET problem = $3, holder = NULL, held_until = NULL
WHERE id = $1 AND holder = $2 AND {WAITS} RETURNING id
"""
DROP_PARTS = "DELETE FROM upload_parts WHERE upload_id = $1"
NEXT_PART = "SELECT place, body FROM upload_parts WHERE upload_id = $1 AND place >= $2 ORDER BY place LIMIT 1"
REMOVE = "DELETE FROM uploads WHERE id = $1"
SWEEP = f"DELETE FROM uploads WHERE NOT {IS_THERE} AND {FREE} RETURNING id"


@dataclass(frozen=True)
class StoredUpload:
    """A row. `received` bytes of `length` are durable; then it becomes load `load_id`, or `problem` says why not."""

    id: UUID
    user_id: int
    username: str
    address: str | None
    told: Told
    metadata: str
    length: int
    received: int
    parts: int
    load_id: int | None
    problem: Mapping[str, Any] | None
    created_at: datetime
    expires_at: datetime

    @classmethod
    def of(cls, row: Any) -> "StoredUpload":
        names = cls.__dataclass_fields__.keys() - {"told"}
        return cls(**{name: row[name] for name in names}, told=Told(Kind(row["kind"]), row["filename"], row["options"]))

    @property
    def is_whole(self) -> bool:
        return self.received == self.length

    @property
    def waits(self) -> bool:
        """Its bytes are all here, and are no load yet."""
        return self.is_whole and self.load_id is None and self.problem is None


@dataclass(frozen=True)
class Hold:
    upload: StoredUpload
    holder: UUID

    @property
    def key(self) -> tuple[UUID, UUID]:
        return self.upload.id, self.holder


async def create(
    pool: Pool, user: User, address: str | None, told: Told, metadata: str, length: int, keep_hours: int
) -> StoredUpload:
    """Raises TooManyRequests where the user has as many uploads that are not whole as may be."""
    values = told.kind, told.filename, dict(told.options), metadata, length, keep_hours
    row = await pool.fetchrow(CREATE, user.id, user.username, address, *values)
    if row is None:
        msg = f"You have {MOST_WAITING} uploads that are not whole. Go on with one, or end one with DELETE."
        raise TooManyRequests(msg, headers={"Retry-After": "60"})
    return StoredUpload.of(row)


async def find(pool: Pool, upload_id: UUID) -> StoredUpload:
    """Raises NotFound, for one that has expired too."""
    row = await pool.fetchrow(FIND, upload_id)
    if row is None:
        raise NotFound("There is no such upload, or not any more.")
    return StoredUpload.of(row)


async def find_own(pool: Pool, upload_id: UUID, user: User) -> StoredUpload:
    """Raises NotFound; and Forbidden where the upload is another's and the user no admin."""
    upload = await find(pool, upload_id)
    if upload.user_id != user.id and user.role is not Role.admin:
        raise Forbidden("This upload is another user's.")
    return upload


async def hold(pool: Pool, upload_id: UUID) -> Hold:
    """Take the upload for a request that writes to it. Raises Locked where another holds it, and NotFound."""
    holder = uuid4()
    async with pool.acquire() as connection, connection.transaction():
        row = await connection.fetchrow(HOLD, upload_id, holder, HOLD_SECONDS)
        if row is not None:
            upload = StoredUpload.of(row)
            await connection.execute(DROP_STAGED, upload_id, upload.received)
            return Hold(upload, holder)
    await find(pool, upload_id)
    raise Locked


async def hold_one_that_waits(pool: Pool) -> Hold | None:
    """Take the oldest whole upload that is no load yet, and whose holder is dead."""
    holder = uuid4()
    row = await pool.fetchrow(HOLD_ONE_THAT_WAITS, holder, HOLD_SECONDS)
    return None if row is None else Hold(StoredUpload.of(row), holder)


async def keep_hold(pool: Pool, held: Hold, seconds: float = HOLD_SECONDS) -> None:
    await pool.execute(KEEP_HOLD, *held.key, seconds)


async def let_go(pool: Pool, held: Hold) -> None:
    """What was staged and not counted goes."""
    async with pool.acquire() as connection, connection.transaction():
        received = await connection.fetchval(LET_GO, *held.key)
        if received is not None:
            await connection.execute(DROP_STAGED, held.upload.id, received)


async def append(pool: Pool, held: Hold, place: int, body: bytes, keep_hours: int, *, counted: bool) -> None:
    """Durable once this returns; a part that is not `counted` only once count_staged was called.

    Raises Locked where another has taken the upload, NotFound where it is gone, ContentTooLarge at too many parts.
    """
    values = place, body, len(body) if counted else 0, keep_hours
    if await pool.fetchval(APPEND, *held.key, HOLD_SECONDS, *values, timeout=SPOOL_SECONDS) is None:
        if (await find(pool, held.upload.id)).parts >= MOST_PARTS:
            raise ContentTooLarge(f"An upload has up to {MOST_PARTS} parts. Begin anew, with more bytes a request.")
        raise Locked


async def count_staged(pool: Pool, held: Hold, received: int) -> None:
    """Raises as append does."""
    if await pool.fetchval(COUNT_STAGED, *held.key, received) is None:
        await find(pool, held.upload.id)
        raise Locked


async def become(connection: Connection, held: Hold, load_id: int, keep_hours: int) -> None:
    """In the transaction that makes it a load. Raises Locked where another has taken the upload meanwhile."""
    if await connection.fetchval(BECOME, *held.key, load_id, keep_hours) is None:
        raise Locked
    await connection.execute(DROP_PARTS, held.upload.id)


async def refuse(pool: Pool, held: Hold, problem: Mapping[str, Any]) -> None:
    """It can be no load: its bytes go, and the problem stays until it expires."""
    async with pool.acquire() as connection, connection.transaction():
        if await connection.fetchval(REFUSE, *held.key, dict(problem)) is not None:
            await connection.execute(DROP_PARTS, held.upload.id)


async def remove(pool: Pool, upload_id: UUID) -> None:
    """Whoever writes to it finds that it is gone."""
    await pool.execute(REMOVE, upload_id)


async def sweep(pool: Pool) -> int:
    """How many had expired, and are gone."""
    return len(await pool.fetch(SWEEP))


async def pieces_of(pool: Pool, upload: StoredUpload) -> AsyncIterator[bytes]:
    """All of its bytes, a part in memory at a time."""
    place = 0
    while place < upload.length:
        part = await pool.fetchrow(NEXT_PART, upload.id, place, timeout=SPOOL_SECONDS)
        if part is None or part["place"] != place:
            raise Locked  # another has taken it, and it is a load already
        yield part["body"]
        place += len(part["body"])
