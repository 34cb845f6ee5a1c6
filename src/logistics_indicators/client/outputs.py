"""Files that a command was told to write. A plain one is replaced once it is complete; a device is written into."""

import os
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from stat import S_ISLNK, S_ISREG
from typing import IO

import httpx

from ..unfinished import FOR_ALL, FOR_US, unfinished
from .connecting import ServiceError, body_of
from .inert import InertBytes
from .prompts import at_once_interruptible, confirmed
from .streams import descriptor_named, is_standard_output

Output = IO[bytes] | InertBytes


def may_write(file: Path, *, force: bool) -> str:
    """What to say behind it where something is replaced. A person is asked, a script is not.

    Raises ServiceError where it shall stay.
    """
    there = _what_is_there(file)
    if there is None or is_standard_output(file) or not _is_replaced(file, there):
        return ""
    if not force and not confirmed(f"{file} is there. Write over it?"):
        raise ServiceError(f"{file} stays as it is. Name another file, or say --force.")
    return ", in the place of what was there"


@contextmanager
def standard_output() -> Iterator[Output]:
    """Behind what was printed; a terminal obeys nothing of it."""
    sys.stdout.flush()
    yield InertBytes(sys.stdout.buffer) if sys.stdout.isatty() else sys.stdout.buffer
    sys.stdout.buffer.flush()


@contextmanager
def written_file(file: Path) -> Iterator[Output]:
    """Raises ServiceError; a plain file is as it was then, and none is made.

    A reader of the standard output who has enough is a BrokenPipeError, by whatever name it was asked for.
    """
    if is_standard_output(file):
        with standard_output() as opened_already:
            yield opened_already
        return
    there = _what_is_there(file)
    try:
        if there is None or _is_replaced(file, there):
            with _whole(file, there) as opened:
                yield opened
        else:
            with _written_into(file) as opened:
                yield InertBytes(opened) if opened.isatty() else opened
    except OSError as error:
        raise ServiceError(f"{file} cannot be written: {error.strerror}.") from None


async def fetch_into(answer: httpx.Response, file: Output, told: Callable[[int], object] = lambda _: None) -> int:
    """How many bytes; `told` hears of them on the way."""
    size = 0
    async for piece in answer.aiter_bytes():
        size += file.write(piece)
        told(size)
    return size


@asynccontextmanager
async def answered(client: httpx.AsyncClient, path: str, query: httpx.QueryParams) -> AsyncIterator[httpx.Response]:
    """Its body is read by whoever asked. Raises ServiceError where the service refuses."""
    async with client.stream("GET", path, params=query) as answer:
        if not answer.is_success:
            await answer.aread()
            body_of(answer)
        yield answer


def _what_is_there(file: Path) -> os.stat_result | None:
    with suppress(OSError):
        return file.lstat()
    return None


def _is_replaced(file: Path, there: os.stat_result) -> bool:
    """A link as well: who laid it there shall not choose what is written. But /dev/stdout and /dev/fd/63 are links of
    the system's own."""
    return S_ISREG(there.st_mode) or (S_ISLNK(there.st_mode) and not _is_of_the_system(file))


def _is_of_the_system(link: Path) -> bool:
    folder = link.parent.resolve()
    return folder == Path("/dev") or folder.is_relative_to("/proc")


@contextmanager
def _whole(file: Path, there: os.stat_result | None) -> Iterator[IO[bytes]]:
    replaced = there if there is not None and S_ISREG(there.st_mode) else None
    with unfinished(file, FOR_US if replaced else FOR_ALL) as path, path.open("wb") as opened:
        if replaced:
            _give_access_of(replaced, opened.fileno())
        yield opened


def _give_access_of(replaced: os.stat_result, descriptor: int) -> None:
    for owner, group in ((-1, replaced.st_gid), (replaced.st_uid, -1)):
        with suppress(PermissionError):
            os.chown(descriptor, owner, group)
    mode = replaced.st_mode & 0o777
    if os.fstat(descriptor).st_gid != replaced.st_gid:
        mode &= 0o707  # what its group might do is not for ours
    os.chmod(descriptor, mode)


@contextmanager
def _written_into(file: Path) -> Iterator[IO[bytes]]:
    named = descriptor_named(file)
    with os.fdopen(_opened(file) if named is None else os.dup(named), "wb") as opened:
        yield opened


def _opened(file: Path) -> int:
    """A pipe opens once it has a reader."""
    follow = 0 if _is_of_the_system(file) else os.O_NOFOLLOW
    with at_once_interruptible():
        return os.open(file, os.O_WRONLY | os.O_APPEND | os.O_NOCTTY | follow)
