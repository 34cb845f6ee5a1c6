"""What is asked for and cannot be, in words that help; and what is shown of little."""

import asyncpg
import pytest
from browsing import Surfing, make_account, sign_in, surfing_app
from fastapi import FastAPI
from one_browser import needs_browser
from playwright.async_api import Page, expect
from visits import store, visit

REFUSED = ("status of 401", "status of 422", "does not conform to the required format")
BACKWARDS = "O período termina antes de começar."


@pytest.fixture
async def some(connection: asyncpg.Connection) -> None:
    """Made at ten on the day of the deadline; and one that is open."""
    days = ("2021-04-04", "2021-04-13", "2021-04-14", "2021-04-23")
    made = [visit("Ana", "SP - SANTOS", day, f"{day}T10:00:00") for day in days]
    await store(connection, [*made, visit("Ana", "SP - SANTOS", "2021-05-01", None)])


async def opened(surf: Surfing, address: str) -> Page:
    page = await surf.open(await surf.context(), address)
    await sign_in(page)
    return page


@needs_browser
@pytest.mark.usefixtures("some")
async def test_a_lead_below_nothing_is_told_as_days_after_the_deadline(app: FastAPI) -> None:
    await make_account(app)
    async with surfing_app(app, expected=REFUSED) as surf:
        page = await opened(surf, "#/summary?start_date=2021-04-14&end_date=2021-04-23")
        lead = page.get_by_role("article").filter(has_text="Antecedência média")
        await expect(lead.locator(".value")).to_have_text("0,4")
        await expect(lead).to_contain_text("dias depois do prazo")
        await expect(lead.locator(".small")).to_have_text("■ 0,0 dias depois do prazo")


@needs_browser
@pytest.mark.usefixtures("some")
async def test_points_without_neighbours_are_seen_in_small_lines(app: FastAPI) -> None:
    await make_account(app)
    async with surfing_app(app, expected=REFUSED) as surf:
        page = await opened(surf, "#/summary?start_date=2021-04-01&end_date=2021-04-30")
        sla = page.get_by_role("article").filter(has=page.get_by_role("heading", name="SLA"))
        await expect(sla.locator(".spark path")).to_have_count(2)
        points = sla.locator(".spark .points")
        assert (await points.get_attribute("d") or "").count("M") == 2  # the 13th and the 14th are a line
        assert await points.evaluate("points => getComputedStyle(points).strokeLinecap") == "round"


@needs_browser
@pytest.mark.usefixtures("some")
async def test_days_before_the_first_visit_are_no_period_of_dashes(app: FastAPI) -> None:
    await make_account(app)
    async with surfing_app(app, expected=REFUSED) as surf:
        page = await opened(surf, "#/summary?end_date=2019-01-01")
        await expect(page.get_by_text("Nenhum atendimento foi feito neste período.")).to_be_visible()
        await expect(page.get_by_role("article").filter(has_text="Em aberto").locator(".value")).to_have_text("1")
        await expect(page.get_by_text("– a –")).to_have_count(0)


WRONG = {
    "period=xyz": "Isto no endereço não foi entendido e não filtra nada: period=xyz.",
    "load=abc&part=x": "Isto no endereço não foi entendido e não filtra nada: load=abc e part=x.",
    "start_date=2021-05-01&end_date=2021-04-01": BACKWARDS,
    "data_limite_de=2021-05-01&data_limite_ate=2021-04-01": "“Prazo de” passa de “Prazo até”",
    "dias_de_atraso_de=10&dias_de_atraso_ate=9": "“Dias de atraso de” passa de “Dias de atraso até”",
    "start_date=2021-02-30": "De: não é um dia entre 01/01/1900 e 31/12/2199.",
    "end_date=x": "Até: não é um dia",
    "data_limite_ate=x": "Prazo até: não é um dia",
    "id_cliente=x": "Id do cliente: ",
    "uf=XX": "UF: não é a sigla de um estado.",
}


@needs_browser
@pytest.mark.usefixtures("some")
async def test_a_filter_that_cannot_be_is_told_of_alone_and_by_its_name(app: FastAPI) -> None:
    await make_account(app)
    async with surfing_app(app, expected=REFUSED) as surf:
        page = await opened(surf, "#/visits?polo=nenhum")
        empty = page.get_by_text("Nenhum atendimento com estes filtros.")
        await expect(empty).to_be_visible()
        for filters, words in WRONG.items():
            await page.goto(f"{surf.origin}/#/visits?{filters}")
            await expect(page.get_by_role("alert")).to_contain_text(words)
            await expect(page.get_by_role("main").get_by_text("_")).to_have_count(0)
            await expect(empty).to_be_hidden()


@needs_browser
@pytest.mark.usefixtures("some")
async def test_a_value_that_a_view_does_not_know_is_told_and_one_that_it_knows_is_not(app: FastAPI) -> None:
    await make_account(app)
    async with surfing_app(app, expected=REFUSED) as surf:
        page = await opened(surf, "#/explore?metric=xyz&by=lua&bucket=year&compare=never&order=up&rank=x&sort=-total")
        wrong = "metric=xyz, by=lua, bucket=year, compare=never, order=up e rank=x"
        await expect(page.get_by_role("alert")).to_contain_text(f"não foi entendido e não filtra nada: {wrong}.")
        await page.goto(f"{surf.origin}/#/summary?by=lua")
        await expect(page.get_by_role("alert")).to_contain_text("não filtra nada: by=lua.")
        known = "metric=total&by=polo&bucket=day&compare=year&order=best&rank=table&map=table&sort=-total&calendario=uf"
        await page.goto(f"{surf.origin}/#/explore?{known}")
        await expect(page.get_by_role("region", name="Ranking de polos").get_by_role("table")).to_be_visible()
        await expect(page.get_by_role("alert")).to_have_count(0)


@needs_browser
@pytest.mark.usefixtures("some")
async def test_a_state_is_found_by_its_name(app: FastAPI) -> None:
    await make_account(app)
    async with surfing_app(app, expected=REFUSED) as surf:
        page = await opened(surf, "#/visits")
        field = page.get_by_role("combobox", name="UF")
        await field.fill("sao paulo")
        await field.press("Enter")
        await expect(page).to_have_url(f"{surf.origin}/#/visits?uf=SP")
        await expect(page.locator("tbody tr[aria-rowindex]")).to_have_count(5)
        for view in ("summary", "explore", "visits"):
            await page.goto(f"{surf.origin}/#/{view}?uf=S%C3%A3o+Paulo")
            await page.get_by_role("button", name="SP", exact=True).click()
            await expect(page).to_have_url(f"{surf.origin}/#/{view}?uf=SP")
        await field.fill("rio grande")
        await field.press("Enter")
        for letters in ("RN", "RS"):
            await expect(page.get_by_role("button", name=letters, exact=True)).to_be_visible()
