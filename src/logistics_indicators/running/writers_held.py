"""A gate before every table: who reads passes, who begins to write is refused at once while a session holds it shut.

Writes under way, which began before, are waited for; so whoever holds the gate sees all that was ever answered as done.
It is shut by an advisory lock, which dies with its session: after a `kill -9` the gate stands open. Triggers ask for
the lock, for nothing else is passed by everything that writes: requests, workers, and people with psql. Nothing but a
move puts them there (docs/adr/0003 is about sums that triggers would keep up, and stands).
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import asyncpg

from ..database import Connection, Lock
from ..errors import MOVED
from .local_database import CommandFailed

GATE = "logistics_gate"
LOCK_SECONDS = 2
"""How long a table is waited for at a time: meanwhile those who want to write it stand behind us."""

WAIT_SECONDS = 300

REFUSE = "RAISE EXCEPTION '{said}' USING ERRCODE = 'read_only_sql_transaction'"
WHILE_HELD = (
    f"BEGIN IF NOT pg_try_advisory_xact_lock_shared({Lock.moving.value}) "
    f"THEN {REFUSE.format(said='the database takes no changes: it is moved')}; END IF; RETURN NULL; END"
)
SHUT = f"BEGIN {REFUSE.format(said=MOVED)}, HINT = {{where}}; RETURN NULL; END"
FUNCTION = f"CREATE OR REPLACE FUNCTION {GATE}() RETURNS trigger LANGUAGE plpgsql AS {{body}}"
OPEN = FUNCTION.format(body=f"$${WHILE_HELD}$$")
REMEMBER = f"COMMENT ON FUNCTION {GATE}() IS {{where}}"
QUOTED = "SELECT quote_literal($1::text)"

WENT_TO = f"""
SELECT obj_description(oid, 'pg_proc') AS place FROM pg_proc
WHERE proname = '{GATE}' AND pronamespace = current_schema()::regnamespace AND prosrc LIKE 'BEGIN RAISE%'
"""
"""A row where it is shut for good. Moves of the first releases did not say where to."""

IS_SHUT = f"SELECT EXISTS ({WENT_TO})"
TABLES = """
SELECT format('%I.%I', nspname, relname) FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
WHERE nspname = current_schema() AND relkind IN ('r', 'p') ORDER BY relname
"""

# Always: sessions of loads are replicas at times, for which ordinary triggers do not fire.
PUT = f"""
CREATE OR REPLACE TRIGGER {GATE} BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON {{table}}
FOR EACH STATEMENT EXECUTE FUNCTION {GATE}();
ALTER TABLE {{table}} ENABLE ALWAYS TRIGGER {GATE}
"""
TAKE = f"DROP TRIGGER IF EXISTS {GATE} ON {{table}}"


class AlreadyMoved(CommandFailed):
    """The database was moved away: it is shut until somebody opens it again."""

    def __init__(self, place: str | None) -> None:
        to = f" It is at {place} now: name that one, as DATABASE_URL." if place else ""
        super().__init__(
            f"This database was moved away already.{to} `move-to --reopen` lets the one here take changes again."
        )


async def refuse_what_was_moved(connection: Connection) -> None:
    """Raises AlreadyMoved."""
    if (shut := await connection.fetchrow(WENT_TO)) is not None:
        raise AlreadyMoved(shut["place"])


@asynccontextmanager
async def writers_held(connection: Connection) -> AsyncIterator[None]:
    """While the block runs nothing is written. It is open again afterwards, unless the block shut it for good."""
    if not await connection.fetchval("SELECT pg_try_advisory_lock($1, 0)", Lock.moving.value):
        raise CommandFailed("Another move of this database is under way.")
    await connection.execute(OPEN)
    for table in await tables_of(connection):
        await _with_the_table(connection, PUT.format(table=table))
    await connection.execute("SELECT pg_advisory_lock($1)", Lock.moving.value)
    try:
        yield
    finally:
        if not connection.is_closed() and not await connection.fetchval(IS_SHUT):
            await open_gate(connection)


async def shut_for_good(connection: Connection, place: str) -> None:
    """Within writers_held. place: where the database is now, for people; without a password."""
    where = await connection.fetchval(QUOTED, place)
    body = await connection.fetchval(QUOTED, SHUT.format(where=where))
    await connection.execute(FUNCTION.format(body=body))
    await connection.execute(REMEMBER.format(where=where))


async def open_gate(connection: Connection) -> None:
    """Whoever shut it. The triggers go too, where the tables can be had; those that stay stop nobody."""
    await connection.execute(OPEN)
    await connection.execute("SELECT pg_advisory_unlock_all()")
    with suppress(CommandFailed):
        await remove_gate(connection)


async def remove_gate(connection: Connection) -> None:
    """Raises CommandFailed where a table cannot be had."""
    for table in await tables_of(connection):
        await _with_the_table(connection, TAKE.format(table=table))
    await connection.execute(f"DROP FUNCTION IF EXISTS {GATE}()")


async def tables_of(connection: Connection) -> list[str]:
    """Quoted names."""
    return [record[0] for record in await connection.fetch(TABLES)]


async def _with_the_table(connection: Connection, statements: str) -> None:
    """In a transaction of its own: it holds no table while it waits for another, so nobody waits in a circle."""
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            async with connection.transaction():
                await connection.execute(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'")
                await connection.execute(statements)
            return
        except asyncpg.LockNotAvailableError:
            if time.monotonic() > deadline:
                raise CommandFailed(f"Something wrote for longer than {WAIT_SECONDS} s: try again later.") from None
            await asyncio.sleep(LOCK_SECONDS)
