"""What a client is told where a constraint of the database stopped a write."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import asyncpg

from .errors import Conflict, Problem, Unprocessable

PROBLEMS: Mapping[str, Callable[[], Problem]] = {
    "customers_email_key": lambda: Conflict("Another customer has this email already."),
    "services_id_cliente_fkey": lambda: Unprocessable.field(
        "body", "id_cliente", msg="there is no customer with this id"
    ),
}


@contextmanager
def constraints_translated() -> Iterator[None]:
    """Turns a violation of a constraint named above into its problem; any other goes on as it is."""
    try:
        yield
    except asyncpg.IntegrityConstraintViolationError as error:
        problem = PROBLEMS.get(error.constraint_name or "")
        if problem is None:
            raise
        raise problem() from None
