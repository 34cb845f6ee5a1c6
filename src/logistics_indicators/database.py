"""The asyncpg pool and the wait for a server that is still coming up."""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from enum import IntEnum, unique
from typing import Annotated, Any, TypeAlias

import asyncpg
import structlog
from anyio import CancelScope
from fastapi import Depends, Request

from .errors import DATABASE_AWAY, Conflict, Problem, Unprocessable
from .lending import connecting
from .priority import give_way, spare_processes
from .settings import Settings

log = structlog.get_logger()

Connection: TypeAlias = Any  # asyncpg's own types are not complete enough for mypy's strict mode
Pool: TypeAlias = Any

ACQUIRE_SECONDS = 10.0
"""How long a request waits for a free connection before it is told 503."""

LOCK_SECONDS = 15.0
"""How long a statement waits for rows or tables that somebody else changes."""


@unique
class Lock(IntEnum):
    """Keys of advisory locks. Processes of two versions run side by side: a key keeps its number for ever."""

    migrations = 7_163_001
    """Brings the schema up to date: one process at a time."""
    admins = 7_163_002
    """May make the first admin, or unmake the last one."""
    merging = 7_163_003
    """Changes the merged tables of the rollup."""
    calendar = 7_163_004
    """Changes business days."""
    customer_ids = 7_163_005
    """Moves the sequence of customers' ids past those that a load brought."""
    service_ids = 7_163_006
    """The same for visits."""
    versions = 7_163_007
    """Gives commits to the visits their versions."""
    visits_of_loads = 7_163_008
    """Writes visits that waited; beside one another, chunks of visits share it."""
    demo = 7_163_009
    """Loads the demo, into a service that has nothing."""
    moving = 7_163_010
    """Keeps the database as it is, while it is copied to another server: who begins to write is refused."""
    referred_rows = 7_163_011
    """Deletes rows that loads refer to (migration 0027 takes it); the chunks that found them there share it."""
    undoing = 7_163_012
    """Undoes a load, whose id is a second key beside it: others are told so, and wait for nothing."""


async def lock(connection: Connection, key: Lock) -> None:
    """Waits for it; it goes with the transaction."""
    await connection.execute("SELECT pg_advisory_xact_lock($1)", key.value)


async def share(connection: Connection, key: Lock) -> None:
    """As lock, beside others that share it."""
    await connection.execute("SELECT pg_advisory_xact_lock_shared($1)", key.value)


async def is_migrating(connection: Connection) -> bool:
    """Whether a later version changes the schema, or waits to: whoever can wait gives it room."""
    return not await connection.fetchval("SELECT pg_try_advisory_xact_lock_shared($1)", Lock.migrations.value)


LOADS_CHANGED_CHANNEL = "loads_changed"
"""Notified where there may be work for the loads' workers."""


async def announce_changed_loads(connection: Connection) -> None:
    """With the transaction's commit."""
    await connection.execute(f"NOTIFY {LOADS_CHANGED_CHANNEL}")


async def allow_long_statements(connection: Connection, seconds: float) -> None:
    """For this transaction. A `timeout` given to asyncpg does not: the session's statement_timeout comes first."""
    await connection.execute(f"SET LOCAL statement_timeout = '{int(seconds * 1000)}ms'")


@asynccontextmanager
async def each_row_once(connection: Connection) -> AsyncIterator[None]:
    """For joins of rows that were just written, in a transaction. PostgreSQL's statistics do not know them yet: where
    it takes many for one, its nested loop compares each with each."""
    await connection.execute("SET LOCAL enable_nestloop = off")
    yield
    await connection.execute("SET LOCAL enable_nestloop = on")  # an error ends the (sub)transaction, and the setting


@asynccontextmanager
async def long_statements_allowed(connection: Connection, seconds: float) -> AsyncIterator[None]:
    """As allow_long_statements, for what runs in no transaction, such as VACUUM."""
    await connection.execute(f"SET statement_timeout = '{int(seconds * 1000)}ms'")
    try:
        yield
    finally:
        if not connection.is_closed():
            await connection.execute("RESET statement_timeout")


async def prepare_connection(connection: Connection) -> None:
    """jsonb travels as Python objects."""
    await connection.set_type_codec("jsonb", encoder=json.dumps, decoder=json.loads, schema="pg_catalog")


async def prepare_background_connection(connection: Connection) -> None:
    """Of a server on this machine: its process gives way to those that answer requests."""
    await prepare_connection(connection)
    give_way(connection.get_server_pid())


def preparation(settings: Settings, *, background: bool) -> Callable[[Connection], Awaitable[None]]:
    """What asyncpg calls with a new connection."""
    return prepare_background_connection if background and settings.embedded else prepare_connection


def background_settings(settings: Settings) -> dict[str, str]:
    """Of a session whose process gives way."""
    if not settings.embedded:
        return {}
    helpers = str(spare_processes())
    return {"max_parallel_workers_per_gather": helpers, "max_parallel_maintenance_workers": helpers}


async def open_pool(
    url: str,
    settings: Settings,
    *,
    lent: bool = False,
    reading: bool = False,
    size: int | None = None,
    background: bool = False,
) -> Pool:
    """The pool that requests use; with `reading`, one that cannot write. lent: the URL is a pooler's.

    Raises what asyncpg raises.
    """
    session = session_settings("logistics-indicators", settings.statement_timeout_seconds)
    if reading:
        session["default_transaction_read_only"] = "on"
    if background:
        session |= background_settings(settings)
    return await asyncpg.create_pool(
        url,
        min_size=1,
        max_size=size or settings.database_pool_size,
        command_timeout=settings.statement_timeout_seconds + 5,
        timeout=ACQUIRE_SECONDS,
        init=preparation(settings, background=background),
        reset=None if background else leave_as_it_is,
        **connecting(session, lent=lent),
    )


async def leave_as_it_is(connection: Connection) -> None:
    """What a pool does with a session that is given back, instead of a statement that undoes what was set or locked.

    Nothing is: that goes with its transaction, and session_of_request sees to its own.
    """


def session_settings(application: str, statement_timeout_seconds: float) -> dict[str, str]:
    """Every session of ours: bounded statements, bounded idleness inside a transaction, ISO dates, UTC."""
    return {
        "application_name": application,
        "statement_timeout": str(int(statement_timeout_seconds * 1000)),
        "idle_in_transaction_session_timeout": "60000",
        "lock_timeout": str(int(LOCK_SECONDS * 1000)),
        "datestyle": "ISO, DMY",
        "timezone": "UTC",
        "jit": "off",
    }


@asynccontextmanager
async def ending_with(connection: Connection) -> AsyncIterator[None]:
    """The block ends with ConnectionLost as soon as the connection does.

    asyncpg alone would not see to it: a COPY whose connection is lost while the server does not read waits for ever,
    and so does whatever in the block waits for something else than the database.
    """
    task = asyncio.current_task()
    assert task is not None
    lost = False

    def end(_: Connection) -> None:
        nonlocal lost
        lost = True
        task.cancel()

    connection.add_termination_listener(end)
    try:
        yield
    except BaseException as error:
        if lost and task.uncancel() == 0 and isinstance(error, asyncio.CancelledError):
            raise ConnectionLost from None
        raise
    finally:
        connection.remove_termination_listener(end)


class ConnectionLost(ConnectionError):
    """The database connection ended under the work that needed it."""


@asynccontextmanager
async def snapshot_while_sent(connection: Connection) -> AsyncIterator[None]:
    """A transaction that reads alone. It ends where the client went away too, which cancels all that is awaited."""
    transaction = connection.transaction(readonly=True)
    await transaction.start()
    try:
        yield
    finally:
        with CancelScope(shield=True):
            await transaction.rollback()


async def wait_for_database(url: str, seconds: float) -> None:
    """Return once the server answers. Raises the last error after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            connection = await asyncpg.connect(url, timeout=ACQUIRE_SECONDS)
        except (*DATABASE_AWAY, TimeoutError, OSError) as error:
            if time.monotonic() >= deadline:
                raise
            log.info("waiting_for_database", error=type(error).__name__)
            await asyncio.sleep(0.5)
        else:
            await connection.close()
            return


def pool_of(request: Request) -> Pool:
    return request.app.state.pool


@asynccontextmanager
async def place_of_user(request: Request) -> AsyncIterator[None]:
    """Taken once by a request before it takes a connection: those of one user wait for each other, not all for them.

    Raises TooManyRequests where none gets free.
    """
    user = getattr(request.state, "user", None)
    if user is None or getattr(request.state, "has_place", False):
        yield
        return
    async with request.app.state.user_connections.one(user.id):
        request.state.has_place = True
        try:
            yield
        finally:
            request.state.has_place = False


async def connection_of(request: Request) -> AsyncIterator[Connection]:
    """A connection for one request, in no transaction."""
    async with place_of_user(request), pool_of(request).acquire(timeout=ACQUIRE_SECONDS) as connection:
        yield connection


async def session_of_request(request: Request) -> AsyncIterator[Connection]:
    """As connection_of, where a lent connection would not do: what is set or locked in the session stays."""
    settings: Settings = request.app.state.settings
    if not settings.lent:
        async with place_of_user(request), pool_of(request).acquire(timeout=ACQUIRE_SECONDS) as connection:
            try:
                yield connection
            finally:
                if not connection.is_closed():
                    await connection.reset()
        return
    connection = await connect_directly(settings)
    try:
        yield connection
    finally:
        await connection.close()


async def connect_directly(settings: Settings) -> Connection:
    session = session_settings("logistics-indicators", settings.statement_timeout_seconds)
    connection = await asyncpg.connect(settings.direct_url(), timeout=ACQUIRE_SECONDS, server_settings=session)
    await prepare_connection(connection)
    return connection


async def _pool_of_app(request: Request) -> Pool:
    return pool_of(request)


PoolOfApp = Annotated[Pool, Depends(_pool_of_app)]
SessionOfRequest = Annotated[Connection, Depends(session_of_request)]
ConnectionOfRequest = Annotated[Connection, Depends(connection_of)]


COPY_SECONDS = 600
"""Only a net: the session's statement_timeout comes first."""


CONSTRAINTS: Mapping[str, Callable[[], Problem]] = {
    "customers_email_key": lambda: Conflict("Another customer has this email already."),
    "services_id_cliente_fkey": lambda: Unprocessable.field(
        "body", "id_cliente", msg="there is no customer with this id"
    ),
}


NAME_AT_PART = re.compile(r'"(\w+)_\d+"')


def constraint_of(error: asyncpg.IntegrityConstraintViolationError) -> str:
    """Its name. Of a distributed table the message alone has it, last, with the number of the table's part."""
    if error.constraint_name:
        return str(error.constraint_name)
    return next(reversed(NAME_AT_PART.findall(error.args[0])), "")


@contextmanager
def constraints_translated() -> Iterator[None]:
    """Turns a violation of a constraint named above into its problem; any other goes on as it is."""
    try:
        yield
    except asyncpg.IntegrityConstraintViolationError as error:
        problem = CONSTRAINTS.get(constraint_of(error))
        if problem is None:
            raise
        raise problem() from None
