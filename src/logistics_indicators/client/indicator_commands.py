"""`logistics-indicators verify`, `rebuild` and `settings`."""

from typing import Annotated, Any

import typer

from ..running.local_database import DataDir
from ..running.serving import CannotServe, check_before_serving, use_data_dir
from ..settings import settings_table
from .commands import Password, Url, Username, outcome, service_of
from .connecting import body_of
from .inert import inert

DIFFERENCES = 1


def verify(data_dir: DataDir = None, url: Url = None, username: Username = None, password: Password = None) -> None:
    """Recompute the indicators from the visits and list what differs. Exits with 1 where anything does."""
    use_data_dir(data_dir)

    async def run() -> int:
        async with service_of(url, username, password, reading=True) as client:
            found = body_of(await client.get("/v1/indicators/verify"))
        typer.echo(f"{found['visits']} visits, {found['differences']} differences, version {found['data_version']}")
        for cell in found["examples"]:
            where = inert(f"{cell['level']} {cell['block']} {cell['polo']}, {cell['angel']}")
            typer.echo(f"  {where}: expected {cell['expected']}, found {cell['found']}")
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


def settings(
    time_zone: Annotated[str | None, typer.Option(help="Change: whose today is as_of, America/Sao_Paulo.")] = None,
    optional_days: Annotated[
        str | None, typer.Option(help="Change: of carnaval, corpus_christi, separated by blanks, or none.")
    ] = None,
    data_dir: DataDir = None,
    url: Url = None,
    username: Username = None,
    password: Password = None,
) -> None:
    """Print every setting of a process, and what the figures depend on, which the database keeps for all of them."""
    use_data_dir(data_dir)
    change: dict[str, Any] = {}
    if time_zone is not None:
        change["time_zone"] = time_zone
    if optional_days is not None:
        change["optional_days"] = [] if optional_days == "none" else optional_days.replace(",", " ").split()
    if not change:
        typer.echo(settings_table())

    async def run() -> int:
        async with service_of(url, username, password, reading=not change) as client:
            route = "/v1/indicators/settings"
            kept = body_of(await (client.put(route, json=change) if change else client.get(route)))
        typer.echo(f"time zone of today: {kept['time_zone']}")
        typer.echo(f"optional days off: {', '.join(kept['optional_days']) or 'none'}")
        return 0

    if not change and url is None and not _has_database():
        typer.echo("What the figures depend on is kept in the database, and there is none yet.", err=True)
        return
    raise typer.Exit(outcome(run()))


def _has_database() -> bool:
    """False too where the process's own settings are no good: printing those is then the help that is wanted."""
    try:
        own = check_before_serving()
    except CannotServe:
        return False
    return not own.embedded or (own.data_dir / "postgres").exists()
