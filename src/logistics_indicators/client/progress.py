"""What a person sees of loads: bars while they run, tables at the end."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from ..loads.kinds import Kind
from .connecting import ServiceError
from .inert import inert
from .loading import follow_load, send_file
from .loading_options import LoadOptions

console = Console(highlight=False)


async def load_with_progress(
    client: httpx.AsyncClient, batch: list[tuple[Path, Kind]], options: LoadOptions
) -> tuple[list[dict[str, Any]], ServiceError | None]:
    """Send every file, then follow every load: the load resources at their end, and why a file was refused.

    No file is sent behind a refused one, which it may need; those before it are followed all the same.
    """
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[speed]}"),
        TimeRemainingColumn(elapsed_when_finished=True),
    )
    refused = None
    with Progress(*columns, console=Console(stderr=True)) as progress:
        sent: list[tuple[Path, TaskID, dict[str, Any]]] = []
        for path, kind in batch:
            task = progress.add_task(f"{inert(path.name)}: sending", total=path.stat().st_size, speed="")
            try:
                loads = await send_file(client, path, kind, options, partial(progress.advance, task))
            except ServiceError as error:
                progress.remove_task(task)
                refused = error
                break
            sent += [(path, task, load) for load in loads]
        for path, task, _ in sent:
            progress.reset(task, total=1.0, description=f"{inert(path.name)}: loading", speed="")
        return [await follow_load(client, load, _shown_by(progress, task)) for _, task, load in sent], refused


def _shown_by(progress: Progress, task: TaskID) -> Callable[[dict[str, Any]], None]:
    def show(load: dict[str, Any]) -> None:
        speed = f"{load['rows_per_second']:,} rows/s" if load["rows_per_second"] else ""
        progress.update(task, completed=load["progress"], speed=speed)

    return show


COUNTS = ("read", "inserted", "updated", "unchanged", "rejected", "waiting")


def print_summary(loads: list[dict[str, Any]]) -> None:
    """A column for each load, and what it has to say beyond numbers."""
    table = Table("", box=SIMPLE_HEAD)
    for load in loads:
        table.add_column(_name(load), justify="right", overflow="fold")
    table.add_row("load", *(f"{load['kind']} {load['id']}" for load in loads))
    table.add_row("status", *(_status(load) for load in loads))
    for count in COUNTS:
        table.add_row(f"rows {count}", *(f"{load[f'rows_{count}']:,}" for load in loads))
    table.add_row("rows/s", *(f"{load['rows_per_second'] or 0:,}" for load in loads))
    console.print(table)
    for load in loads:
        for remark in [*load["warnings"], *([load["error"]] if load.get("error") else [])]:
            console.print(inert(f"{load['filename']}: {remark}"), markup=False, soft_wrap=True)


def _name(load: dict[str, Any]) -> Text:
    return Text(inert(load["filename"] or load["kind"]))


def _status(load: dict[str, Any]) -> str:
    return "checked only" if load["validate_only"] and load["status"] == "completed" else str(load["status"])


def print_rejects(loads: list[dict[str, Any]]) -> None:
    """Rejected rows by reason, where there are any."""
    table = Table("file", "rejected because", title="Rejected rows", box=SIMPLE_HEAD)
    for column in ("rows", "first line"):
        table.add_column(column, justify="right")
    for load in loads:
        for summary in load["rejects"]:
            table.add_row(_name(load), summary["reason"], f"{summary['rows']:,}", f"{summary['first_line']:,}")
    if table.row_count:
        console.print(table)
