"""Tens of thousands of polos, and changes of the calendar, hold up nobody."""

import asyncio
import threading
from datetime import date

import asyncpg
import pytest
from conftest import ClientAs

from logistics_indicators.indicators.calendar import days as calendar
from logistics_indicators.indicators.calendar import official_days as official_days_module
from logistics_indicators.indicators.calendar.business_days import BusinessDays, Place
from logistics_indicators.indicators.calendar.official_days import national_days, official_days
from logistics_indicators.states import STATES

RANGES = [(date(2021, month, 1), date(2021, month, 28)) for month in range(1, 13)]
OFF = {
    ("nacional", ""): {date(2021, 9, 7)},
    ("uf", "CE"): {date(2021, 3, 25)},
    ("cidade", "CE - SOBRAL"): {date(2021, 7, 5)},
    ("polo", "SP - CIDADE 00025"): {date(2021, 1, 25)},
}
ALL_DAYS = "SELECT * FROM calendar_days ORDER BY id"
WORKS = {("polo", "CE - SOBRAL 001"): {date(2021, 3, 25)}}


def plain_count(place: Place, first: date, last: date) -> int:
    """Day by day, from the widest calendar to the narrowest."""
    days = [date.fromordinal(n) for n in range(first.toordinal(), last.toordinal() + 1)]
    count = 0
    for day in days:
        off = day.weekday() > 4
        for level in place.levels:
            off = day.weekday() > 4 or ((off or day in OFF.get(level, set())) and day not in WORKS.get(level, set()))
        count += not off
    return count


async def test_thirty_thousand_polos_share_the_lists_of_their_states() -> None:
    counter = BusinessDays(OFF, WORKS)
    polos = [f"{STATES[n % 27]} - CIDADE {n:05d}" for n in range(30_000)]
    places = [Place(polo[:2], polo) for polo in polos]
    places += [Place("CE", "CE - SOBRAL 001"), Place("CE", "CE - SOBRAL 002"), Place("CE", None), Place(None, "X")]
    found = await counter.of_each(RANGES, places)
    assert counter._off_at.cache_info().misses <= 6  # the lists that differ, not one a polo
    for index in (*range(0, 30_000, 1009), 25, *range(-4, 0)):
        assert found[index] == [plain_count(places[index], *days) for days in RANGES], places[index]
        assert found[index] == [counter.between(*days, places[index]) for days in RANGES]


async def test_a_change_of_the_optional_days_holds_up_nobody(
    client_as: ClientAs, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = await client_as("admin")
    begun, others_went_on = threading.Event(), threading.Event()

    def slowly(optional: frozenset[str], years: range) -> object:
        begun.set()
        assert others_went_on.wait(60)
        return national_days(optional, years)

    async def go_on() -> None:
        while not begun.is_set():
            await asyncio.sleep(0.01)
        others_went_on.set()

    monkeypatch.setattr(calendar, "national_days", slowly)
    others = asyncio.create_task(go_on())
    answer = await admin.put("/v1/indicators/settings", json={"optional_days": ["carnaval"]})
    await others
    assert answer.status_code == 200
    days = (await admin.get("/v1/calendar?ano=2021")).json()["calendario"]
    assert "Carnaval" in {day["name"] for day in days}


async def test_who_changes_the_optional_days_does_not_wait_for_those_of_the_states(
    client_as: ClientAs, connection: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = await client_as("admin")
    before = await connection.fetch(ALL_DAYS)
    choices = [["carnaval"], ["carnaval", "corpus_christi"], []]
    wanted = [official_days(frozenset(optional)).keys() for optional in choices]
    monkeypatch.delattr(official_days_module, "_state_days")
    for optional, keys in zip(choices, wanted, strict=True):
        changed = await admin.put("/v1/indicators/settings", json={"optional_days": optional})
        assert changed.status_code == 200
        days = await connection.fetch(ALL_DAYS)
        assert {(day["kind"], day["scope"], day["day"]) for day in days} == keys
        assert set(before) <= set(days)  # with the ids that they had
    assert days == before


async def test_who_removes_a_day_waits_for_its_year_alone(client_as: ClientAs, monkeypatch: pytest.MonkeyPatch) -> None:
    admin = await client_as("admin")
    asked = []

    def told(optional: frozenset[str], years: range) -> object:
        asked.append(years)
        return official_days(optional, years)

    monkeypatch.setattr(calendar, "official_days", told)
    made = await admin.post("/v1/calendar", json={"uf": "CE", "day": "2020-07-08", "name": "Véspera"})
    assert (await admin.delete(f"/v1/calendar/{made.json()['id']}")).status_code == 204
    assert asked == [range(2020, 2021)]


def test_the_official_days_of_a_year_are_those_of_all_that_are_in_it() -> None:
    for optional in (frozenset[str](), frozenset({"carnaval", "corpus_christi"})):
        of_all = official_days(optional)
        for year in (1900, 2020, 2021, 2023, 2199):
            in_year = {key: value for key, value in of_all.items() if key.day.year == year}
            assert dict(official_days(optional, range(year, year + 1))) == in_year
