"""PostgreSQL's own programs, as they are called for a database."""

import os
from collections.abc import Mapping, Sequence
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from .embedded import client_program
from .local_database import CommandFailed

SECRETS = frozenset({"password", "sslpassword"})
UNSAFE = "The passphrase of a key cannot be in a URL here: every user of the machine would see it. Use a key without."


def called(program: str, url: str, *arguments: str) -> tuple[Sequence[str], Mapping[str, str]]:
    """(command, environment). The password travels in the latter: a command line is seen by everyone on the machine.

    Raises CommandFailed where the URL holds a secret that cannot travel so.
    """
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    if query.get("sslpassword"):
        raise CommandFailed(UNSAFE)
    environment = {**os.environ, "LC_ALL": "C"}
    if password := query.get("password") or unquote(parts.password or ""):
        environment["PGPASSWORD"] = password
    return [str(client_program(program)), "--dbname", without_password(url), *arguments], environment


def without_password(url: str) -> str:
    """In either of the two places where PostgreSQL takes one."""
    parts = urlsplit(url)
    if parts.password:
        parts = parts._replace(netloc=f"{parts.username or ''}@{parts.netloc.rpartition('@')[2]}")
    kept = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name not in SECRETS]
    return parts._replace(query=urlencode(kept)).geturl()
