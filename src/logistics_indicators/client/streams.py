"""Paths by which a person names a stream that this process has open already, as /dev/stdout.

Opened by its path, a file behind it would be written twice from where it began: once by us, once by whatever else the
command prints. So it is written into through the descriptor, which knows how far it is.
"""

import os
import re
from pathlib import Path

STANDARD_OUTPUT = 1
DASH = Path("-")


def descriptor_named(file: Path) -> int | None:
    """Of ours: /dev/stdout, /dev/stderr, /dev/fd/1, /proc/self/fd/1; - is the standard output. None for all else."""
    if file == DASH:
        return STANDARD_OUTPUT
    try:
        found = re.fullmatch(rf"/proc/{os.getpid()}(?:/task/\d+)?/fd/(\d{{1,9}})", str(_place(file)))
    except (OSError, RuntimeError):  # links in a circle, before Python 3.13 and since
        return None
    return int(found[1]) if found else None


def is_standard_output(file: Path) -> bool:
    return descriptor_named(file) == STANDARD_OUTPUT


def _place(file: Path) -> Path:
    """Without the system's own links on the way, of which /dev/stdout is one; the last is the descriptor itself."""
    place = file.parent.resolve() / file.name
    if place.parent == Path("/dev") and place.is_symlink():
        target = place.parent / place.readlink()
        return target.parent.resolve() / target.name
    return place
