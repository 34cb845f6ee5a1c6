"""Uploads under way, remembered on this machine: a file for each, so that programs that run at once disturb none."""

import contextlib
import os
import re
import tempfile
from pathlib import Path

MOST = 100
"""The oldest are forgotten beyond that; their service forgets them after a day in any case."""

ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
LONGEST = 36


def state_folder() -> Path:
    """Of this user and program, as the XDG base directories have it."""
    return Path(os.environ.get("XDG_STATE_HOME") or "~/.local/state").expanduser() / "logistics-indicators" / "uploads"


class Remembered:
    """The id of one upload. Where the folder cannot be used, nothing is remembered, and every upload is a new one."""

    def __init__(self, key: str) -> None:
        """key: what is sent where, in hexadecimal digits."""
        self._path = state_folder() / key

    def upload_id(self) -> str | None:
        try:
            with self._path.open("rb") as file:
                found = file.read(LONGEST).decode("latin-1")
        except OSError:
            return None
        return found if ID.fullmatch(found) else None

    def remember(self, upload_id: str) -> None:
        """In a file that is there whole or not at all, and for its owner alone."""
        with contextlib.suppress(OSError):
            folder = self._path.parent
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor, draft = tempfile.mkstemp(dir=folder)
            with os.fdopen(descriptor, "w") as file:
                file.write(upload_id)
            Path(draft).replace(self._path)
            _forget_the_oldest(folder)

    def forget(self) -> None:
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)


def _forget_the_oldest(folder: Path) -> None:
    by_age = sorted(folder.iterdir(), key=lambda path: path.lstat().st_mtime_ns)
    for path in by_age[:-MOST]:
        path.unlink(missing_ok=True)
