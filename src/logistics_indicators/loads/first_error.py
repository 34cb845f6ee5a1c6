"""A TaskGroup's error as what it is."""

import contextlib
from collections.abc import AsyncIterator


@contextlib.asynccontextmanager
async def first_error() -> AsyncIterator[None]:
    """An ExceptionGroup matches no exception handler; its first error does."""
    try:
        yield
    except BaseExceptionGroup as group:
        raise group.exceptions[0] from None
