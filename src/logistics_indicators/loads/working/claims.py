"""What a worker may take: row locks, which go with their transaction; and a claim that outlives a long wait in it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from ...database import Connection, Lock, share
from ..kinds import KINDS, Kind

SPEAK_SECONDS = 0.3
"""Often enough for the shortest LOAD_CLAIM_SECONDS, after which an idle transaction is ended."""


FIRST = ", ".join(
    f"('{kind}', '{earlier}')" for kind, declared in KINDS.items() for earlier in (kind, *declared.goes_behind)
)
ELIGIBLE = f"""
l.status IN ('received', 'loading') AND NOT EXISTS (
    SELECT FROM loads earlier
    WHERE earlier.status IN ('received', 'loading') AND (l.kind, earlier.kind) IN ({FIRST})
      AND (earlier.received_at, earlier.id) < (l.received_at, l.id)
)
"""
"""Loads of a kind go one after the other, and behind those received before them of the kinds that they refer to."""

LOAD_COLUMNS = """l.id, l.kind, l.status, l.stage, coalesce(l.spooled_bytes, l.bytes) AS bytes, l.encoding,
    l.delimiter, l.columns, l.has_header, l.header, l.is_rejects_file, l.validate_only, l.on_conflict,
    l.max_rejects, l.unknown_customer, l.into_empty, l.chunks, l.chunks_done, l.mends, l.traceparent"""

CLAIM_NEW = (
    f"SELECT {LOAD_COLUMNS} FROM loads l WHERE {ELIGIBLE} AND l.status = 'received' FOR UPDATE SKIP LOCKED LIMIT 1"
)

CLAIM_MERGED = f"""
SELECT {LOAD_COLUMNS} FROM loads l
WHERE l.status = 'loading' AND (l.stage = 'write' AND l.chunks_done = l.chunks OR l.chunks = 0)
FOR UPDATE SKIP LOCKED LIMIT 1
"""
"""Loads with nothing left to merge. One of no chunk at all (its file is a header alone) is among them even where it is
only to be checked, for a check begins with a chunk."""

CLAIM_CHUNK = f"""
SELECT c.seq, c.first_line, {LOAD_COLUMNS}
FROM loads l JOIN load_chunks c ON c.load_id = l.id AND c.seq >= l.chunks_done
WHERE {ELIGIBLE} AND l.status = 'loading' AND (l.stage = 'write' OR c.seq = 0)
ORDER BY l.received_at, l.id, c.seq
LIMIT 1
FOR UPDATE OF c SKIP LOCKED
"""

LOCK_REFERRED_TO = "LOCK TABLE {table} IN SHARE MODE"
"""Who inserts into it waits, too. A DELETE has locked the table before its trigger asks for Lock.referred_rows: one who
had that first, and then asked for this, would wait for the DELETE that waits for it.
"""


async def lock_referred_tables(connection: Connection, kind: Kind) -> None:
    """Until the transaction ends, no row that the kind may refer to comes or goes."""
    for other in KINDS[kind].goes_behind:
        await connection.execute(LOCK_REFERRED_TO.format(table=other))


async def hold_referred_rows(connection: Connection, claim: Any) -> None:
    """The customers that a chunk of visits finds stay until it is over; where visits may wait, none comes meanwhile.

    A customer's DELETE waits for it, and then finds the visits that it let in.

    Taken with the claim, in the order of the chunks. If a later chunk had it first, that DELETE could wait for the
    later chunk, and the earlier chunk for the DELETE, while the later one waits for the earlier. PostgreSQL does not
    see the last of these waits, which is inside this process, and would not end the deadlock.
    """
    kind = Kind(claim["kind"])
    if claim["unknown_customer"] == "wait":
        await lock_referred_tables(connection, kind)
    elif KINDS[kind].goes_behind:
        await share(connection, Lock.referred_rows)


@contextlib.asynccontextmanager
async def held_claim(connection: Connection) -> AsyncIterator[None]:
    """The claim outlives a wait in its transaction, however long, but not this process's hanging."""
    over = asyncio.Event()

    async def speak() -> None:
        while not over.is_set():
            await connection.execute("SELECT")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), SPEAK_SECONDS)

    speaking = asyncio.create_task(speak())
    try:
        yield
    finally:
        over.set()
        await speaking
