"""A sign of life of long work, where a person looks at a terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import DownloadColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

Told = Callable[[int], None]
"""How many bytes there are so far."""


@contextmanager
def working(what: str, *, in_bytes: bool = False) -> Iterator[Told]:
    """Shows what is done, for how long, and what came of it so far; nothing is left of it at the end."""
    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    counted = (DownloadColumn(),) if in_bytes else ()
    with Progress(*columns, *counted, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(what, total=None)
        yield lambda size: progress.update(task, completed=size)
