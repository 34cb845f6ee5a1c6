"""What `verify`, `rebuild` and `settings` ask and show."""

from collections.abc import Sequence
from typing import Any

import httpx
import typer

from ..rollup.dimensions import CELL_DIMENSIONS
from ..running.serving import CannotServe, check_before_serving, use_data_dir
from ..settings import described_settings, settings_table
from .connecting import body_of
from .inert import inert
from .running_work import errors, run_work
from .service_options import Service
from .tables import counted, print_json, print_line
from .working import working

DIFFERENCES = 1


async def verify_indicators(client: httpx.AsyncClient, as_json: bool) -> int:
    with working("Comparing the indicators with the visits"):
        found = body_of(await client.get("/v1/indicators/verify"))
    if as_json:
        print_json(found)
        return DIFFERENCES if found["differences"] else 0
    print_line(
        f"{counted(found['visits'], 'visit')}, {counted(found['differences'], 'difference')}, "
        f"version {found['data_version']}"
    )
    for cell in found["examples"]:
        where = f"{cell['level']} {cell['block']} {', '.join(cell[by] for by in CELL_DIMENSIONS)}"
        typer.echo(f"  {inert(where)}: expected {cell['expected']}, found {cell['found']}")
    return DIFFERENCES if found["differences"] else 0


async def rebuild_indicators(client: httpx.AsyncClient, as_json: bool) -> None:
    with working("Making the indicators anew"):
        made = body_of(await client.post("/v1/indicators/rebuild"))
    if as_json:
        print_json(made)
    else:
        print_line(f"Rebuilt from {counted(made['visits'], 'visit')}, version {made['data_version']}")


def show_settings(service: Service, time_zone: str | None, optional_days: Sequence[str] | None, as_json: bool) -> None:
    """Ends the command."""
    use_data_dir(service.data_dir)
    change: dict[str, Any] = {}
    if time_zone is not None:
        change["time_zone"] = time_zone
    if optional_days:
        named = " ".join(optional_days).replace(",", " ").split()
        change["optional_days"] = [] if named == ["none"] else named
    if change or service.url is not None or _has_database():
        raise typer.Exit(run_work(service, lambda c: _settings_kept(c, change, as_json), reading=not change))
    _print_settings(None, as_json)
    errors.print("What the figures depend on is kept in the database, and there is none yet.")


async def _settings_kept(client: httpx.AsyncClient, change: dict[str, Any], as_json: bool) -> None:
    route = "/v1/indicators/settings"
    kept = body_of(await (client.put(route, json=change) if change else client.get(route)))
    if change and as_json:
        print_json(kept)
    elif change:
        _print_kept(kept)
    else:
        _print_settings(kept, as_json)


def _print_settings(kept: dict[str, Any] | None, as_json: bool) -> None:
    if as_json:
        print_json({"process": described_settings(), "database": kept})
        return
    typer.echo(settings_table())
    if kept is not None:
        _print_kept(kept)


def _print_kept(kept: dict[str, Any]) -> None:
    print_line(f"time zone of today: {kept['time_zone']}")
    print_line(f"optional days off: {', '.join(kept['optional_days']) or 'none'}")


def _has_database() -> bool:
    """False too where the process's own settings are no good: printing those is then the help that is wanted."""
    try:
        own = check_before_serving()
    except CannotServe:
        return False
    return not own.embedded or (own.data_dir / "postgres").exists()
