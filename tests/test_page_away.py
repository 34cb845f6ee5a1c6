"""What the page has not asked for yet when the service goes away: it comes by itself once the service is back."""

import re
from pathlib import Path

import pytest
from browsing import Surfing, make_account, sign_in, surfing_app
from conftest import SAMPLES, client_of
from fastapi import FastAPI
from load_client import load_file
from one_browser import needs_browser
from playwright.async_api import Page, Route, expect

from logistics_indicators.accounts.tokens import issue_access_token

AWAY = ("ERR_", "Failed to load resource")
VIEWS = {
    "Explorar": "Explorar",
    "Atendimentos": "Atendimentos",
    "Cargas": "Cargas",
    "Correções": "Correções",
    "Administração": "Administração",
}
"""In the navigation, and their headings."""


async def signed_in(surf: Surfing, address: str = "") -> Page:
    page = await surf.open(await surf.context(), address)
    await sign_in(page)
    return page


@needs_browser
async def test_a_view_first_opened_without_contact_comes_when_the_service_is_back(app: FastAPI) -> None:
    await make_account(app)
    async with surfing_app(app, expected=AWAY) as surf:
        page = await signed_in(surf)
        for link, heading in VIEWS.items():
            await page.context.set_offline(True)
            await page.get_by_role("navigation").get_by_role("link", name=link, exact=True).click()
            await expect(page.get_by_role("main").get_by_text("Nova tentativa em instantes")).to_be_visible()
            await page.context.set_offline(False)
            await expect(page.get_by_role("heading", level=1, name=heading)).to_be_visible()
        await page.context.set_offline(True)
        await page.get_by_role("link", name="Painel", exact=True).click()
        await expect(page.get_by_text("Nova tentativa em instantes")).to_be_visible()
        await page.context.set_offline(False)
        await expect(page.locator(".wall")).to_be_visible()


@needs_browser
@pytest.mark.parametrize("part", ["views/loads/index.js", "views/loads/sending.js", "parts/listing.js"])
async def test_a_view_of_which_one_part_did_not_come_comes_all_the_same(app: FastAPI, part: str) -> None:
    await make_account(app)
    async with surfing_app(app, expected=AWAY) as surf:
        page = await signed_in(surf)
        await page.route(f"**/{part}", lost, times=1)
        await page.get_by_role("link", name="Cargas", exact=True).click()
        await expect(page.get_by_role("heading", level=1, name="Cargas")).to_be_visible()


async def lost(route: Route) -> None:
    await route.abort("connectionrefused")


@needs_browser
@pytest.mark.parametrize("part", ["vendor/uplot.js", "vendor/uplot.css"])
async def test_a_chart_whose_library_did_not_come_is_drawn_all_the_same(app: FastAPI, part: str) -> None:
    await make_account(app)
    async with client_of(app, issue_access_token(app.state.token_key, 1)) as admin:
        for kind in ("customers", "services"):
            await load_file(admin, kind, (SAMPLES / f"{kind}.csv").read_bytes())
    async with surfing_app(app, expected=AWAY) as surf:
        page = await signed_in(surf)
        await page.route(f"**/{part}", lost, times=1)
        await page.get_by_role("link", name="Explorar", exact=True).click()
        await expect(page.locator(".u-over")).to_have_css("position", "absolute")  # as its style sheet says


@needs_browser
async def test_the_first_file_of_a_tab_goes_by_itself_when_the_service_is_back(app: FastAPI, tmp_path: Path) -> None:
    await make_account(app)
    file = tmp_path / "clientes.csv"
    file.write_text("id;nome;email\n1;Ana;ana@example.com\n", "utf-8")
    async with surfing_app(app, expected=AWAY) as surf:
        page = await signed_in(surf, "#/loads")
        await expect(page.get_by_role("heading", level=1, name="Cargas")).to_be_visible()
        await page.context.set_offline(True)
        await page.locator("input[type=file]").set_input_files(file)
        card = page.get_by_role("article", name=file.name)
        await expect(card.get_by_role("progressbar", name="Sem contato; continua sozinho")).to_be_visible()
        await page.context.set_offline(False)
        await expect(card).to_have_attribute("data-step", "checked")


@needs_browser
async def test_a_file_that_is_gone_from_the_disk_is_told_and_holds_up_no_other(app: FastAPI, tmp_path: Path) -> None:
    await make_account(app)
    gone, there = (tmp_path / name for name in ("antes.csv", "depois.csv"))
    for number, file in enumerate((gone, there), start=1):
        file.write_text(f"id;nome;email\n{number};Ana;ana{number}@example.com\n", "utf-8")
    async with surfing_app(app, expected=AWAY) as surf:
        page = await signed_in(surf, "#/loads")
        await expect(page.get_by_role("heading", level=1, name="Cargas")).to_be_visible()
        await page.context.set_offline(True)
        await page.locator("input[type=file]").set_input_files([gone, there])
        card = page.get_by_role("article", name=gone.name)
        await expect(card.get_by_role("progressbar", name="Sem contato; continua sozinho")).to_be_visible()
        gone.unlink()
        await page.context.set_offline(False)
        await expect(card).to_have_attribute("data-step", "refused")
        await expect(card.get_by_role("alert")).to_have_text(re.compile("mudado, movido ou apagado"))
        await expect(page.get_by_role("article", name=there.name)).to_have_attribute("data-step", "checked")
