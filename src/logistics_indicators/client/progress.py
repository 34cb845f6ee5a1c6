"""What a person sees of loads: bars while they run, tables at the end."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeRemainingColumn

from ..loads.words import Kind
from .connecting import ServiceError
from .inert import inert
from .loading import follow_load
from .loading_options import LoadOptions
from .sending import Send, send_file


async def load_with_progress(
    client: httpx.AsyncClient, batch: list[tuple[Path, Kind]], options: LoadOptions, send: Send = send_file
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
                loads = await send(client, path, kind, options, partial(progress.advance, task))
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
