"""The page's files as they are sent: each is made once and packed once."""

import gzip
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path

from .linking import in_order, linked, relinked

FOLDER = Path(__file__).resolve().parent / "assets"
FILES: Mapping[str, Path] = {
    path.relative_to(FOLDER).as_posix(): path for path in sorted(FOLDER.rglob("*")) if path.is_file()
}
"""By their names below the folder: nothing else is ever read."""

LINKED = "first.js"
"""Is no file: the modules that main.js needs, made into one."""

EARLY = "early.js"
"""Is asked for beside it, and does not wait for it."""


@cache
def sources() -> Mapping[str, str]:
    return {name: path.read_text("utf-8") for name, path in FILES.items() if path.suffix == ".js"}


@cache
def early_modules() -> tuple[str, ...]:
    return tuple(in_order(sources(), EARLY))


@cache
def first_modules() -> tuple[str, ...]:
    return tuple(in_order(sources(), "main.js"))


@cache
def body_of(name: str) -> bytes:
    """Raises KeyError where there is none."""
    if name == LINKED:
        return linked(sources(), first_modules(), early_modules()).encode()
    if name in sources() and name not in first_modules():
        later = set(first_modules()) - set(early_modules())
        return relinked(sources()[name], name, LINKED, later).encode()
    return FILES[name].read_bytes()


@cache
def packed(name: str) -> bytes:
    return gzip.compress(body_of(name), mtime=0)


def hash_of_files() -> str:
    """Another one where anything is different."""
    digest = sha256()
    for name in (*FILES, LINKED):
        digest.update(name.encode() + b"\0" + body_of(name))
    return digest.hexdigest()[:16]
