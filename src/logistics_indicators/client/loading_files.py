"""What `load` does: files are found and known first, then sent, then followed to their end."""

import asyncio
import os
import select
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn
from urllib.parse import quote

import httpx
import typer
from rich.text import Text

from ..loads.kinds import KINDS, Kind
from .connecting import ServiceError, body_of
from .files import PIECE, check_file, files_named, has_several_tables, kind_of_file
from .inert import inert
from .load_tables import print_loads
from .loading import save_rejects
from .loading_options import LoadOptions
from .progress import load_with_progress
from .prompts import at_once_interruptible
from .resuming import Uploads
from .running_work import FAILED, REJECTED, client_of, errors, outcome
from .sending import Send, send_file
from .service_options import Service

STANDARD_INPUT = "-"
KEPT_INPUT = "stdin"
LOOK_SECONDS = 0.5

INTERRUPTED_THERE = "Interrupted. The same command goes on from here; a load that was made already goes on by itself."
INTERRUPTED_HERE = (
    "Interrupted. A load that was made already goes on with the next command, or when the service starts."
)
SENT_BEFORE = "an interrupted command had sent it already, as load {id}. The same command again makes another load."


@dataclass(frozen=True)
class FilesToLoad:
    names: Sequence[str]
    """With patterns, and - for the standard input."""
    kind: Kind | None
    options: LoadOptions
    strict: bool
    rejects: Path | None
    force: bool
    """Of the files of rejects."""
    as_json: bool


def load_files(service: Service, asked: FilesToLoad) -> NoReturn:
    async def run() -> int:
        try:
            if asked.rejects is not None and asked.rejects.exists() and not asked.rejects.is_dir():
                raise ServiceError(f"{asked.rejects}: --rejects names a folder, and this is none.")
            with _paths(asked.names) as paths:
                return await _known_and_loaded(service, asked, paths)
        except (asyncio.CancelledError, KeyboardInterrupt):
            errors.print(INTERRUPTED_HERE if service.url is None else INTERRUPTED_THERE)
            raise

    raise typer.Exit(outcome(run))


async def _known_and_loaded(service: Service, asked: FilesToLoad, paths: list[Path]) -> int:
    """The exit code."""
    known = [(path, await _kind_of(path, asked)) for path in paths]
    async with client_of(service) as client:
        batch = [(path, kind or await _kind_of_preset(client, asked.options)) for path, kind in known]
        batch.sort(key=lambda item: list(KINDS).index(item[1]))
        return await _load(client, batch, asked, None if service.url is None else Uploads())


def _resumably(uploads: Uploads) -> Send:
    """But what came by the standard input, which nobody sends a second time, and zips of several tables."""

    def way_of(path: Path) -> Send:
        return send_file if path.name == KEPT_INPUT or has_several_tables(path) else uploads.send

    return lambda client, path, kind, options, sent: way_of(path)(client, path, kind, options, sent)


async def _load(
    client: httpx.AsyncClient, batch: list[tuple[Path, Kind]], asked: FilesToLoad, uploads: Uploads | None
) -> int:
    """The exit code. uploads: where the files go over a network."""
    send = _resumably(uploads) if uploads else send_file
    loads, refused = await load_with_progress(client, batch, asked.options, send)
    if uploads:
        _tell_of_earlier(uploads)
        uploads.forget()
    print_loads(loads, asked.as_json)
    if asked.rejects is not None:
        await _save_all_rejects(client, loads, asked.rejects, force=asked.force)
    if refused is not None:
        raise refused
    if any(load["status"] != "completed" for load in loads):
        return FAILED
    return REJECTED if asked.strict and any(load["rows_rejected"] for load in loads) else 0


def _tell_of_earlier(uploads: Uploads) -> None:
    for name, load in uploads.taken_up:
        errors.print(Text(inert(f"{name}: " + SENT_BEFORE.format(id=load["id"]))))


@contextmanager
def _paths(names: Sequence[str]) -> Iterator[list[Path]]:
    """The standard input is kept in a file as long as it takes: it is read twice. Raises ServiceError."""
    with ExitStack() as kept:
        paths = []
        for name in dict.fromkeys(names):
            paths += [_standard_input(kept)] if name == STANDARD_INPUT else files_named(name)
        for path in paths:
            check_file(path)
        yield list(dict.fromkeys(paths))


def _standard_input(kept: ExitStack) -> Path:
    if sys.stdin.isatty():
        raise ServiceError("The standard input is a terminal. Send a file into it: … | logistics-indicators load -")
    folder = kept.enter_context(tempfile.TemporaryDirectory(prefix="logistics-indicators-"))
    path = Path(folder) / KEPT_INPUT
    with at_once_interruptible(), path.open("wb") as file:
        file.writelines(_pieces_that_come(sys.stdin.buffer.fileno()))
    return path


def _pieces_that_come(descriptor: int) -> Iterator[bytes]:
    """Python looks for a signal before it reads and after: one that comes between would wait for the next piece."""
    while True:
        ready, _, _ = select.select([descriptor], [], [], LOOK_SECONDS)
        if ready and not (piece := os.read(descriptor, PIECE)):
            return
        if ready:
            yield piece


async def _kind_of(path: Path, asked: FilesToLoad) -> Kind | None:
    """None where the preset has to tell."""
    if asked.kind is not None or asked.options.named_preset is not None:
        return asked.kind
    return await kind_of_file(path, asked.options)


async def _kind_of_preset(client: httpx.AsyncClient, options: LoadOptions) -> Kind:
    name = quote(options.named_preset or "", safe="")
    return Kind(body_of(await client.get(f"/v1/presets/{name}"))["kind"])


async def _save_all_rejects(
    client: httpx.AsyncClient, loads: list[dict[str, object]], folder: Path, *, force: bool
) -> None:
    for load in loads:
        if load["rows_rejected"]:
            target = folder / f"{Path(str(load['filename'] or load['kind'])).stem}.rejects.{load['id']}.csv"
            instead = await save_rejects(client, load, target, force=force)
            errors.print(Text(inert(f"Rejected rows: {target}{instead}")))
