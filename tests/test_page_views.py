"""Each view in each theme and language, on a desk and on a phone: accessible, and only tables scroll sideways."""

from collections.abc import AsyncIterator

import httpx
import pytest
from browsing import Surfing, assert_accessible, make_account, sign_in, surfing_app
from conftest import SAMPLES, client_of
from fastapi import FastAPI
from load_client import load_file
from one_browser import needs_browser
from playwright.async_api import Page, expect

from logistics_indicators.accounts.tokens import issue_access_token

VIEWS = {
    "summary": ".figure:nth-child(3) .spark path",
    "explore": ".tiles a",
    "explore?trend=table&rank=table&late=table&open=table": "[aria-rowindex='2']",
    "visits": "[aria-rowindex='2']",
    "visits?visit=1": "dialog .facts dd",
    "loads": "tbody tr",
    "loads?load={load}": ".counts dd",
    "mending?load={load}": "[role=grid] .wrong",
    "wall": ".huge .spark path",
    "admin?part=users": "tbody tr",
    "admin?part=audit": "tbody tr",
    "admin?part=calendar": "tbody tr",
    "admin?part=health": "main .card",
    "nonsense": "main .card",
}
"""Their addresses, and what is there once they have all that they show."""

THEMES = ("light", "dark", "contrast")
WHOLE = {"pt-BR": "desk", "en-GB": "phone"}
"""Where all rules are judged in a language; elsewhere those of colours, in each theme, and what fits its place."""

DESK = {"width": 1280, "height": 2400}
"""High enough that every panel is on the screen, and so asks for what it shows."""
PHONE = {"width": 360, "height": 740}
CUT = """[...document.querySelectorAll(".card, .card > *")]
    .filter(box => box.clientWidth && box.scrollWidth > box.clientWidth)
    .filter(box => getComputedStyle(box).overflowX === "visible")
    .map(box => box.innerText)"""
"""What is wider than its place, and so runs into the next one."""

SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture
async def load_id(app: FastAPI) -> AsyncIterator[int]:
    """Of a load of visits with rejects; the account is the admin's."""
    await make_account(app)
    async with client_of(app, issue_access_token(app.state.token_key, 1)) as admin:
        yield await loaded(admin)


async def loaded(admin: httpx.AsyncClient) -> int:
    for kind in ("customers", "services"):
        load = await load_file(admin, kind, (SAMPLES / f"{kind}.csv").read_bytes())
    return int(load["id"])


@needs_browser
@pytest.mark.parametrize("locale", ["pt-BR", "en-GB"])
async def test_each_view_is_accessible_in_each_theme_and_fits_a_phone(app: FastAPI, load_id: int, locale: str) -> None:
    async with surfing_app(app) as surf:
        page = await surf.open(await surf.context(locale=locale, viewport=DESK, reduced_motion="reduce"))
        await sign_in(page)
        for address, sign in VIEWS.items():
            await show(surf, page, address.format(load=load_id), sign)
            for theme in THEMES:
                await page.evaluate("theme => document.documentElement.dataset.theme = theme", theme)
                whole = WHOLE[locale] == "desk" and theme == "light"
                await assert_accessible(page, f"{locale}-{address}-{theme}", only_colours=not whole)
            await page.evaluate("delete document.documentElement.dataset.theme")
            await page.set_viewport_size(PHONE)  # type: ignore[arg-type]
            await page.wait_for_function(f"() => {SIDEWAYS} === 0")  # once the navigation is folded
            if WHOLE[locale] == "phone":
                await assert_accessible(page, f"{locale}-{address}-phone")
            assert await page.evaluate(CUT) == [], address
            await page.set_viewport_size(DESK)  # type: ignore[arg-type]


async def show(surf: Surfing, page: Page, address: str, sign: str) -> None:
    await page.goto(f"{surf.origin}/#/{address}")
    await expect(page.locator(sign).first).to_be_visible()
    await expect(page.locator(".waiting")).to_have_count(0)
