"""Files on this machine that a load is made of."""

import glob
import os
import stat
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import IO

from ..errors import Problem, Unprocessable
from ..loads.formats import CSV
from ..loads.kinds import KINDS, Kind
from ..loads.receiving.apart import Apart, Bounds
from ..loads.receiving.opening import OpeningOptions, mapped_columns, open_file
from ..loads.receiving.recognising import ZIP
from ..loads.receiving.tables import Tables, as_written_here
from ..loads.receiving.unpacking import is_office_document, members_of, opened_zip
from .connecting import ServiceError
from .loading_options import LoadOptions
from .typed import as_typed

PIECE = 64 * 1024


def files_named(name: str) -> list[Path]:
    """A file of this name; else those that fit the pattern, by name. Raises ServiceError."""
    if os.path.lexists(name) or not glob.has_magic(name):
        return [Path(name)]
    found = sorted(glob.glob(name, recursive=True))  # noqa: PTH207 (Path.glob takes no absolute pattern)
    if not found:
        raise ServiceError(f"{name}: no file fits this pattern.")
    return [Path(file) for file in found]


def check_file(path: Path) -> None:
    """Raises ServiceError for what cannot be read, or is no plain file, which alone can be read twice."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise ServiceError(f"{path}: this is no plain file.")
        with path.open("rb"):
            pass
    except (OSError, ValueError) as error:
        raise ServiceError(f"{path}: {getattr(error, 'strerror', error)}.") from None


def has_several_tables(path: Path) -> bool:
    """A zip, which becomes several loads. One that cannot be read has none: the service says why."""
    with path.open("rb") as file:
        if not file.read(4).startswith(ZIP):
            return False
        file.seek(0)
        try:
            with opened_zip(file) as archive:
                return not is_office_document(archive) and len(members_of(archive).tables) > 1
        except Problem:
            return False


def _refuse_empty(path: Path) -> None:
    if not path.stat().st_size:
        raise ServiceError(f"{path.name}: The file is empty.")


async def kind_of_file(path: Path, options: LoadOptions) -> Kind:
    """What a file holds: as the service itself would read it, or by its name. Raises ServiceError where none tells."""
    kinds = [kind for kind in Kind if await _is_of(kind, path, options)]
    if len(kinds) == 1:
        return kinds[0]
    for kind, declared in KINDS.items():
        if any(word in path.name.lower() for word in declared.words):
            return kind
    _refuse_empty(path)
    why = " Then it is told what is wrong with --columns." if options.columns else ""
    raise ServiceError(
        f"{path.name} has the columns of none of these: {', '.join(Kind)}. Say what it holds: "
        f"{' or '.join(f'--kind {kind}' for kind in Kind)}.{why}"
    )


async def _is_of(kind: Kind, path: Path, options: LoadOptions) -> bool:
    """Raises ServiceError where the file is no table at all."""
    try:
        mapped = mapped_columns(kind, options.columns) if options.columns else {}
    except Unprocessable:
        return False
    opening = OpeningOptions(kind, options.one_delimiter, options.encoding, True, mapped)
    with path.open("rb") as file:
        try:
            return await _opens(file, opening, options.sheet)
        except Problem as problem:
            raise ServiceError(f"{path.name}: {as_typed(problem.detail)}") from None


async def _opens(file: IO[bytes], opening: OpeningOptions, sheet: str | None) -> bool:
    tables = Tables(_kept, Apart(Bounds(most_bytes=sys.maxsize // 2)), sheet)
    async with aclosing(tables.of(_pieces(file))) as found:
        table = await anext(found)
        asked = opening if table.form is CSV else as_written_here(opening, table.form)
        try:
            return await open_file(table.pieces, asked, table.form) is not None
        except Unprocessable:
            return False


@asynccontextmanager
async def _kept(pieces: AsyncIterator[bytes]) -> AsyncIterator[IO[bytes]]:
    with tempfile.TemporaryFile() as file:
        async for piece in pieces:
            file.write(piece)
        file.seek(0)
        yield file


async def _pieces(file: IO[bytes]) -> AsyncIterator[bytes]:
    while piece := file.read(PIECE):
        yield piece
