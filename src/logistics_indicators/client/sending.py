"""Sends files to the service."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import IO, Any, cast

import httpx

from ..loads.words import Kind
from .connecting import ServiceError, body_of
from .inert import inert
from .loading_options import LoadOptions

Send = Callable[[httpx.AsyncClient, Path, Kind, LoadOptions, Callable[[int], None]], Awaitable[list[dict[str, Any]]]]
"""A way to send a file: as send_file does."""


async def send_file(
    client: httpx.AsyncClient, path: Path, kind: Kind, options: LoadOptions, sent: Callable[[int], None]
) -> list[dict[str, Any]]:
    """The loads (several of a zip), once every byte is durable; `sent` is told piece sizes. Raises ServiceError."""
    try:
        with path.open("rb") as file:
            files = {"file": (name_to_send(path), cast("Any", WatchedFile(file, sent)), "text/csv")}
            answer = await client.post(f"/v1/{kind}/batch", files=files, params=options.query(kind))
        return cast("list[dict[str, Any]]", body_of(answer)["loads"])
    except (httpx.HTTPError, OSError) as error:
        raise ServiceError(f"{path.name}: the upload broke off: {error or type(error).__name__}") from error
    except ServiceError as error:
        raise ServiceError(f"{path.name}: {error}") from None


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


def name_to_send(path: Path) -> str:
    """A name that is no text (other bytes than UTF-8) cannot travel as it is."""
    return inert(path.name)
