"""The whole database as one file of pg_dump's, and back."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

from ..unfinished import FOR_US, unfinished
from .client_programs import called
from .embedded import client_program
from .local_database import CommandFailed
from .pouring import NothingToPour, Told, pour

LOOK_SECONDS = 0.5
"""How often a person is told how much is written."""

COUNT_TABLES = "SELECT count(*) FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
ANALYZE = "ANALYZE"
"""Questions are planned by what the tables hold; PostgreSQL would look by itself a minute later."""

# A client may hold an answer from after the backup. No version that was given then is given again: as milliseconds
# since 1970 the new ones are beyond all that a service can have counted up to. (A backup of a very old version has no
# such table.)
BEGIN_ANEW = """
DO $$ BEGIN
    IF to_regclass('calendar_state') IS NOT NULL THEN
        UPDATE calendar_state
        SET version = GREATEST(version + 1, floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint);
    END IF;
END $$
"""

NO_BACKUP = (
    "{file} is no whole backup: it is something else than what `backup` writes, was cut off, or comes of a later "
    "PostgreSQL than is here. Nothing was restored."
)


def write_backup(url: str, file: Path, told: Told) -> None:
    """There whole or not at all, for its owner alone; `told` hears how many bytes are written. Raises CommandFailed."""
    try:
        with unfinished(file, FOR_US) as path:
            options = ("--format=custom", "--no-owner", "--no-privileges", "--file", str(path))
            _run(lambda: told(path.stat().st_size), "pg_dump", url, *options)
    except OSError as error:
        raise CommandFailed(f"{file} cannot be written: {error.strerror}.") from None


def read_backup(url: str, file: Path, told: Told) -> None:
    """`told` hears how many bytes of SQL were read. Raises CommandFailed."""
    require_empty(url)
    script = [str(client_program("pg_restore")), "--file=-", "--no-owner", "--no-privileges", str(file)]
    try:
        pour(script, os.environ, url, told)
    except NothingToPour:
        raise CommandFailed(NO_BACKUP.format(file=file)) from None
    for statement in (BEGIN_ANEW, ANALYZE):
        _run(None, "psql", url, "-XAtqc", statement)


def require_empty(url: str) -> None:
    """Raises CommandFailed where the database has tables."""
    if _run(None, "psql", url, "-XAtqc", COUNT_TABLES).strip() != "0":
        raise CommandFailed("The database has tables already. Name an empty one (restore: a new --data-dir).")


def _run(look: Callable[[], None] | None, program: str, url: str, *arguments: str) -> str:
    command, environment = called(program, url, *arguments)
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
        try:
            out, err = _watched(run, look)
        except BaseException:  # who ends us ends it: else it would be waited for
            run.kill()
            raise
    if run.returncode:
        raise CommandFailed(err.strip())
    return out


def _watched(run: subprocess.Popen[str], look: Callable[[], None] | None) -> tuple[str, str]:
    while True:
        try:
            return run.communicate(timeout=LOOK_SECONDS)
        except subprocess.TimeoutExpired:
            if look is not None:
                look()
