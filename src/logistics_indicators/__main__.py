"""Where the program starts: `logistics-indicators` and `python -m logistics_indicators`."""

import os
import sys

from . import interrupted

ALLOCATORS = {
    # glibc: two arenas, and blocks of 128 KiB and more go back to the system when they are freed.
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_MMAP_THRESHOLD_": "131072",
    # jemalloc, which polars brings: one arena, and freed pages go back after a fiftieth of a second.
    "_RJEM_MALLOC_CONF": "dirty_decay_ms:20,muzzy_decay_ms:0,narenas:1",
}
"""Settings of the memory allocators, read once when a process starts. Without them it keeps the memory that parsing a
load took for a moment."""


def main() -> None:
    """The command line; `serve` starts over once, so that the allocators see their settings."""
    missing = {name: value for name, value in ALLOCATORS.items() if name not in os.environ}
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
