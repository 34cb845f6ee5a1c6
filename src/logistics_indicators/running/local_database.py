"""This machine's database, for commands that speak to it themselves."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from .embedded import EmbeddedPostgres, EmbeddedServerError
from .serving import CannotServe, check_before_serving

DataDir = Annotated[Path | None, typer.Option(help="Folder of the embedded database.")]


class CommandFailed(Exception):
    """Why a command could not do its work, as a sentence for a person."""


@contextmanager
def local_database() -> Iterator[str]:
    """URL of the settings' database, brought up for the moment where it is embedded; failures end the command."""
    try:
        settings = check_before_serving()
        if not settings.embedded:
            yield settings.server_url()
            return
        server = EmbeddedPostgres(settings.data_dir)
        server.start()
        try:
            yield server.url()
        finally:
            server.stop()
    except (CannotServe, EmbeddedServerError, CommandFailed) as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(2) from None
