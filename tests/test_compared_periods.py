"""What a period is compared with: which days, and in which buckets. None of its visits is lost."""

from datetime import date, timedelta
from typing import Any

import asyncpg
import httpx
import pytest
from browsing import make_account, sign_in, surfing_app
from fastapi import FastAPI
from one_browser import needs_browser
from playwright.async_api import Page, expect
from visits import store, visit

TREND = "/v1/indicators/trend"
FIRST, LAST = date(2019, 1, 1), date(2021, 6, 30)


@pytest.fixture
async def one_a_day(connection: asyncpg.Connection) -> None:
    days = [FIRST + timedelta(days=count) for count in range((LAST - FIRST).days + 1)]
    await store(connection, [visit("Ana", "CE - SOBRAL", f"{day}", f"{day}T10:00:00") for day in days])


async def trend(client: httpx.AsyncClient, days: str, **params: str) -> dict[str, Any]:
    """days: FIRST..LAST"""
    first, last = days.split("..")
    query = {"start_date": first, "end_date": last, "metric": "total", "top": "0", **params}
    answer = await client.get(TREND, params=query)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def cuts(body: dict[str, Any]) -> list[str]:
    return [f"{point['inicio']}..{point['fim']}" for point in body["tendencia"]]


PERIODS = [
    ("2021-04-01..2021-06-30", "previous", "2021-01-01..2021-03-31"),
    ("2021-03-01..2021-03-31", "previous", "2021-02-01..2021-02-28"),
    ("2020-02-01..2020-02-29", "previous", "2020-01-01..2020-01-31"),
    ("2021-01-01..2021-01-31", "previous", "2020-12-01..2020-12-31"),
    ("2020-01-01..2020-12-31", "previous", "2019-01-01..2019-12-31"),
    ("2021-04-10..2021-04-19", "previous", "2021-03-31..2021-04-09"),
    ("2021-04-01..2021-04-29", "previous", "2021-03-03..2021-03-31"),
    ("2021-02-01..2021-02-28", "year_before", "2020-02-01..2020-02-29"),
    ("2020-02-01..2020-02-29", "year_before", "2019-02-01..2019-02-28"),
    ("2020-02-10..2020-02-29", "year_before", "2019-02-10..2019-02-28"),
    ("2021-04-10..2021-05-19", "year_before", "2020-04-10..2020-05-19"),
]


@pytest.mark.parametrize("bucket", ["day", "week", "month"])
@pytest.mark.parametrize(("days", "period", "compared"), PERIODS)
@pytest.mark.usefixtures("one_a_day")
async def test_a_compared_period_has_all_of_its_days(
    client: httpx.AsyncClient, days: str, period: str, compared: str, bucket: str
) -> None:
    body = await trend(client, days, period=period, bucket=bucket)
    first, last = map(date.fromisoformat, compared.split(".."))
    assert (body["start_date"], body["end_date"]) == (f"{first}", f"{last}")
    assert sum(point["valor"] for point in body["tendencia"]) == (last - first).days + 1
    assert all(point["valor"] <= {"day": 1, "week": 7, "month": 31}[bucket] for point in body["tendencia"])
    if bucket == "month":
        assert len(body["tendencia"]) == len((await trend(client, days, bucket=bucket))["tendencia"])


APRIL_TO_JUNE, AROUND_MAY, DAYS_OF_APRIL = "2021-04-01..2021-06-30", "2021-04-10..2021-05-19", "2021-04-08..2021-04-20"
CUTS = [
    (
        APRIL_TO_JUNE,
        "previous",
        "month",
        ["2021-01-01..2021-01-31", "2021-02-01..2021-02-28", "2021-03-01..2021-03-31"],
    ),
    (AROUND_MAY, "previous", "month", ["2021-03-01..2021-03-21", "2021-03-22..2021-04-09"]),
    (AROUND_MAY, "year_before", "month", ["2020-04-10..2020-04-30", "2020-05-01..2020-05-19"]),
    (DAYS_OF_APRIL, "previous", "week", ["2021-03-26..2021-03-29", "2021-03-30..2021-04-05", "2021-04-06..2021-04-07"]),
    (
        DAYS_OF_APRIL,
        "year_before",
        "week",
        ["2020-04-08..2020-04-11", "2020-04-12..2020-04-18", "2020-04-19..2020-04-20"],
    ),
    ("2021-04-19..2021-04-20", "previous", "day", ["2021-04-17..2021-04-17", "2021-04-18..2021-04-18"]),
]


@pytest.mark.parametrize(("days", "period", "bucket", "compared"), CUTS)
@pytest.mark.usefixtures("one_a_day")
async def test_a_compared_period_is_cut_as_the_one_beside_it(
    client: httpx.AsyncClient, days: str, period: str, bucket: str, compared: list[str]
) -> None:
    assert cuts(await trend(client, days, period=period, bucket=bucket)) == compared


@pytest.mark.usefixtures("one_a_day")
async def test_the_summary_compares_with_the_same_days_as_the_trend(client: httpx.AsyncClient) -> None:
    for days, period, compared in PERIODS:
        if period == "previous":
            first, last = days.split("..")
            answer = await client.get("/v1/indicators/summary", params={"start_date": first, "end_date": last})
            before = answer.json()["periodo_anterior"]
            assert f"{before['start_date']}..{before['end_date']}" == compared


@pytest.mark.parametrize("first", ["0001-01-01", "0001-01-10"])
async def test_before_the_calendar_begins_there_is_nothing_to_compare_with(
    client: httpx.AsyncClient, connection: asyncpg.Connection, first: str
) -> None:
    await store(connection, [visit("Ana", "CE - SOBRAL", first, f"{first}T10:00:00")])
    for period in ("previous", "year_before"):
        answer = await client.get(TREND, params={"end_date": "2021-06-30", "period": period})
        body = answer.json()
        assert (body["start_date"], body["end_date"], body["tendencia"]) == (None, None, [])


NOT_SIGNED_IN = "status of 401"


async def shows(page: Page, address: str, rows: list[str]) -> None:
    """rows: of the trend's table, with | between cells."""
    await page.goto(address)
    shown = page.get_by_role("region", name="Atendimentos por").locator("tbody tr[aria-rowindex]")
    await expect(shown).to_have_text([row.replace(" | ", "") for row in rows])


@needs_browser
@pytest.mark.usefixtures("one_a_day")
async def test_each_compared_bucket_says_its_days(app: FastAPI) -> None:
    await make_account(app)
    async with surfing_app(app, expected=(NOT_SIGNED_IN,)) as surf:
        page = await surf.open(await surf.context())
        await sign_in(page)
        explore = f"{surf.origin}/#/explore?metric=total&trend=table"
        months = [
            "01/04/2021 | 30/04/2021 | 30 | jan. de 21 | 31",
            "01/05/2021 | 31/05/2021 | 31 | fev. de 21 | 28",
            "01/06/2021 | 30/06/2021 | 30 | mar. de 21 | 31",
        ]
        previous = "&compare=previous"
        await shows(page, f"{explore}&start_date=2021-04-01&end_date=2021-06-30{previous}&bucket=month", months)
        cut = [
            "10/04/2021 | 30/04/2021 | 21 | 01/03/2021 a 21/03/2021 | 21",
            "01/05/2021 | 19/05/2021 | 19 | 22/03/2021 a 09/04/2021 | 19",
        ]
        await shows(page, f"{explore}&start_date=2021-04-10&end_date=2021-05-19{previous}&bucket=month", cut)
        february = [
            *(f"{day:02}/02/2021 | {day:02}/02/2021 | 1 | {day:02}/01/2021 | 1" for day in range(1, 29)),
            *(f"– | – | – | {day}/01/2021 | 1" for day in (29, 30, 31)),
        ]
        await shows(page, f"{explore}&start_date=2021-02-01&end_date=2021-02-28{previous}&bucket=day", february)
        for year, leap in ((2020, "29/02/2020 | 29/02/2020 | 1 | – | –"), (2021, "– | – | – | 29/02/2020 | 1")):
            around = [
                f"28/02/{year} | 28/02/{year} | 1 | 28/02/{year - 1} | 1",
                leap,
                f"01/03/{year} | 01/03/{year} | 1 | 01/03/{year - 1} | 1",
            ]
            days = f"&start_date={year}-02-28&end_date={year}-03-01"
            await shows(page, f"{explore}{days}&compare=year&bucket=day", around)


@needs_browser
@pytest.mark.usefixtures("one_a_day")
async def test_the_chart_reads_the_days_that_only_the_compared_period_has(app: FastAPI) -> None:
    await make_account(app)
    async with surfing_app(app, expected=(NOT_SIGNED_IN,)) as surf:
        address = "#/explore?metric=total&start_date=2021-02-01&end_date=2021-02-28&compare=previous&bucket=day"
        page = await surf.open(await surf.context(), address)
        await sign_in(page)
        chart = page.get_by_role("application", name="Atendimentos por dia")
        await expect(page.locator(".legend .line-2")).to_have_text("01/01/2021 a 31/01/2021")
        await chart.focus()
        await page.keyboard.press("End")
        await expect(page.locator(".reading")).to_have_text("31/01/2021 (comparado): 1")
        await page.keyboard.press("Enter")
        await expect(chart).to_be_visible()
        await page.keyboard.press("Home")
        await expect(page.locator(".reading")).to_contain_text("01/02/2021: 1 · 1 atendimentos · 01/01/2021: 1")
