"""Runs the migrations over asyncpg, one process at a time, beside whoever uses the tables meanwhile."""

import asyncio
import os
import time

from alembic import context
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from logistics_indicators.database import Lock

LOCK_MILLISECONDS = 500
"""How long a migration that says nothing else waits for a table: whoever comes after it waits as long. It is half of
PostgreSQL's deadlock_timeout: where a request and a migration wait for one another, the migration lets go."""

PATIENCE_SECONDS = 120
"""How long it is tried again, from the start, where the tables are not to be had at once."""

PAUSE_SECONDS = 0.5
IN_USE = {"55P03", "40P01"}
"""lock_not_available, deadlock_detected."""


def database_url() -> str:
    url = context.config.attributes.get("url") or os.environ["DATABASE_URL"]
    return str(url).replace("postgres://", "postgresql://", 1).replace("postgresql://", "postgresql+asyncpg://", 1)


def run(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=None)
    with context.begin_transaction():
        connection.execute(text("SET LOCAL lock_timeout = '60s'"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": Lock.migrations.value})
        run_beside_others(connection)


def run_beside_others(connection: Connection) -> None:
    """All or nothing, again and again: what is undone lets go of the tables, but not of our turn among migrations."""
    end = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            with connection.begin_nested():
                connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_MILLISECONDS}ms'"))
                context.run_migrations()
            return
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) not in IN_USE or time.monotonic() > end:
                raise
        time.sleep(PAUSE_SECONDS)


async def main() -> None:
    engine = create_async_engine(database_url(), poolclass=NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(run)
    await engine.dispose()


asyncio.run(main())
