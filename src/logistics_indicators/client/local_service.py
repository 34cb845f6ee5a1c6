"""The service brought up in this process for the moment, on this machine's own data."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import asyncpg
import httpx
from fastapi import Request
from pydantic import SecretStr

from ..accounts.current_user import NO_ACCOUNT, Role, User
from ..app import create_app
from ..running.embedded import EmbeddedServerError
from ..running.local_database import CommandFailed
from ..running.logs import configure_logs_of_command
from ..running.migrations import MigrationError
from ..running.secrets_folder import UnusableSecret
from ..running.serving import CannotServe, check_before_serving, use_data_dir
from ..running.writers_held import refuse_what_was_moved
from .connecting import TIMEOUT, ServiceError

URLS = ("database_url", "database_direct_url")

COMMAND_LINE_USER = User(NO_ACCOUNT, "command line", "", Role.admin)
"""Whoever may read the data folder or the database's password may do everything; an account adds nothing to it."""

EXPECTED = (
    *(CannotServe, CommandFailed, MigrationError, EmbeddedServerError, UnusableSecret),
    *(asyncpg.PostgresError, asyncpg.InterfaceError),
)
"""What may go wrong around a database without being a fault of ours."""


@contextmanager
def failures_told() -> Iterator[None]:
    """Raises ServiceError for what may go wrong."""
    try:
        yield
    except EXPECTED as error:
        raise ServiceError(str(error) or type(error).__name__) from error


@asynccontextmanager
async def local_service(
    data_dir: Path | None, *, reading: bool, database: str | None = None
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the service itself, started in this process on the settings' database; no server need run.

    reading: nothing is written to the database, whatever is asked, and none is made. database: the URL of another one.

    Raises ServiceError.
    """
    use_data_dir(data_dir)
    with failures_told():
        configure_logs_of_command()
        changes = {"trusted_hosts": ()} | dict.fromkeys(URLS if database else (), SecretStr(database or ""))
        settings = check_before_serving(anew=not reading or database is not None)
        app = create_app(settings.model_copy(update=changes), reading=reading)

        async def command_line_user(_: Request) -> User:
            return COMMAND_LINE_USER

        app.state.find_user = command_line_user
        async with app.router.lifespan_context(app):
            if not reading:
                async with app.state.pool.acquire() as connection:
                    await refuse_what_was_moved(connection)
            transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost", timeout=TIMEOUT) as client:
                yield client
