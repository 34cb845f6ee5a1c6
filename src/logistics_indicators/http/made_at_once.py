"""Dataclasses as dependencies. FastAPI alone would make them in a thread, which takes as long as a small answer."""

from collections.abc import Awaitable, Callable
from functools import cache, wraps
from typing import Any, TypeVar

T = TypeVar("T")


@cache
def made_at_once(declared: type[T]) -> Callable[..., Awaitable[T]]:
    """Dependency: one of these, whose fields are parameters of the request. The same for the same class."""

    @wraps(declared, updated=())
    async def make(**fields: Any) -> T:
        return declared(**fields)

    return make
