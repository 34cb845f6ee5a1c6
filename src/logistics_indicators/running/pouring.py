"""SQL of one program of PostgreSQL's into psql: a database takes it whole, or not at all.

It passes through this process, so that a dump that is cut off, by a `kill -9` of ours too, comes without its COMMIT.
And it is put right on the way for servers older than the program that wrote it.
"""

import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import islice
from typing import IO, NamedTuple

from .client_programs import called
from .local_database import CommandFailed

Told = Callable[[int], None]
"""Hears how many bytes there are so far."""

PIECE = 256 * 1024
HEADER_LINES = 40

NEWER = b"SET transaction_timeout = 0;\n"
"""A setting of PostgreSQL 17 and later, which earlier servers take for an error."""

IF_KNOWN = b"SELECT set_config(name, '0', false) FROM pg_settings WHERE name = 'transaction_timeout';\n"


class NothingToPour(CommandFailed):
    """The program that the SQL comes from failed."""


class Run(NamedTuple):
    program: subprocess.Popen[bytes]
    complaints: IO[bytes]

    def end(self, failure: type[CommandFailed] = CommandFailed) -> None:
        """Raises the failure with what it said, where it failed."""
        if self.program.wait():
            self.complaints.seek(0)
            raise failure(self.complaints.read().decode(errors="replace").strip() or "It was ended.")


def pour(command: Sequence[str], environment: Mapping[str, str], target: str, told: Told, *, first: str = "") -> None:
    """What the command writes, into the database `target` in one transaction, behind `first`.

    Raises CommandFailed, and NothingToPour.
    """
    to, target_environment = called("psql", target, "-Xq", "--output", "/dev/null", "--set", "ON_ERROR_STOP=1")
    with (
        _running(command, environment, stdout=subprocess.PIPE) as source,
        _running(to, target_environment, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as sink,
    ):
        try:
            _pump(source, sink, told, first)
        except BrokenPipeError:
            sink.end()
            raise
        sink.end()


def _pump(source: Run, sink: Run, told: Told, first: str) -> None:
    """The COMMIT goes only behind a dump that ended well."""
    assert source.program.stdout is not None
    assert sink.program.stdin is not None
    written = 0
    sink.program.stdin.write(f"BEGIN;\n{first}\n".encode())
    for piece in _pieces(source.program.stdout):
        sink.program.stdin.write(piece)
        written += len(piece)
        told(written)
    source.end(NothingToPour)
    sink.program.stdin.write(b"\nCOMMIT;\n")
    sink.program.stdin.close()


def _pieces(sql: IO[bytes]) -> Iterator[bytes]:
    for line in islice(sql, HEADER_LINES):
        yield IF_KNOWN if line == NEWER else line
    while piece := sql.read(PIECE):
        yield piece


@contextmanager
def _running(
    command: Sequence[str], environment: Mapping[str, str], *, stdout: int, stdin: int = subprocess.DEVNULL
) -> Iterator[Run]:
    """What it complains of goes into a file: nobody reads a second pipe meanwhile."""
    with tempfile.TemporaryFile() as complaints:
        program = subprocess.Popen(command, env=environment, stdin=stdin, stdout=stdout, stderr=complaints)
        try:
            yield Run(program, complaints)
        finally:
            program.kill()
            program.wait()
            _close(program)


def _close(program: subprocess.Popen[bytes]) -> None:
    for pipe in (program.stdin, program.stdout):
        if pipe is not None:
            with suppress(BrokenPipeError):  # what was left to write is of no use to anybody any more
                pipe.close()
