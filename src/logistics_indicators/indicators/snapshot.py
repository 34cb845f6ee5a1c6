"""One consistent view of the indicators' tables, and what a process remembers between requests."""

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date

from ..database import Connection
from ..rollup.commits import STATE_TABLES, VERSION
from ..rollup.reading import Days, fetch_first_and_last_day
from ..states import state_in_name
from .body_cache import BodyCache
from .calendar.business_days import BusinessDays, load_business_days

StateOf = Callable[[str], str | None]
"""The state of a polo, by name."""


class States:
    """States of polos. They change with the calendar's version only; new polos are read when they are met."""

    def __init__(self) -> None:
        self._version = -1
        self._known: dict[str, str | None] = {}

    async def of(self, connection: Connection, version: int, polos: Iterable[str]) -> StateOf:
        if version != self._version:
            self._version, self._known = version, {}
        known = self._known
        new = [polo for polo in polos if polo not in known]
        if new:
            known.update(await fetch_states(connection, new))
        return lambda polo: known.get(polo)


async def fetch_states(connection: Connection, polos: Sequence[str]) -> dict[str, str | None]:
    """Of these names; that of one without any visit is read from the name."""
    rows = await connection.fetch("SELECT name, uf FROM polos WHERE name = ANY($1::text[])", list(polos))
    states: dict[str, str | None] = dict(rows)
    states |= {polo: state_in_name(polo) for polo in polos if polo not in states}
    return states


@dataclass
class Memory:
    """What a process keeps between requests, all of it bounded and true at any time."""

    states: States = field(default_factory=States)
    bodies: BodyCache = field(default_factory=BodyCache)
    calendar: tuple[int, BusinessDays] | None = None


@dataclass
class Snapshot:
    """Inside one REPEATABLE READ transaction: everything that is read belongs to the same commit."""

    connection: Connection
    memory: Memory
    version: int
    calendar_version: int
    has_recent: bool
    time_zone: str
    today: date
    _bounds: Days | None = None

    async def first_and_last_day(self) -> Days | None:
        """First and last day with a visit in the whole data; None where there is no visit."""
        if self._bounds is None:
            self._bounds = await fetch_first_and_last_day(self.connection, has_recent=self.has_recent)
        return self._bounds

    async def states_of(self, polos: Iterable[str]) -> StateOf:
        """The state of each of these polos."""
        return await self.memory.states.of(self.connection, self.calendar_version, polos)

    async def business_days(self) -> BusinessDays:
        known = self.memory.calendar
        if known is not None and known[0] == self.calendar_version:
            return known[1]
        loaded = await load_business_days(self.connection)
        self.memory.calendar = (self.calendar_version, loaded)
        return loaded


# Today is the database's: processes may have clocks and time zones of their own.
STATE = f"""
SELECT {VERSION}, calendar, waiting > 0, time_zone, (now() AT TIME ZONE time_zone)::date FROM {STATE_TABLES}
"""


@asynccontextmanager
async def open_snapshot(connection: Connection, memory: Memory) -> AsyncIterator[Snapshot]:
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        yield Snapshot(connection, memory, *await connection.fetchrow(STATE))
