"""PostgreSQL's own programs, as they are called for a database."""

import os
from collections.abc import Mapping, Sequence
from urllib.parse import unquote, urlsplit

from .embedded import client_program


def called(program: str, url: str, *arguments: str) -> tuple[Sequence[str], Mapping[str, str]]:
    """(command, environment). The password travels in the latter: a command line is seen by everyone on the machine."""
    parts = urlsplit(url)
    environment = {**os.environ, "LC_ALL": "C"}
    if parts.password:
        environment["PGPASSWORD"] = unquote(parts.password)
    return [str(client_program(program)), "--dbname", without_password(url), *arguments], environment


def without_password(url: str) -> str:
    parts = urlsplit(url)
    if not parts.password:
        return url
    return parts._replace(netloc=f"{parts.username or ''}@{parts.netloc.rpartition('@')[2]}").geturl()
