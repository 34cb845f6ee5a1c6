"""`logistics-indicators serve`."""

from typing import Annotated

import typer

from ..client.service_options import DataDir


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8000,
    data_dir: DataDir = None,
    workers: Annotated[int, typer.Option(min=1, max=256, help="Processes that serve.")] = 1,
    reload: Annotated[bool, typer.Option(help="Start again when a source file changes, for developers.")] = False,
    announce: Annotated[bool, typer.Option(hidden=True)] = True,
) -> None:
    """Run the service."""
    from ..listening.sockets import CannotListen, listen_on

    if reload and workers > 1:
        raise typer.BadParameter("--reload runs one process; leave --workers out.")
    try:
        sockets = listen_on(host, port)  # before all else is imported: who comes second is told so at once
    except CannotListen as error:
        raise _cannot_start(error) from None
    from ..client.serving import serve_on
    from ..running.serving import CannotServe

    try:
        serve_on(sockets, data_dir, host=host, port=port, workers=workers, reload=reload, announce=announce)
    except CannotServe as error:
        raise _cannot_start(error) from None
    finally:
        for taken in sockets:
            taken.close()


def _cannot_start(error: Exception) -> typer.Exit:
    typer.echo(f"The service cannot start. {error}", err=True)
    return typer.Exit(2)
