"""`logistics-indicators backup`, `restore`, `move-to`, `distribute`, `migrate`, `grant-reader`: the database itself."""

from pathlib import Path
from typing import Annotated

import typer

from ..client.service_options import DataDir, Json


def backup(
    file: Annotated[Path, typer.Argument(dir_okay=False, help="File to write; it must not exist yet.")],
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """Write the whole database into a file.

    The service may run meanwhile.
    """
    if file.exists():
        raise typer.BadParameter(f"{file} exists already.")
    from ..client.database import run_backup

    raise typer.Exit(run_backup(file, data_dir, json))


def restore(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="What `backup` wrote.")],
    data_dir: DataDir = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Bring the schema to this version's, and compare indicators and visits.")
    ] = False,
    json: Json = False,
) -> None:
    """Read a backup into an empty database, whole or not at all.

    With --verify it exits with 1 where an indicator is not what the visits say.
    """
    from ..client.database import run_restore

    raise typer.Exit(run_restore(file, data_dir, json, verify=verify))


def move_to(
    url: Annotated[
        str | None,
        typer.Argument(
            envvar="LOGISTICS_MOVE_TO",
            help="An empty database: postgresql://user@host/name. Its password: PGPASSWORD, ~/.pgpass, or in the URL.",
        ),
    ] = None,
    reopen: Annotated[
        bool, typer.Option("--reopen", help="Move nothing; let the old database take changes again.")
    ] = False,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """Take this machine's database to a PostgreSQL server.

    The service may run: who reads is served, who writes is told 503 until it runs on the new database. The new one is
    compared with the old one, row by row.
    """
    if (url is None) != reopen:
        raise typer.BadParameter("Name the database to move to, or --reopen.")
    from ..client.moving import run_move, run_reopen

    raise typer.Exit(run_move(url, data_dir, json) if url else run_reopen(data_dir, json))


def distribute(data_dir: DataDir = None, json: Json = False) -> None:
    """Spread the visits over the servers of a Citus cluster.

    The service is stopped meanwhile. Run again, it changes nothing.
    """
    from ..client.distributing import run_distribute

    raise typer.Exit(run_distribute(data_dir, json))


def migrate(data_dir: DataDir = None, json: Json = False) -> None:
    """Bring the database's schema to this version's. The service does so too when it starts."""
    from ..client.database import run_migrate

    raise typer.Exit(run_migrate(data_dir, json))


def grant_reader(
    name: Annotated[str, typer.Argument(help="Of the role; it is made where there is none.")],
    data_dir: DataDir = None,
    password: Annotated[str | None, typer.Option(envvar="LOGISTICS_READER_PASSWORD", hidden=True)] = None,
    json: Json = False,
) -> None:
    """Make a role that reads the views for BI tools.

    It reads nothing else of the database. Its password is asked, or read of LOGISTICS_READER_PASSWORD.
    """
    from ..client.database import run_grant_reader

    raise typer.Exit(run_grant_reader(name, data_dir, password, json))
