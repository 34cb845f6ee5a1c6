"""Where the program starts: `logistics-indicators` and `python -m logistics_indicators`."""

import os
import sys

from . import interrupted

READ_AT_START = {
    # glibc: one arena, at whose end 2 MiB may stay when they are free; blocks of 8 MiB and more go back at once. What
    # goes back comes again page by page: with less kept, a tenth of a load's time went there.
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": "8388608",
    "MALLOC_TRIM_THRESHOLD_": "2097152",
    # jemalloc, which polars brings: one arena for all threads, and freed pages go back after a fiftieth of a second.
    "_RJEM_MALLOC_CONF": "dirty_decay_ms:20,muzzy_decay_ms:0,narenas:1,tcache:false",
    # polars: a chunk is too small to be worth a second thread, and load workers are side by side as it is.
    "POLARS_MAX_THREADS": "1",
}
"""Settings that are read once, when a process starts. Without those of the memory allocators it keeps what parsing a
load took for a moment."""


def main() -> None:
    """The command line; `serve` starts over once, so that READ_AT_START is seen."""
    missing = {name: value for name, value in READ_AT_START.items() if name not in os.environ}
    if sys.argv[1:2] == ["serve"] and missing and sys.platform == "linux":
        command = [sys.executable, "-m", "logistics_indicators", *sys.argv[1:]]
        os.execve(sys.executable, command, os.environ | missing)  # noqa: S606
    try:
        from .cli import main as run

        run()
    except KeyboardInterrupt:  # while the program is imported, which takes a moment
        sys.stderr.write(f"{interrupted.SAID}\n")
        sys.exit(interrupted.EXIT_CODE)


if __name__ == "__main__":
    main()
