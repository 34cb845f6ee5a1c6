"""Servers beside the tests' own, for what goes from one to another: an embedded one, and the oldest promised."""

import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
from data_folders import reachable_folder

from logistics_indicators.running.embedded import EmbeddedPostgres

BINARIES = [Path("/usr/lib/postgresql/15/bin"), Path("/usr/pgsql-15/bin")]
QUICK = {"fsync": "off", "shared_buffers": "64MB", "max_connections": "50", "min_wal_size": "32MB"}


class PostgreSQL15(EmbeddedPostgres):
    """The machine's own PostgreSQL 15, run as the embedded one is."""

    def _reachable_binaries(self) -> Path:
        return next(path for path in BINARIES if path.exists())


@contextmanager
def server_beside(kind: type[EmbeddedPostgres]) -> Iterator[EmbeddedPostgres]:
    """In a folder for the moment."""
    if kind is PostgreSQL15 and not any(path.exists() for path in BINARIES):
        pytest.skip("no PostgreSQL 15 here (Debian's or Red Hat's package)")
    with reachable_folder() as folder:
        server = kind(folder / "data", QUICK)
        server.start()
        yield server
        server.stop()


@asynccontextmanager
async def empty_database(server_url: str, options: str = "") -> AsyncIterator[str]:
    """Its URL. `server_url` leads to any database of the server."""
    name = f"test_{uuid.uuid4().hex}"
    admin = await asyncpg.connect(server_url)
    await admin.execute(f"CREATE DATABASE {name} {options}")
    yield urlsplit(server_url)._replace(path=f"/{name}").geturl()
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await admin.close()
