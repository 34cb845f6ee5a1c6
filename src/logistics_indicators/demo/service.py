"""Loads the demo's data into a service that has none."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from ..accounts.current_user import User
from ..database import ACQUIRE_SECONDS, Connection, Lock, Pool, lock
from ..errors import Conflict
from ..loads.asked import options_of
from ..loads.kinds import Kind
from ..loads.models import Load
from ..loads.receiving.bodies import FileBody
from ..loads.receiving.receiver import Receiver
from ..loads.service import find_load
from .files import make_files

PIECE = 256 * 1024
KEY = "logistics-indicators-demo-{}"
"""A second click sends the same files again, and is told the same loads."""

IS_OWN = "idempotency_key IS NOT NULL AND idempotency_key = ANY($1::text[]) AND user_id = $2"
IS_EMPTY = f"""
WITH known AS MATERIALIZED (SELECT status, {IS_OWN} AS own FROM loads WHERE status <> 'receiving' LIMIT 3)
SELECT NOT EXISTS (SELECT FROM known WHERE NOT own OR status IN ('failed', 'undone'))
    AND (EXISTS (SELECT FROM known) OR NOT EXISTS (SELECT 1 FROM customers) AND NOT EXISTS (SELECT 1 FROM services))
"""
"""But for the demo itself, as long as it has not failed or been undone. Three loads are one too many."""


class Demo:
    """Loads the demo, one at a time: of two who ask at once, the second finds what the first has loaded."""

    def __init__(self, pool: Pool, receiver: Receiver) -> None:
        self._pool, self._receiver = pool, receiver
        self._here = asyncio.Lock()
        """One of a process waits at the database: each holds a connection there, and the receiver needs more."""

    async def load(self, user: User, address: str | None) -> list[Load]:
        """The customers' load and the visits'. Raises Conflict where there is anything else."""
        async with self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
            await _refuse_unless_empty(connection, user)
        with tempfile.TemporaryDirectory(prefix="logistics-demo-") as folder:
            files = await asyncio.to_thread(make_files, Path(folder))
            async with self._here, self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection, connection.transaction():
                await lock(connection, Lock.demo)
                await _refuse_unless_empty(connection, user)
                ids = [await _send(self._receiver, path, kind, user, address) for path, kind in files]
        return [await find_load(self._pool, load_id) for load_id in ids]


async def _refuse_unless_empty(connection: Connection, user: User) -> None:
    if not await connection.fetchval(IS_EMPTY, [KEY.format(kind) for kind in Kind], user.id):
        raise Conflict("There is data already, or there was: the demo is for an empty service.")


async def _send(receiver: Receiver, path: Path, kind: Kind, user: User, address: str | None) -> int:
    asked = {"idempotency_key": KEY.format(kind), "preset": "none"}
    body = FileBody(_pieces(path), path.name)
    body.pieces = body.stream
    [load_id] = await receiver.receive(body, options_of(kind, asked, address), user)
    return load_id


async def _pieces(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            yield piece
