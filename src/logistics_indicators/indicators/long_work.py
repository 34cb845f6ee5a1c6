"""What takes long with many rows is done in a thread, so that every other request goes on meanwhile."""

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

FEW = 2_000
"""Rows, or counts: some milliseconds, which hold up nobody."""

P = ParamSpec("P")
T = TypeVar("T")


async def off_the_loop(size: int, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """The result of the work, which is of so many rows."""
    if size <= FEW:
        return work(*args, **kwargs)
    return await asyncio.to_thread(work, *args, **kwargs)
