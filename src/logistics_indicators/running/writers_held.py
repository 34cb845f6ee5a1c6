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
from .local_database import CommandFailed

GATE = "logistics_gate"
LOCK_SECONDS = 2
"""How long a table is waited for at a time: meanwhile those who want to write it stand behind us."""

WAIT_SECONDS = 300

REFUSE = "RAISE EXCEPTION 'the database takes no changes: it is moved' USING ERRCODE = 'read_only_sql_transaction'"
WHILE_HELD = f"IF NOT pg_try_advisory_xact_lock_shared({Lock.moving.value}) THEN {REFUSE}; END IF"
FUNCTION = "CREATE OR REPLACE FUNCTION {gate}() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN {body}; RETURN NULL; END$$"
OPEN = FUNCTION.format(gate=GATE, body=WHILE_HELD)
SHUT = FUNCTION.format(gate=GATE, body=REFUSE)

IS_SHUT = f"""
SELECT EXISTS (SELECT FROM pg_proc WHERE proname = '{GATE}' AND pronamespace = current_schema()::regnamespace
               AND prosrc NOT LIKE '%advisory%')
"""
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


async def refuse_what_was_moved(connection: Connection) -> None:
    """Raises AlreadyMoved."""
    if await connection.fetchval(IS_SHUT):
        raise AlreadyMoved("This database was moved away already. `move-to --reopen` lets it take changes again.")


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


async def shut_for_good(connection: Connection) -> None:
    """Within writers_held."""
    await connection.execute(SHUT)


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
