"""`logistics-indicators verify` and `rebuild`."""

import typer

from ..dumps import DataDir
from ..serving import use_data_dir
from .commands import Password, Url, Username, outcome, service_of
from .connecting import body_of

DIFFERENCES = 1


def verify(data_dir: DataDir = None, url: Url = None, username: Username = None, password: Password = None) -> None:
    """Recompute the indicators from the visits and list what differs. Exits with 1 where anything does."""
    use_data_dir(data_dir)

    async def run() -> int:
        async with service_of(url, username, password) as client:
            found = body_of(await client.get("/v1/indicators/verify"))
        typer.echo(f"{found['visits']} visits, {found['differences']} differences, version {found['data_version']}")
        for cell in found["examples"]:
            typer.echo(
                f"  {cell['level']} {cell['block']} {cell['polo']}, {cell['angel']}: "
                f"expected {cell['expected']}, found {cell['found']}"
            )
        return DIFFERENCES if found["differences"] else 0

    raise typer.Exit(outcome(run()))


def rebuild(data_dir: DataDir = None, url: Url = None, username: Username = None, password: Password = None) -> None:
    """Make what the indicators answer from anew. The service may run meanwhile."""
    use_data_dir(data_dir)

    async def run() -> int:
        async with service_of(url, username, password) as client:
            made = body_of(await client.post("/v1/indicators/rebuild"))
        typer.echo(f"Rebuilt from {made['visits']} visits, version {made['data_version']}")
        return 0

    raise typer.Exit(outcome(run()))
