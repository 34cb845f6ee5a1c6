"""Files that are no CSV are read in a process of their own, with bounds: what swells or breaks there costs nobody."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import IO

import structlog

from ...errors import ContentTooLarge, Problem, Unprocessable
from ...settings import Settings
from ..reading.protocol import REFUSED, Head, Refusal, Request, Tail

log = structlog.get_logger()

COMMAND = (sys.executable, "-P", "-m", "logistics_indicators.loads.reading")
PIECE = 256 * 1024
LONGEST_WORDS = 16 * 1024
"""Bytes that it may say on its standard error."""

INHERITED = ("PATH", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "TMPDIR")
"""Variables that it gets: no secret is among them."""

Reading = tuple[Head, AsyncIterator[bytes], list[int]]
"""The last: Tail's, once all is read."""


@dataclass(frozen=True)
class Bounds:
    """Of a reading process: its memory, its processor time, and the CSV that it may write, in bytes and seconds."""

    memory: int = Settings.model_fields["load_reader_bytes"].default
    seconds: int = Settings.model_fields["load_reader_seconds"].default
    most_bytes: int = Settings.model_fields["load_max_bytes"].default

    @classmethod
    def of(cls, settings: Settings) -> "Bounds":
        return cls(settings.load_reader_bytes, settings.load_reader_seconds, settings.load_max_bytes)


@dataclass(frozen=True)
class Apart:
    """How files are read apart."""

    bounds: Bounds

    @asynccontextmanager
    async def reading(self, form: str, file: IO[bytes], sheet: str | None) -> AsyncIterator[Reading]:
        """What is known of the table, and its records as CSV. Raises Problems, also amid the records."""
        bounds = self.bounds
        request = Request(form, bounds.memory, bounds.seconds, MOST_SWELLING * bounds.most_bytes, sheet)
        process = await asyncio.create_subprocess_exec(
            *COMMAND,
            request.as_json(),
            stdin=file.fileno(),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={name: os.environ[name] for name in INHERITED if name in os.environ},
            limit=PIECE,
        )
        words = asyncio.create_task(_words(process))
        try:
            head = await _stdout(process).readline()
            if not head:
                raise await _why(process, words, request)
            lacking: list[int] = []
            yield Head.from_json(head), _records(process, words, request, lacking), lacking
        finally:
            await _ended(process)
            await words


MOST_SWELLING = 2
"""Bytes of a file's XML for each of the CSV that it may become."""


def _stdout(process: asyncio.subprocess.Process) -> asyncio.StreamReader:
    assert process.stdout is not None
    return process.stdout


async def _records(
    process: asyncio.subprocess.Process, words: asyncio.Task[bytes], request: Request, lacking: list[int]
) -> AsyncIterator[bytes]:
    while piece := await _stdout(process).read(PIECE):
        yield piece
    if await process.wait():
        raise await _why(process, words, request)
    lacking += _tail(await words).lacking


def _tail(said: bytes) -> Tail:
    try:
        return Tail.from_json(said.splitlines()[-1])
    except (IndexError, ValueError, TypeError):  # of most forms there is none
        return Tail()


async def _ended(process: asyncio.subprocess.Process) -> None:
    """What nobody read is read, or its pipe stays open."""
    if process.returncode is None:
        process.kill()
    while await _stdout(process).read(PIECE):
        pass
    await process.wait()


async def _words(process: asyncio.subprocess.Process) -> bytes:
    """The last that it said; all is read, so that it never waits for us."""
    assert process.stderr is not None
    said = b""
    while piece := await process.stderr.read(LONGEST_WORDS):
        said = (said + piece)[-LONGEST_WORDS:]
    return said


async def _why(process: asyncio.subprocess.Process, words: asyncio.Task[bytes], request: Request) -> Problem:
    """The answer for a file that could not be read."""
    status, said = await process.wait(), await words
    if status == REFUSED:
        return _refusal(Refusal.from_json(said.splitlines()[-1]))
    log.warning("file_not_read", form=request.form, status=status, said=said[-1000:].decode("utf-8", "replace"))
    if status == -signal.SIGXCPU:
        return Unprocessable.field("body", "file", msg=f"The file takes more than {request.seconds} seconds to read.")
    if status == 1:
        return Unprocessable.field("body", "file", msg="The file is broken, or written in a way that is not read here.")
    return Unprocessable.field(
        "body", "file", msg=f"The file needs more than {request.memory} bytes of memory to read."
    )


def _refusal(refusal: Refusal) -> Problem:
    if refusal.too_large:
        return ContentTooLarge(refusal.detail)
    loc = ("query", refusal.about) if refusal.about else ("body", "file")
    return Unprocessable.field(*loc, msg=refusal.detail)
