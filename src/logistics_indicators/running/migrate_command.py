"""`logistics-indicators migrate`: the schema brought up to date by a run of its own, before the new version serves."""

import asyncio

import asyncpg
import typer

from .local_database import CommandFailed, DataDir, local_database
from .logs import configure_logs
from .migrations import MigrationError, newest_revision
from .migrations import migrate as bring_up_to_date
from .serving import use_data_dir


def migrate(data_dir: DataDir = None) -> None:
    """Bring the database's schema to this version's. The service does so too when it starts."""
    use_data_dir(data_dir)
    configure_logs("error")
    with local_database() as url:
        try:
            asyncio.run(bring_up_to_date(url))
        except (MigrationError, asyncpg.PostgresError, OSError) as error:
            raise CommandFailed(str(error)) from error
    typer.echo(f"The database's schema is at {newest_revision()}.")
