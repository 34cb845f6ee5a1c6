"""Where several worker processes keep their numbers, so that any of them can answer for all.

prometheus-client decides on its first import whether to use such a folder: it must be named before the workers start.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


@contextmanager
def shared_metrics(workers: int) -> Iterator[None]:
    """While the workers run: an empty folder for their numbers. One worker keeps its own, in memory."""
    if workers == 1:
        os.environ.pop(VARIABLE, None)
        yield
        return
    with tempfile.TemporaryDirectory(prefix="logistics-indicators-metrics-", ignore_cleanup_errors=True) as folder:
        os.environ[VARIABLE] = folder
        yield


def shared_folder() -> Path | None:
    """The folder of these workers; None where this process is alone."""
    folder = os.environ.get(VARIABLE)
    return Path(folder) if folder else None


def forget_dead_workers(folder: Path) -> None:
    """What a worker has at the moment (its connections) dies with it; what it has counted stays."""
    for file in folder.glob("gauge_live*_*.db"):
        if not psutil.pid_exists(int(file.stem.rpartition("_")[2])):
            file.unlink(missing_ok=True)
