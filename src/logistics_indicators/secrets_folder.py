"""The secret that a service with an embedded database makes for itself."""

import os
import secrets
from pathlib import Path


def generated_secret(path: Path) -> str:
    """The secret in `path` (mode 0600), generated the first time; processes that start at once agree on one."""
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        pass
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_urlsafe(48))
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)  # fails where another process was first
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return path.read_text().strip()
