"""Files on this machine that a load is made of."""

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import IO

from ..loads.formats import COLUMNS, DELIMITERS, Kind
from .connecting import ServiceError

KIND_OF_WIDTH = {len(columns): kind for kind, columns in COLUMNS.items()}
KIND_OF_HEADER = {
    column: kind for kind, columns in COLUMNS.items() for column in columns if column not in ("id", "id_cliente")
}
KIND_OF_NAME = {
    "customer": Kind.customers,
    "client": Kind.customers,
    "service": Kind.services,
    "atendimento": Kind.services,
}
HEAD_BYTES = 64 * 1024


def kind_of_file(path: Path) -> Kind:
    """What a file holds, by its header, the number of its columns or its name. Raises ServiceError where none tells."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    text = head.decode("utf-8-sig", errors="replace")
    for delimiter in DELIMITERS:
        fields = [field.strip().lower() for field in next(csv.reader(io.StringIO(text), delimiter=delimiter), [])]
        named = {KIND_OF_HEADER[field] for field in fields if field in KIND_OF_HEADER}
        if len(named) == 1:
            return named.pop()
        if len(fields) in KIND_OF_WIDTH:
            return KIND_OF_WIDTH[len(fields)]
    for part, kind in KIND_OF_NAME.items():
        if part in path.name.lower():
            return kind
    raise ServiceError(f"{path} has neither 4 nor 6 columns. Say what it holds: --kind customers or --kind services.")


class WatchedFile:
    """A file to upload that tells how much of it was read."""

    def __init__(self, file: IO[bytes], progress: Callable[[int], None]) -> None:
        self._file = file
        self._progress = progress

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self._progress(len(data))
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def fileno(self) -> int:
        return self._file.fileno()
