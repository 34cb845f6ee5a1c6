"""`logistics-indicators backup` and `restore`: the whole database as one file of pg_dump's."""

import os
import subprocess
from pathlib import Path
from typing import Annotated
from urllib.parse import unquote, urlsplit

import typer

from .embedded import client_program
from .local_database import CommandFailed, DataDir, local_database
from .serving import use_data_dir

COUNT_TABLES = "SELECT count(*) FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"


def backup(
    file: Annotated[Path, typer.Argument(dir_okay=False, help="File to write; it must not exist yet.")],
    data_dir: DataDir = None,
) -> None:
    """Write the whole database into a file, while the service runs or not."""
    if file.exists():
        raise typer.BadParameter(f"{file} exists already")
    use_data_dir(data_dir)
    with local_database() as url:
        unfinished = file.with_name(f"{file.name}.unfinished")
        _run("pg_dump", url, "--format=custom", "--no-owner", "--no-privileges", "--file", str(unfinished))
        unfinished.rename(file)
    typer.echo(f"{file}: {file.stat().st_size:,} bytes")


def restore(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="What `backup` wrote.")],
    data_dir: DataDir = None,
) -> None:
    """Read a backup into an empty database, whole or not at all."""
    use_data_dir(data_dir)
    with local_database() as url:
        if _run("psql", url, "-XAtqc", COUNT_TABLES).strip() != "0":
            raise CommandFailed(
                "The database has tables already. Name a new folder (--data-dir), or an empty database."
            )
        _run("pg_restore", url, "--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction", str(file))
    typer.echo("Restored. Start the service on it.")


def _run(program: str, url: str, *arguments: str) -> str:
    """The password travels in the environment: a command line is seen by everyone on the machine."""
    parts = urlsplit(url)
    netloc = parts.netloc
    environment = {**os.environ, "LC_ALL": "C"}
    if parts.password:
        environment["PGPASSWORD"] = unquote(parts.password)
        netloc = f"{parts.username}@{netloc.rpartition('@')[2]}"
    command = [str(client_program(program)), "--dbname", parts._replace(netloc=netloc).geturl(), *arguments]
    completed = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if completed.returncode:
        raise CommandFailed(completed.stderr.strip())
    return completed.stdout
