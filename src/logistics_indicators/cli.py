"""The command line: serve, and what helps around it."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer
import uvicorn

from .client.commands import add_user, load
from .client.indicator_commands import rebuild, settings, verify
from .listening.bounds import ConnectionBounds
from .listening.protocol import BoundedHttpProtocol
from .listening.sockets import CannotListen, listen_on
from .monitoring.worker_files import shared_metrics
from .running.dumps import backup, restore
from .running.local_database import DataDir
from .running.migrate_command import migrate
from .running.readers import grant_reader
from .running.serving import (
    CannotServe,
    announce_when_ready,
    check_before_serving,
    end_well_on_sigterm,
    run_service,
    use_data_dir,
)

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
users = typer.Typer(no_args_is_help=True, help="Accounts.")
app.add_typer(users, name="users")

app.command()(load)
app.command()(backup)
app.command()(restore)
app.command()(migrate)
app.command()(verify)
app.command()(rebuild)
app.command()(settings)
app.command("grant-reader")(grant_reader)
users.command("add")(add_user)


@app.callback()
def main() -> None:
    """Logistics Indicators."""


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8000,
    data_dir: DataDir = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes that serve.")] = 1,
    reload: Annotated[bool, typer.Option(help="Start again when a source file changes, for developers.")] = False,
    announce: Annotated[bool, typer.Option(hidden=True)] = True,
) -> None:
    """Run the service."""
    if reload and workers > 1:
        raise typer.BadParameter("--reload runs one process; leave --workers out.")
    use_data_dir(data_dir)
    try:
        sockets = listen_on(host, port)
        settings = check_before_serving()
    except (CannotListen, CannotServe) as error:
        typer.echo(f"The service cannot start. {error}", err=True)
        raise typer.Exit(2) from None
    end_well_on_sigterm()
    if announce:
        announce_when_ready(host, port)
    with shared_metrics(workers):
        config = uvicorn.Config(
            "logistics_indicators.app:from_environment",
            factory=True,
            workers=workers,
            reload=reload,
            reload_dirs=[str(Path(__file__).parent)] if reload else None,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=20,
            timeout_worker_healthcheck=60,  # one that starts on a busy machine answers late: it is not to be killed
            server_header=False,
            http=partial(BoundedHttpProtocol, bounds=ConnectionBounds.of(settings)),  # type: ignore[arg-type]
            ws="none",
            proxy_headers=bool(settings.forwarded_allow_ips),
            forwarded_allow_ips=settings.forwarded_allow_ips,
        )
        run_service(config, sockets)
