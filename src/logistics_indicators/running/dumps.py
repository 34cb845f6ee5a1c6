"""The whole database as one file of pg_dump's, and back."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ..unfinished import FOR_US, unfinished
from .embedded import client_program
from .local_database import CommandFailed

LOOK_SECONDS = 0.5
"""How often a person is told how much is written."""

COUNT_TABLES = "SELECT count(*) FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
Told = Callable[[int], None]


def write_backup(url: str, file: Path, told: Told) -> None:
    """There whole or not at all, for its owner alone; `told` hears how many bytes are written. Raises CommandFailed."""
    try:
        with unfinished(file, FOR_US) as path:
            options = ("--format=custom", "--no-owner", "--no-privileges", "--file", str(path))
            _run(lambda: told(path.stat().st_size), "pg_dump", url, *options)
    except OSError as error:
        raise CommandFailed(f"{file} cannot be written: {error.strerror}.") from None


def read_backup(url: str, file: Path) -> None:
    """Raises CommandFailed."""
    if _run(None, "psql", url, "-XAtqc", COUNT_TABLES).strip() != "0":
        raise CommandFailed("The database has tables already. Name a new folder (--data-dir), or an empty database.")
    options = ("--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction")
    _run(None, "pg_restore", url, *options, str(file))


def _run(look: Callable[[], None] | None, program: str, url: str, *arguments: str) -> str:
    """The password travels in the environment: a command line is seen by everyone on the machine."""
    parts = urlsplit(url)
    netloc = parts.netloc
    environment = {**os.environ, "LC_ALL": "C"}
    if parts.password:
        environment["PGPASSWORD"] = unquote(parts.password)
        netloc = f"{parts.username}@{netloc.rpartition('@')[2]}"
    command = [str(client_program(program)), "--dbname", parts._replace(netloc=netloc).geturl(), *arguments]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
        out, err = _watched(run, look)
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
