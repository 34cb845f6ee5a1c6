"""Business days against a table written by hand from the laws, and the calendar's routes."""

from datetime import date
from typing import Any

import asyncpg
import httpx
import pytest
from visits import store, visit

from logistics_indicators.indicators.calendar.business_days import NATION, Place, load_business_days, weekdays_between


@pytest.fixture
async def admin(client_as: Any) -> httpx.AsyncClient:
    made: httpx.AsyncClient = await client_as("admin")
    return made


PRODUCTIVITY = "/v1/indicators/productivity"

SP = Place("SP", None)
CE = Place("CE", None)

# Months from July 2020 to June 2021: weekdays, then the national holidays on weekdays (Lei 662/1949, 6.802/1980,
# 10.607/2002, Good Friday): 7 Sep Mon, 12 Oct Mon, 2 Nov Mon, 25 Dec Fri, 1 Jan Fri, 2 Apr Fri, 21 Apr Wed;
# 15 Nov 2020 was a Sunday, 1 May 2021 a Saturday.
NATIONAL_MONTHS = {
    (2020, 7): 23,
    (2020, 8): 21,
    (2020, 9): 21,
    (2020, 10): 21,
    (2020, 11): 20,
    (2020, 12): 22,
    (2021, 1): 20,
    (2021, 2): 20,
    (2021, 3): 23,
    (2021, 4): 20,
    (2021, 5): 21,
    (2021, 6): 22,
}

RANGES = [
    (date(2020, 7, 1), date(2021, 6, 30), NATION, 254),
    # SP: 9 Jul 2020 was a Thursday (Lei estadual 9.497/1997), moved to Monday, 25 May (Lei 17.264/2020)
    (date(2020, 7, 1), date(2021, 6, 30), SP, 254),
    (date(2020, 7, 1), date(2020, 7, 31), SP, 23),
    (date(2020, 5, 1), date(2020, 5, 31), SP, 19),
    (date(2022, 7, 1), date(2022, 7, 31), SP, 21),
    (date(2021, 7, 1), date(2021, 7, 31), SP, 21),
    # CE: 19 and 25 Mar 2021 were a Friday and a Thursday; 15 Aug 2020 was a Saturday
    (date(2020, 7, 1), date(2021, 6, 30), CE, 252),
    (date(2021, 3, 1), date(2021, 3, 31), CE, 21),
    # only a weekend; a single holiday; a holiday on a Saturday; one business day; an empty range
    (date(2021, 6, 26), date(2021, 6, 27), NATION, 0),
    (date(2021, 4, 21), date(2021, 4, 21), NATION, 0),
    (date(2021, 5, 1), date(2021, 5, 1), NATION, 0),
    (date(2021, 6, 30), date(2021, 6, 30), NATION, 1),
    (date(2021, 6, 30), date(2021, 6, 29), NATION, 0),
    # 20 Nov, Black Awareness Day: national from 2024 on (Lei 14.759/2023). Mondays 2023, Wednesday 2024, Thursday 2025
    (date(2023, 11, 20), date(2023, 11, 20), NATION, 1),
    (date(2024, 11, 20), date(2024, 11, 20), NATION, 0),
    (date(2025, 11, 20), date(2025, 11, 20), NATION, 0),
    # it was a state holiday of SP in 2023 already (Lei estadual 17.746/2023)
    (date(2023, 11, 20), date(2023, 11, 20), SP, 0),
    # a leap day that was a Saturday, and the week around it; Carnival is no holiday by law
    (date(2020, 2, 24), date(2020, 3, 1), NATION, 5),
]


@pytest.mark.parametrize(("first", "last", "place", "expected"), RANGES)
async def test_business_days_equal_a_table_made_by_hand(
    connection: asyncpg.Connection, first: date, last: date, place: Place, expected: int
) -> None:
    days = await load_business_days(connection)
    assert days.between(first, last, place) == expected


async def test_business_days_of_each_month_equal_a_table_made_by_hand(connection: asyncpg.Connection) -> None:
    days = await load_business_days(connection)
    ends = [(m, date(m[0] + m[1] // 12, m[1] % 12 + 1, 1)) for m in NATIONAL_MONTHS]
    counted = {m: days.between(date(*m, 1), date.fromordinal(end.toordinal() - 1)) for m, end in ends}
    assert counted == NATIONAL_MONTHS
    assert sum(NATIONAL_MONTHS.values()) == 254


def test_weekdays_between_equals_counting_them() -> None:
    start = date(2020, 2, 20).toordinal()
    for first in range(start, start + 14):
        for last in range(first, first + 21):
            counted = sum(date.fromordinal(day).weekday() < 5 for day in range(first, last + 1))
            assert weekdays_between(date.fromordinal(first), date.fromordinal(last)) == counted


async def test_names_are_portuguese_whatever_the_locale(client: httpx.AsyncClient) -> None:
    days = (await client.get("/v1/calendar?ano=2021&uf=CE")).json()["calendario"]
    assert [(d["day"], d["uf"], d["name"]) for d in days] == [
        ("2021-01-01", None, "Confraternização Universal"),
        ("2021-03-19", "CE", "São José"),
        ("2021-03-25", "CE", "Abolição da escravidão no Ceará"),
        ("2021-04-02", None, "Sexta-feira Santa"),
        ("2021-04-21", None, "Tiradentes"),
        ("2021-05-01", None, "Dia do Trabalhador"),
        ("2021-08-15", "CE", "Nossa Senhora da Assunção"),
        ("2021-09-07", None, "Independência do Brasil"),
        ("2021-10-12", None, "Nossa Senhora Aparecida"),
        ("2021-11-02", None, "Finados"),
        ("2021-11-15", None, "Proclamação da República"),
        ("2021-12-25", None, "Natal"),
    ]
    assert {d["source"] for d in days} == {"oficial"}


async def working_days(client: httpx.AsyncClient, route: str, key: str, **params: Any) -> dict[str | None, int]:
    query = {"start_date": "2021-03-01", "end_date": "2021-03-31", **params}
    body = (await client.get(f"{PRODUCTIVITY}{route}", params=query)).json()
    rows = next(value for value in body.values() if isinstance(value, list))
    return {row[key]: row["dias_uteis"] for row in rows}


async def test_by_state_a_row_has_the_business_days_of_its_own_state(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    day = "2021-03-02T10:00:00"
    visits = [
        *[visit("Ana", "CE - SOBRAL", "2021-03-02", day)] * 2,
        *[visit("Ana", "SP - SANTOS", "2021-03-02", day)] * 1,
        *[visit("Bia", "SP - SANTOS", "2021-03-02", day)] * 2,
        *[visit("Bia", "SP - CAMPINAS", "2021-03-02", day)] * 1,
        *[visit("Bia", "CE - SOBRAL", "2021-03-02", day)] * 2,
        visit("Caio", "SEM ESTADO", "2021-03-02", day),
    ]
    await store(connection, visits)
    assert await working_days(client, "", "angel") == {"Ana": 23, "Bia": 23, "Caio": 23}
    assert await working_days(client, "", "angel", calendario="uf") == {"Ana": 21, "Bia": 23, "Caio": 23}
    assert await working_days(client, "/uf", "uf", calendario="uf") == {"CE": 21, "SP": 23, None: 23}
    polos = await working_days(client, "/polo", "polo", calendario="uf")
    assert polos == {"CE - SOBRAL": 21, "SP - SANTOS": 23, "SP - CAMPINAS": 23, "SEM ESTADO": 23}


async def test_an_angels_state_is_that_of_most_of_its_visits_in_the_range(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    visits = [visit("Ana", "CE - SOBRAL", "2021-03-02", "2021-03-02T10:00:00")]
    visits += [visit("Ana", "SP - SANTOS", "2021-02-02", "2021-02-02T10:00:00")] * 5
    await store(connection, visits)
    assert await working_days(client, "", "angel", calendario="uf") == {"Ana": 21}
    assert await working_days(client, "", "angel", calendario="uf", start_date="2021-02-01") == {"Ana": 43}


async def test_a_local_holiday_counts_where_it_is_and_changes_the_version(
    admin: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    visits = [visit("Ana", polo, "2021-03-02", "2021-03-02T10:00:00") for polo in ("CE - SOBRAL", "CE - CRATO")]
    await store(connection, visits)
    before = (await admin.get(PRODUCTIVITY)).headers["etag"]
    new = {"polo": "CE - SOBRAL", "day": "2021-03-10", "name": "Dia de Sobral"}
    made = await admin.post("/v1/calendar", json=new)
    assert made.status_code == 201
    assert made.json() | new == made.json()
    assert (made.json()["uf"], made.json()["source"]) == (None, "local")
    polos = await working_days(admin, "/polo", "polo", calendario="uf")
    assert polos == {"CE - SOBRAL": 20, "CE - CRATO": 21}
    assert await working_days(admin, "/polo", "polo") == {"CE - SOBRAL": 23, "CE - CRATO": 23}
    after = await admin.get(PRODUCTIVITY, headers={"If-None-Match": before})
    assert after.status_code == 200
    state = await admin.post("/v1/calendar", json={"uf": "CE", "day": "2021-03-11", "name": "Dia do Ceará"})
    assert state.json()["uf"] == "CE"
    assert await working_days(admin, "/uf", "uf", calendario="uf") == {"CE": 20}
    assert (await admin.post("/v1/calendar", json=new)).status_code == 409
    assert (await admin.delete(f"/v1/calendar/{made.json()['id']}")).status_code == 204
    assert (await admin.delete(f"/v1/calendar/{made.json()['id']}")).status_code == 404
    assert await working_days(admin, "/polo", "polo", calendario="uf") == {"CE - SOBRAL": 20, "CE - CRATO": 20}


@pytest.mark.parametrize(
    "body",
    [
        {"day": "2021-03-10", "name": "x"},
        {"uf": "CE", "polo": "CE - SOBRAL", "day": "2021-03-10", "name": "x"},
        {"uf": "XX", "day": "2021-03-10", "name": "x"},
        {"uf": "CE", "day": "10/03/2021", "name": "x"},
        {"uf": "CE", "day": "2021-03-10", "name": ""},
        {"uf": "CE", "day": "2021-03-10"},
        {"cidade": "Sobral", "day": "2021-03-10", "name": "x"},
        {"scope": "nacional", "uf": "CE", "day": "2021-03-10", "name": "x"},
        {"scope": "uf", "day": "2021-03-10", "name": "x"},
        {"uf": "CE", "day": "2021-03-10", "name": "x", "kind": "delete"},
        {"uf": "CE", "day": "2021-03-10", "name": "x", "nome": "y"},
    ],
)
async def test_a_calendar_day_that_cannot_be_is_422(admin: httpx.AsyncClient, body: dict[str, str]) -> None:
    answer = await admin.post("/v1/calendar", json=body)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")


async def test_only_an_admin_changes_the_calendar(client_as: Any, anonymous: httpx.AsyncClient) -> None:
    body = {"uf": "CE", "day": "2021-03-11", "name": "Dia do Ceará"}
    for role in ("viewer", "analyst"):
        reader = await client_as(role)
        assert (await reader.get("/v1/calendar?ano=2021")).status_code == 200
        assert (await reader.post("/v1/calendar", json=body)).status_code == 403
        assert (await reader.delete("/v1/calendar/1")).status_code == 403
    for answer in (await anonymous.get("/v1/calendar?ano=2021"), await anonymous.post("/v1/calendar", json=body)):
        assert answer.status_code == 401
