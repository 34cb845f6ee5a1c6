"""The official days of all 27 states against a table by hand, and what an admin changes in them.

The table was agreed from the package workalendar 17.0, the list of the Julia package Holidays.jl and the news of
the laws that moved days in 2020 and 2021; docs/figures.md says where these differ.
"""

from datetime import date, timedelta
from typing import Any

import asyncpg
import httpx
import pytest
from visits import store, visit

from logistics_indicators.indicators.calendar.business_days import NATION, Place, city_of, load_business_days
from logistics_indicators.states import STATES

YEARS = range(2019, 2028)
NATIONAL = ["01-01", "04-21", "05-01", "09-07", "10-12", "11-02", "11-15", "12-25"]

EVERY_YEAR = {
    "AC": ["06-15"],
    "AL": ["06-24", "06-29", "09-16", "11-30"],
    "AM": ["09-05"],
    "AP": ["03-19", "07-25", "09-13"],
    "BA": ["07-02"],
    "CE": ["03-19", "03-25", "08-15"],
    "DF": ["11-30"],
    "ES": [],
    "GO": ["07-26"],
    "MA": ["07-28"],
    "MG": [],
    "MS": ["10-11"],
    "MT": [],
    "PA": ["08-15"],
    "PB": ["08-05"],
    "PE": ["03-06"],
    "PI": ["10-19"],
    "PR": [],
    "RJ": ["04-23"],
    "RN": ["10-03"],
    "RO": ["01-04", "06-18"],
    "RR": ["10-05"],
    "RS": ["09-20"],
    "SC": [],
    "SE": ["07-08"],
    "SP": ["07-09"],
    "TO": ["03-18", "09-08", "10-05"],
}
TO_FRIDAY = {"AC": ["01-23", "03-08", "09-05", "11-17"]}  # Tuesdays to Thursdays move to Friday (Lei 2.247/2009)
TO_SUNDAY = {"SC": ["08-11", "11-25"]}  # Lei 12.906/2004 and 13.408/2005
BLACK_AWARENESS = {"AL": 2019, "AM": 2019, "AP": 2019, "MT": 2019, "RJ": 2019, "SP": 2023}  # national from 2024 on
MOVED = {
    "SP": (["2020-07-09"], ["2020-05-25"]),
    "BA": (["2020-07-02"], ["2020-05-25", "2020-05-26"]),
    "SE": (["2020-07-08"], ["2020-05-22"]),
    "MA": (["2020-07-28", "2021-07-28"], ["2020-05-15", "2021-03-26"]),
    "PB": (["2021-08-05"], ["2021-03-29", "2021-03-30", "2021-03-31", "2021-04-01"]),
    "RJ": (["2021-04-23"], ["2021-03-26", "2021-03-29", "2021-03-30", "2021-03-31", "2021-04-01"]),
}


def easter(year: int) -> date:
    """Gauss's rule, which holds from 1900 to 2099."""
    moon = (19 * (year % 19) + 24) % 30
    sunday = (2 * (year % 4) + 4 * (year % 7) + 6 * moon + 5) % 7
    day = date(year, 3, 22) + timedelta(moon + sunday)
    late = day == date(year, 4, 26) or (day == date(year, 4, 25) and moon == 28 and year % 19 > 10)
    return day - timedelta(7) if late else day


def expected_days(uf: str | None, year: int) -> set[date]:
    def on(days: list[str]) -> set[date]:
        return {date.fromisoformat(f"{year}-{day}") for day in days}

    days = on(NATIONAL) | {easter(year) - timedelta(2)}
    if year >= 2024:
        days |= on(["11-20"])
    if uf is None:
        return days
    days |= on(EVERY_YEAR[uf])
    for day in on(TO_FRIDAY.get(uf, [])):
        days.add(day + timedelta(4 - day.weekday()) if day.weekday() in (1, 2, 3) else day)
    for day in on(TO_SUNDAY.get(uf, [])):
        days.add(day + timedelta(6 - day.weekday()))
    if BLACK_AWARENESS.get(uf, 9999) <= year:
        days |= on(["11-20"])
    if uf == "ES" and year >= 2020:
        days.add(easter(year) + timedelta(8))
    if uf == "RJ":
        days.add(easter(year) - timedelta(47))
    gone, added = MOVED.get(uf, ([], []))
    days -= {date.fromisoformat(day) for day in gone if day.startswith(str(year))}
    return days | {date.fromisoformat(day) for day in added if day.startswith(str(year))}


@pytest.mark.parametrize("uf", [None, *STATES])
async def test_the_days_of_nine_years_are_those_of_the_agreed_table(
    connection: asyncpg.Connection, uf: str | None
) -> None:
    days = await load_business_days(connection)
    stored = await connection.fetch(
        "SELECT day FROM calendar_days WHERE kind = 'nacional' OR (kind = 'uf' AND scope = $1)", uf
    )
    for year in YEARS:
        expected = expected_days(uf, year)
        assert {row["day"] for row in stored if row["day"].year == year} == expected
        first, last = date(year, 1, 1), date(year, 12, 31)
        every = (first + timedelta(i) for i in range((last - first).days + 1))
        working = sum(day.weekday() < 5 and day not in expected for day in every)
        assert days.between(first, last, Place(uf, None) if uf else NATION) == working


async def test_the_last_year_that_a_visit_may_have_has_its_holidays(connection: asyncpg.Connection) -> None:
    days = await load_business_days(connection)
    for year in (2101, 2150, 2199):
        fixed = [*NATIONAL, "11-20"]
        off = {date.fromisoformat(f"{year}-{day}") for day in fixed}
        weekdays_off = sum(day.weekday() < 5 for day in off) + 1  # Good Friday
        first, last = date(year, 1, 1), date(year, 12, 31)
        weekdays = sum((first + timedelta(i)).weekday() < 5 for i in range((last - first).days + 1))
        assert days.between(first, last) == weekdays - weekdays_off


@pytest.fixture
async def admin(client_as: Any) -> httpx.AsyncClient:
    made: httpx.AsyncClient = await client_as("admin")
    return made


POLOS = ["CE - SOBRAL", "CE - SOBRAL 010", "CE - CRATO", "SP - SANTOS", "SEM ESTADO"]
MARCH = {"start_date": "2021-04-19", "end_date": "2021-04-23", "calendario": "uf"}  # Tiradentes is a Wednesday


@pytest.fixture
async def stored(connection: asyncpg.Connection) -> None:
    await store(connection, [visit("Ana", polo, "2021-04-20", "2021-04-20T10:00:00") for polo in POLOS])


async def days_of_polos(client: httpx.AsyncClient) -> list[int]:
    rows = (await client.get("/v1/indicators/productivity/polo", params=MARCH)).json()["produtividade_polo"]
    days = {row["polo"]: row["dias_uteis"] for row in rows}
    return [days[polo] for polo in POLOS]


TIRADENTES = "2021-04-21"
CARNIVAL = ("2021-02-15", "2021-02-16")
PLACES: list[tuple[dict[str, str], list[int]]] = [
    ({"scope": "nacional"}, [1, 1, 1, 1, 1]),
    ({"uf": "CE"}, [1, 1, 1, 0, 0]),
    ({"uf": "CE", "cidade": "sobral"}, [1, 1, 0, 0, 0]),
    ({"polo": "CE - SOBRAL 010"}, [0, 1, 0, 0, 0]),
    ({"polo": "SEM ESTADO"}, [0, 0, 0, 0, 1]),
]


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize(("place", "changed"), PLACES)
async def test_an_admin_takes_a_day_away_or_adds_one_at_every_width(
    admin: httpx.AsyncClient, place: dict[str, str], changed: list[int]
) -> None:
    assert await days_of_polos(admin) == [4] * 5
    etag = (await admin.get("/v1/indicators/productivity")).headers["etag"]
    taken = await admin.post("/v1/calendar", json={**place, "day": TIRADENTES, "kind": "remove"})
    assert taken.status_code == 201, taken.text
    assert (taken.json()["name"], taken.json()["kind"], taken.json()["source"]) == ("Tiradentes", "remove", "local")
    assert await days_of_polos(admin) == [4 + n for n in changed]
    again = await admin.post("/v1/calendar", json={**place, "day": TIRADENTES, "kind": "remove"})
    assert again.status_code == 409
    added = await admin.post("/v1/calendar", json={**place, "day": "2021-04-22", "name": "Festa"})
    assert added.status_code == 201, added.text
    assert await days_of_polos(admin) == [4] * 5
    assert (await admin.delete(f"/v1/calendar/{taken.json()['id']}")).status_code == 204
    assert await days_of_polos(admin) == [4 - n for n in changed]
    assert (await admin.delete(f"/v1/calendar/{added.json()['id']}")).status_code == 204
    assert await days_of_polos(admin) == [4] * 5
    assert (await admin.get("/v1/indicators/productivity")).headers["etag"] != etag
    audit = (await admin.get("/v1/audit")).json()["audit"]
    assert [entry["action"] for entry in audit] == [
        "calendar_change_undone",
        "calendar_change_undone",
        "calendar_day_added",
        "calendar_day_taken_away",
    ]
    assert {entry["detail"]["day"] for entry in audit} == {TIRADENTES, "2021-04-22"}


@pytest.mark.usefixtures("stored")
async def test_the_narrowest_calendar_that_says_anything_counts(admin: httpx.AsyncClient) -> None:
    for place, kind in (
        ({"scope": "nacional"}, "remove"),
        ({"uf": "CE"}, "add"),
        ({"uf": "CE", "cidade": "Sobral"}, "remove"),
        ({"polo": "CE - SOBRAL 010"}, "add"),
    ):
        body = {**place, "day": TIRADENTES, "kind": kind, "name": "x"}
        assert (await admin.post("/v1/calendar", json=body)).status_code == 201, body
    assert await days_of_polos(admin) == [5, 4, 4, 5, 5]


@pytest.mark.usefixtures("stored")
async def test_deleting_an_official_day_takes_it_away_and_can_be_undone(admin: httpx.AsyncClient) -> None:
    async def listed() -> list[dict[str, Any]]:
        days = (await admin.get("/v1/calendar?ano=2021&uf=CE")).json()["calendario"]
        return [day for day in days if day["day"] == TIRADENTES]

    (official,) = await listed()
    assert (official["source"], official["kind"], official["scope"]) == ("oficial", "add", "nacional")
    assert (await admin.delete(f"/v1/calendar/{official['id']}")).status_code == 204
    assert (await admin.delete(f"/v1/calendar/{official['id']}")).status_code == 409
    (taken,) = await listed()
    assert (taken["source"], taken["kind"], taken["name"]) == ("local", "remove", "Tiradentes")
    assert await days_of_polos(admin) == [5] * 5
    assert (await admin.delete(f"/v1/calendar/{taken['id']}")).status_code == 204
    assert await listed() == [official]
    assert await days_of_polos(admin) == [4] * 5


async def test_changes_outlive_other_settings_and_a_day_that_stood_in_for_an_official_one_gives_way_again(
    admin: httpx.AsyncClient,
) -> None:
    body = {"scope": "nacional", "day": "2021-02-15", "name": "Folga"}
    made = (await admin.post("/v1/calendar", json=body)).json()
    assert (await admin.put("/v1/indicators/settings", json={"optional_days": ["carnaval"]})).status_code == 200

    async def carnival() -> list[str]:
        days = (await admin.get("/v1/calendar?ano=2021")).json()["calendario"]
        return [day["source"] for day in days if day["day"] in CARNIVAL and day["scope"] == "nacional"]

    assert await carnival() == ["local", "facultativo"]
    assert (await admin.delete(f"/v1/calendar/{made['id']}")).status_code == 204
    assert await carnival() == ["facultativo", "facultativo"]


def test_a_polos_city_is_between_its_state_and_its_number() -> None:
    names = ["CE - JUAZEIRO DO NORTE", "CE - Juazeiro do Norte 010", "CE – JUAZEIRO DO NORTE", "CE/JUAZEIRO DO NORTE 2"]
    assert {city_of(name).upper() for name in names} == {"JUAZEIRO DO NORTE"}
    assert city_of("CENTRO 1") == "CENTRO"
