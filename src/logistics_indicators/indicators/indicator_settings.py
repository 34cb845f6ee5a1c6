"""What the figures depend on beside the visits and the calendar: one row in the database, for every process."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ..database import Connection, Lock, lock
from ..errors import Unprocessable
from .calendar.days import replace_national_days


@dataclass(frozen=True)
class IndicatorSettings:
    version: int
    time_zone: str
    optional_days: list[str]
    changed_at: datetime | None
    changed_by: str | None


READ = "SELECT version, time_zone, optional_days, changed_at, changed_by FROM indicator_settings"

CHANGE = """
UPDATE indicator_settings
SET version = version + 1, time_zone = $1, optional_days = $2, changed_at = LOCALTIMESTAMP(0), changed_by = $3
"""

IS_TIME_ZONE = "SELECT EXISTS (SELECT FROM pg_timezone_names WHERE name = $1)"


async def read_settings(connection: Connection) -> IndicatorSettings:
    return IndicatorSettings(*await connection.fetchrow(READ))


async def change_settings(
    connection: Connection, *, time_zone: str | None, optional_days: Sequence[str] | None, username: str
) -> tuple[IndicatorSettings, IndicatorSettings]:
    """Before and after, in the caller's transaction; None keeps. Raises Unprocessable for an unknown time zone."""
    if time_zone is not None and not await connection.fetchval(IS_TIME_ZONE, time_zone):
        raise Unprocessable.field("body", "time_zone", msg="no time zone of this name; one is America/Sao_Paulo")
    await lock(connection, Lock.calendar)
    before = await read_settings(connection)
    zone = time_zone or before.time_zone
    days = before.optional_days if optional_days is None else sorted(set(optional_days))
    if (zone, days) == (before.time_zone, before.optional_days):
        return before, before
    await connection.execute(CHANGE, zone, days, username)
    if days != before.optional_days:
        await replace_national_days(connection)
    return before, await read_settings(connection)
