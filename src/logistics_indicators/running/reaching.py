"""A connection to a server that somebody named; where there is none, what to look at."""

import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from urllib.parse import urlsplit

import asyncpg

from ..database import Connection
from .local_database import CommandFailed
from .moving import opened

NO_URL = "its URL is not one of PostgreSQL. One is postgresql://user@host:5432/name."
WHY: tuple[tuple[type[Exception], str], ...] = (
    (asyncpg.InvalidCatalogNameError, "the server has no database of that name. Make it there first."),
    (
        asyncpg.InvalidAuthorizationSpecificationError,
        "the server does not let this user in. Look at the user, the password (PGPASSWORD, ~/.pgpass) and pg_hba.conf.",
    ),
    (asyncpg.TooManyConnectionsError, "the server has as many connections as it takes."),
    (socket.gaierror, "there is no host of that name."),
    (TimeoutError, "the server did not answer in time. Look at host, port and firewall."),
    (OSError, "nothing there answers as PostgreSQL does. Look at host, port, firewall and sslmode."),
    (ValueError, NO_URL),
    (asyncpg.PostgresError, "the server does not take a connection now; its log says why."),
    (asyncpg.InterfaceError, NO_URL),
)
"""The first that fits."""


@asynccontextmanager
async def reached(url: str) -> AsyncIterator[Connection]:
    """Raises CommandFailed. It names no URL: there may be a password in it, where nobody expects one."""
    async with AsyncExitStack() as stack:
        try:
            if urlsplit(url).scheme not in ("postgresql", "postgres"):
                raise ValueError
            connection = await stack.enter_async_context(opened(url))
        except tuple(kind for kind, _ in WHY) as error:
            why = next(words for kind, words in WHY if isinstance(error, kind))
            raise CommandFailed(f"The database to move to: {why}") from None
        yield connection
