"""The command line: serve, and what helps around it."""

from functools import partial
from typing import Annotated

import typer
import uvicorn

from .client.commands import add_user, load
from .client.indicator_commands import rebuild, settings, verify
from .dumps import DataDir, backup, restore
from .http_protocol import BoundedHttpProtocol
from .listening_sockets import CannotListen, listen_on
from .monitoring.worker_files import shared_metrics
from .serving import (
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
app.command()(verify)
app.command()(rebuild)
app.command()(settings)
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
    announce: Annotated[bool, typer.Option(hidden=True)] = True,
) -> None:
    """Run the service."""
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
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=20,
            server_header=False,
            http=partial(BoundedHttpProtocol, bounds=settings.connection_bounds),  # type: ignore[arg-type]
            ws="none",
            proxy_headers=bool(settings.forwarded_allow_ips),
            forwarded_allow_ips=settings.forwarded_allow_ips,
        )
        run_service(config, sockets)
