"""Folders for servers and services of a test's own: PostgreSQL's user reaches them, which it could not in pytest's."""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

ROOMY = 4 * 2**30
"""Bytes."""


def quick_place() -> Path:
    """In memory where there is plenty: a thousand databases come and go."""
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > ROOMY
    return memory if roomy else Path(tempfile.gettempdir())


@contextmanager
def reachable_folder() -> Iterator[Path]:
    """Whatever server runs in it, or in a folder of it, is stopped at the end."""
    folder = Path(tempfile.mkdtemp(prefix="li-", dir=quick_place()))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        for pid_file in folder.glob("*/postgres/postmaster.pid"):
            with suppress(OSError, ValueError, IndexError):
                os.kill(int(pid_file.read_text().split()[0]), signal.SIGQUIT)
        shutil.rmtree(folder, ignore_errors=True)
