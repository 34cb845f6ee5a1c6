"""The calendar's days: Brazil's official ones from the package holidays, and local ones that were posted."""

from dataclasses import dataclass
from datetime import date
from importlib.metadata import version

import asyncpg
import holidays

from ..database import Connection
from ..errors import Conflict, NotFound

YEARS = range(1890, 2101)
"""The years that the package knows."""

STATES = (
    *("AC", "AL", "AM", "AP", "BA", "CE", "DF", "ES", "GO", "MA", "MG", "MS", "MT", "PA", "PB", "PE", "PI", "PR"),
    *("RJ", "RN", "RO", "RR", "RS", "SC", "SE", "SP", "TO"),
)

OPTIONAL_DAYS = {"carnaval": "Carnaval", "corpus_christi": "Corpus Christi"}
"""Values of the setting calendar_optional_days, and what the package calls these days."""

MISSING_DAYS: dict[tuple[str, str, date], tuple[str, str]] = {
    ("uf", "SP", date(2023, 11, 20)): ("Dia da Consciência Negra", "oficial"),  # Lei estadual 17.746/2023
}
"""Official days that the package does not have."""

CALENDAR_LOCK = 7_163_004


@dataclass(frozen=True)
class CalendarDay:
    id: int
    kind: str
    scope: str
    day: date
    name: str
    source: str


NewDay = tuple[str, str, date, str, str]
COLUMNS = ["kind", "scope", "day", "name", "source"]


def official_days(optional: frozenset[str]) -> list[NewDay]:
    """National, optional and state days of every year, with their names in Portuguese whatever the locale."""
    national = holidays.country_holidays("BR", years=YEARS, language="pt_BR")
    days: dict[tuple[str, str, date], tuple[str, str]] = {
        ("nacional", "", day): (name, "oficial") for day, name in national.items()
    }
    names = {OPTIONAL_DAYS[key] for key in optional}
    for day, name in holidays.country_holidays("BR", years=YEARS, language="pt_BR", categories=("optional",)).items():
        if name in names:
            days.setdefault(("nacional", "", day), (name, "facultativo"))
    for state in STATES:
        for day, name in holidays.country_holidays("BR", subdiv=state, years=YEARS, language="pt_BR").items():
            if day not in national:
                days["uf", state, day] = (name, "oficial")
    for key, value in MISSING_DAYS.items():
        days.setdefault(key, value)
    return [(*key, *value) for key, value in days.items()]


async def sync_calendar(connection: Connection, optional: frozenset[str] = frozenset()) -> bool:
    """Bring the official days up to date with the installed package and the setting; True where that changed any."""
    source = f"holidays {version('holidays')}; {', '.join(sorted(optional)) or 'no optional days'}"
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", CALENDAR_LOCK)
        if await connection.fetchval("SELECT source FROM calendar_state") == source:
            return False
        await connection.execute("DELETE FROM calendar_days WHERE source <> 'local'")
        local = {tuple(row) for row in await connection.fetch("SELECT kind, scope, day FROM calendar_days")}
        days = [day for day in official_days(optional) if day[:3] not in local]
        await connection.copy_records_to_table("calendar_days", records=days, columns=COLUMNS)
        await connection.execute("UPDATE calendar_state SET version = version + 1, source = $1", source)
    return True


LIST_DAYS = """
SELECT id, kind, scope, day, name, source FROM calendar_days
WHERE day BETWEEN make_date($1, 1, 1) AND make_date($1, 12, 31)
  AND ($2::text IS NULL OR kind = 'nacional' OR (kind = 'uf' AND scope = $2)
       OR (kind = 'polo' AND starts_with(scope, $2 || ' - ')))
ORDER BY day, kind, scope
"""

ADD_DAY = """
INSERT INTO calendar_days (kind, scope, day, name, source) VALUES ($1, $2, $3, $4, 'local')
RETURNING id, kind, scope, day, name, source
"""

REMOVE_DAY = "DELETE FROM calendar_days WHERE id = $1 RETURNING source"

CHANGED = "UPDATE calendar_state SET version = version + 1"


async def list_days(connection: Connection, year: int, uf: str | None) -> list[CalendarDay]:
    """The year's days: all of them, or those that count for a state (its polos' included)."""
    return [CalendarDay(*row) for row in await connection.fetch(LIST_DAYS, year, uf)]


async def add_local_day(connection: Connection, kind: str, scope: str, day: date, name: str) -> CalendarDay:
    """A day without work of a state ('uf') or a polo ('polo'). Raises Conflict where that day is known there."""
    try:
        async with connection.transaction():
            row = await connection.fetchrow(ADD_DAY, kind, scope, day, name)
            await connection.execute(CHANGED)
    except asyncpg.UniqueViolationError:
        raise Conflict(f"{day.isoformat()} is already a day without work there.") from None
    return CalendarDay(*row)


async def remove_local_day(connection: Connection, day_id: int) -> None:
    """Raises NotFound, and Conflict for an official day."""
    async with connection.transaction():
        source = await connection.fetchval(REMOVE_DAY, day_id)
        if source is None:
            raise NotFound("There is no calendar day with this id.")
        if source != "local":
            raise Conflict("Only local days can be removed; this one is official.")
        await connection.execute(CHANGED)
