"""Connections that a pooler lends us (pgbouncer with `pool_mode = transaction`): the server's session is ours for one
transaction, and the next one may be in another session. So nothing may be left in a session: no setting, no prepared
statement.

Only requests are answered so. Work on loads holds a transaction, and within it asks for a session more: where those who
wait for what it has locked had borrowed all of them, it would wait for those who wait for it.
"""

from collections.abc import Mapping
from typing import Any

import asyncpg

KEPT_BY_POOLERS = frozenset({"application_name", "datestyle", "timezone"})
"""What pgbouncer keeps for each of its clients, and sets again in the session that it lends."""


def connecting(session: Mapping[str, str], *, lent: bool) -> dict[str, Any]:
    """What asyncpg takes beside a URL, so that a session has these settings, or each transaction of a lent one."""
    if not lent:
        return {"server_settings": dict(session)}
    kept = {name: value for name, value in session.items() if name in KEPT_BY_POOLERS}
    each_time = {name: value for name, value in session.items() if name not in KEPT_BY_POOLERS}
    return {"server_settings": kept, "connection_class": _lent_with(each_time), "statement_cache_size": 0}


def _lent_with(settings: Mapping[str, str]) -> type[Any]:
    """asyncpg begins a transaction by a statement of its own; the settings go with it, at no price.

    A statement outside of a transaction has none of them: that it ends in time is seen to by asyncpg's
    command_timeout alone.
    """
    begin = "".join(f" SET LOCAL {name} = '{value}';" for name, value in settings.items())

    class LentConnection(asyncpg.Connection):  # type: ignore[misc]
        async def execute(self, query: str, *args: Any, timeout: float | None = None) -> str:
            if query.startswith("BEGIN"):
                query += begin
            status: str = await super().execute(query, *args, timeout=timeout)
            return status

        def get_reset_query(self) -> str:
            return ""

    return LentConnection
