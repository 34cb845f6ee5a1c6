"""Files on this machine that are there whole or not at all."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FOR_ALL = 0o666
"""As far as the umask lets them."""

FOR_US = 0o600


@contextmanager
def unfinished(file: Path, mode: int = FOR_ALL) -> Iterator[Path]:
    """An empty file beside it, which takes its name at the end, and is gone after an error. Raises OSError.

    It is new, and no link is followed: in a folder of many, others may have laid something in the way.
    """
    path = file.with_name(f"{file.name}.{secrets.token_hex(4)}.unfinished")
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode))
    try:
        yield path
        path.replace(file)
    finally:
        path.unlink(missing_ok=True)
