"""Brings a database to the current schema. Alembic keeps the history; this module runs it.

Alembic and its engine take 30 MB that a serving process has no use for, so they run in a process of their own,
and only where there is something to do.
"""

import asyncio
import os
import sys
import traceback
from pathlib import Path
from typing import Any

import asyncpg
import structlog

from .failed_migrations import Failure
from .moving import IS_UNFINISHED

log = structlog.get_logger()


class MigrationError(Exception):
    """The schema could not be brought up to date. The message is a line that says what to do."""


async def check_schema(url: str) -> None:
    """For those who only read. Raises MigrationError where the schema is not that of this version."""
    if await _revision_of(url) != newest_revision():
        raise MigrationError("The database is not that of this version yet: start the service on it once.")


def migrations_folder() -> Path:
    """alembic/ beside src/ in a checkout, _alembic/ inside an installed package."""
    package = Path(__file__).parents[1]
    installed = package / "_alembic"
    return installed if installed.exists() else package.parents[1] / "alembic"


def revisions() -> list[str]:
    """Revisions are numbered, and their files begin with the number."""
    return sorted(path.name.split("_")[0] for path in _versions_folder().glob("[0-9]*.py"))


def newest_revision() -> str:
    return revisions()[-1]


def _versions_folder() -> Path:
    return migrations_folder() / "versions"


async def migrate(url: str) -> None:
    """Upgrade to the newest revision. Processes that start at once take turns (advisory lock, see env.py).

    Raises MigrationError, of the copy of a move that did not end too: the next move throws away what is there.
    """
    if await _asked(url, IS_UNFINISHED):
        raise MigrationError("This database is the copy of a move that did not end: run move-to again.")
    stored = await _revision_of(url)
    if stored == newest_revision():
        return
    if stored is not None and stored not in revisions():
        raise MigrationError(
            f"The database is at revision {stored}, which this version does not know: run the version that made it, or "
            "a later one."
        )
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "logistics_indicators.running.migrations"),
        env=os.environ | {"DATABASE_URL": url},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, details = (words.decode("utf-8", "replace") for words in await process.communicate())
    if process.returncode:
        failure = Failure.from_json(said)
        log.error("migration_failed", migration=failure.migration, status=process.returncode, details=details)
        raise MigrationError(failure.sentence)


async def _revision_of(url: str) -> str | None:
    try:
        return str(await _asked(url, "SELECT version_num FROM alembic_version"))
    except asyncpg.UndefinedTableError:
        return None


async def _asked(url: str, question: str) -> Any:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()


def upgrade(revision: str = "head") -> None:
    """Run by `python -m logistics_indicators.running.migrations`; env.py takes DATABASE_URL from the environment."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(migrations_folder()))
    command.upgrade(config, revision)


def _upgrade_or_say_why() -> int:
    try:
        upgrade()
    except Exception as error:
        traceback.print_exc()
        print(Failure.of(error, _versions_folder()).as_json(), flush=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(_upgrade_or_say_why())
