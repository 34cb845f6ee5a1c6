"""The reading process, measured where the tests are.

It gets no variable that asks for it, and may write no file: so coverage.py's own way, `patch = subprocess`, neither
begins nor ends there. Here it runs within its own bounds as ever, and hands what it reached to a process that has none.
"""

import os
import runpy
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from coverage import Coverage, CoverageData

ROOT = Path(__file__).parents[1]


@contextmanager
def measured_readings() -> Iterator[None]:
    """Nothing else where nothing is measured."""
    import pytest

    from logistics_indicators.loads.receiving import apart

    with pytest.MonkeyPatch.context() as patch:
        if ours := Coverage.current():
            data_file = Path(str(ours.get_option("run:data_file"))).absolute()
            patch.setattr(apart, "COMMAND", (sys.executable, "-P", __file__, str(data_file)))
        yield


# -- in the reading process --------------------------------------------------------------------------------


def read_measured() -> None:
    keeper, hand_over = begin_to_keep(sys.argv.pop(1))
    # Its folder is that of the service: what is said of paths in pyproject.toml is said once more, in full.
    coverage = Coverage(data_file=None, config_file=str(ROOT / "pyproject.toml"), source_dirs=[str(ROOT / "src")])
    coverage.start()
    os._exit = sys.exit  # type: ignore[assignment]  # which comes by here
    try:
        runpy.run_module("logistics_indicators.loads.reading", run_name="__main__", alter_sys=True)
    finally:
        coverage.stop()
        with os.fdopen(hand_over, "wb") as pipe:
            pipe.write(coverage.get_data().dumps())
        os.waitpid(keeper, 0)


def begin_to_keep(data_file: str) -> tuple[int, int]:
    """A process id, and the pipe from which that process stores what was measured; of one that is killed, nothing."""
    taken, given = os.pipe()
    if keeper := os.fork():
        os.close(taken)
        return keeper, given
    for theirs in (given, 0, 1, 2):
        os.close(theirs)
    with os.fdopen(taken, "rb") as pipe:
        if data := pipe.read():
            CoverageData(data_file, suffix=True).loads(data)
    os._exit(0)


if __name__ == "__main__":
    read_measured()
