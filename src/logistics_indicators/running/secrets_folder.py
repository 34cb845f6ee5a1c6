"""The secret that signs the tokens: the one that is set, or the one that an embedded database's folder holds."""

import os
import secrets
import stat
import tempfile
from pathlib import Path

from ..keys import WeakKey, require_strong_key
from ..settings import Settings

FILE_NAME = "jwt_secret_key"
LONGEST_FILE = 4096
OPEN_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
"""No link is followed, and a pipe put in the file's place is not waited for."""


class UnusableSecret(Exception):
    """The file of the secret is not what we made, or not any more; the message says what to do."""


def signing_secret(settings: Settings) -> str:
    """Raises UnusableSecret."""
    if settings.jwt_secret_key is not None:
        return settings.jwt_secret_key.get_secret_value()
    return generated_secret(_path(settings))


def check_stored_secret(settings: Settings) -> None:
    """Raises UnusableSecret for a bad secret in the folder; where there is none yet, none is made."""
    if settings.jwt_secret_key is None and os.path.lexists(_path(settings)):
        generated_secret(_path(settings))


def _path(settings: Settings) -> Path:
    return settings.data_dir.expanduser() / FILE_NAME


def generated_secret(path: Path) -> str:
    """The secret in `path` (mode 0600), generated the first time; processes that start at once agree on one."""
    if not os.path.lexists(path):
        _generate(path)
    try:
        return require_strong_key(_read(path))
    except WeakKey as error:
        raise UnusableSecret(
            f"{path} holds no usable key: {error.args[0]}, or delete the file: the next start makes a new one, and "
            "everybody signs in again."
        ) from None


def _generate(path: Path) -> None:
    descriptor, name = tempfile.mkstemp(prefix=f"{path.name}.", dir=path.parent)  # mode 0600, follows no link
    draft = Path(name)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(48))
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    except FileExistsError:
        pass  # another process was first
    finally:
        draft.unlink()


def _read(path: Path) -> str:
    try:
        descriptor = os.open(path, OPEN_FLAGS)
    except OSError as error:
        raise UnusableSecret(
            f"{path} cannot be read ({error.strerror}). It must be a plain file of the user who runs the service; "
            "delete what is there, and the next start makes a new key."
        ) from None
    try:
        _require_private(path, os.fstat(descriptor))
        return os.read(descriptor, LONGEST_FILE).decode("latin-1").strip(" \t\r\n")
    finally:
        os.close(descriptor)


def _require_private(path: Path, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise UnusableSecret(f"{path} is no plain file. Delete it; the next start makes a new key.")
    if found.st_uid != os.geteuid():
        raise UnusableSecret(
            f"{path} belongs to another user (uid {found.st_uid}), who can know or change it. Delete it, or, if it was "
            f"you who copied it there: chown {os.geteuid()} {path}"
        )
    if found.st_mode & 0o077:
        raise UnusableSecret(
            f"{path} is open to others (mode {stat.S_IMODE(found.st_mode):04o}). If nobody else can have read it: "
            f"chmod 600 {path}. Otherwise delete it; the next start makes a new key."
        )
