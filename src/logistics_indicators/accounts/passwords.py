"""Passwords: argon2id, in threads of their own, and the ones that are too common to be one."""

import ast
import asyncio
import importlib.util
import os
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

from passlib.hash import argon2

from ..errors import TooManyRequests, Unprocessable

SHORTEST, LONGEST = 8, 128

HASH = argon2.using(type="ID", memory_cost=46 * 1024, rounds=1, parallelism=1)  # type: ignore[no-untyped-call]
"""OWASP's first choice for argon2id: 46 MiB, one pass; about 50 ms of a core."""

MOST_WAITING = 64
"""Hashes that may be queued or running in a process; more are told to come back."""

DUMMY_HASH: str = HASH.hash("the password of nobody")

LOCAL_FAVOURITES = frozenset(
    (
        *("mudar123", "senha1234", "senha12345", "brasil123", "brasil10", "flamengo", "corinthians", "palmeiras"),
        *("saopaulo", "teamo123", "euteamo1", "logistica", "logistica123", "admin1234", "admin12345"),
        *("administrador", "qwerty12", "qwerty1234", "abcdefgh", "aaaaaaaa"),
    )
)

_threads = ThreadPoolExecutor(max_workers=max(2, os.cpu_count() or 2), thread_name_prefix="argon2")
_waiting = 0


@cache
def common_passwords() -> str:
    """zxcvbn's list, a comma before and after each. Its module is read, not imported: as lists it takes 12 MB."""
    package = importlib.util.find_spec("zxcvbn")
    assert package is not None
    source = Path(str(package.origin)).with_name("frequency_lists.py").read_text()
    lists = next(node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Dict))
    named = {ast.literal_eval(key): value for key, value in zip(lists.keys, lists.values, strict=True) if key}
    words = max((str(node.value) for node in ast.walk(named["passwords"]) if isinstance(node, ast.Constant)), key=len)
    return f",{words},"


def refuse_common(password: str, field: str = "password") -> None:
    """Raises Unprocessable for a password that a guesser tries first."""
    word = password.lower()
    if word in LOCAL_FAVOURITES or ("," not in word and f",{word}," in common_passwords()):
        raise Unprocessable.field("body", field, msg="this password is too common; take another")


async def hash_password(password: str) -> str:
    return str(await _in_thread(HASH.hash, password))


async def verify_password(password: str, password_hash: str | None) -> bool:
    """Takes as long for a user who does not exist (None), or who can not sign in, as for one who can."""
    usable = password_hash if password_hash and HASH.identify(password_hash) else None
    matches = bool(await _in_thread(HASH.verify, password, usable or DUMMY_HASH))
    return matches and usable is not None


def needs_new_hash(password_hash: str) -> bool:
    """True where the hash was made with other costs than today's."""
    return bool(HASH.needs_update(password_hash))


async def _in_thread(function: object, *arguments: str) -> object:
    global _waiting
    if _waiting >= MOST_WAITING:
        raise TooManyRequests("Too many sign-ins at once.", headers={"Retry-After": "1"})
    _waiting += 1
    try:
        return await asyncio.get_running_loop().run_in_executor(_threads, function, *arguments)  # type: ignore[arg-type]
    finally:
        _waiting -= 1
