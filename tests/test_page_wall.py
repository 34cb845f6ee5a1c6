"""The wall: each of its pages fills the screen that it hangs on, and says of what its figures are."""

from datetime import date

import asyncpg
import pytest
from browsing import assert_accessible, make_account, sign_in, surfing_app
from fastapi import FastAPI
from one_browser import needs_browser
from playwright.async_api import Page, Route, ViewportSize, expect
from visits import random_visits, store, visit

HD: ViewportSize = {"width": 1920, "height": 1080}
SCREENS: tuple[ViewportSize, ...] = (HD, {"width": 3840, "height": 2160}, {"width": 1080, "height": 1920})
PHONES: tuple[ViewportSize, ...] = ({"width": 360, "height": 740}, {"width": 640, "height": 360})

LEFT_EMPTY = """[...document.querySelectorAll(".wall .card :is(li:last-child, p:last-child, .spark)")]
    .map((lowest) => 1 - lowest.getBoundingClientRect().bottom / innerHeight)"""
"""Of the screen's height, below the lowest thing of each card."""

LETTERS = "getComputedStyle(document.querySelector('.wall .bars .name')).fontSize"
SCROLLS = "document.documentElement.scrollHeight > innerHeight || document.documentElement.scrollWidth > innerWidth"


@pytest.fixture
async def stored(connection: asyncpg.Connection) -> None:
    await store(connection, random_visits(29, 3000))


@needs_browser
async def test_each_page_of_the_wall_fills_the_screen_and_names_its_period_and_filters(
    app: FastAPI, stored: None
) -> None:
    await make_account(app)
    async with surfing_app(app) as surf:
        context = await surf.context(viewport=HD)
        page = await surf.open(context, "#/wall?start_date=2020-03-01&end_date=2020-12-31")
        await sign_in(page)
        await page.get_by_role("button", name="Pausar").click()
        for _ in range(4):
            await expect(page.locator(".wall")).to_contain_text(
                "01/03/2020 a 31/12/2020, contra 01/05/2019 a 29/02/2020"
            )
            await fills_each_screen(page)
            await page.keyboard.press("ArrowRight")
        await expect(page.get_by_text("1 de 4")).to_be_visible()
        await page.goto(f"{surf.origin}/#/wall?uf=CE&angel=Nobody&period=last_year")
        year = date.today().year - 1
        about = page.get_by_text(f"Ano passado · 01/01/{year} a 31/12/{year} · Angel: Nobody · UF: CE")
        await expect(about).to_be_visible()
        await page.keyboard.press("ArrowRight")
        await expect(page.get_by_role("heading", name="Piores polos por SLA")).to_be_visible()
        await expect(page.locator(".legend")).to_contain_text("Abaixo do SLA do período")
        await expect(about).to_be_visible()
        await assert_accessible(page, "wall-empty")


async def fills_each_screen(page: Page) -> None:
    letters = []
    await expect(page.locator(".huge .spark path, .ranks li").first).to_be_visible()
    for size in SCREENS:
        await page.set_viewport_size(size)
        assert min(await page.evaluate(LEFT_EMPTY)) < 0.3, size
        assert not await page.evaluate(SCROLLS), size
        if await page.locator(".ranks").count():
            letters.append(float((await page.evaluate(LETTERS)).removesuffix("px")) / size["width"])
    assert all(share > 0.015 for share in letters), letters  # 29 px of 1920: read from some metres
    for size in PHONES:
        await page.set_viewport_size(size)
        await page.wait_for_function("() => document.documentElement.scrollWidth <= innerWidth")
    await page.set_viewport_size(HD)


ZOOMED: tuple[ViewportSize, ...] = ({"width": 480, "height": 270}, {"width": 320, "height": 256})
"""Screens at 400%."""

PACES = """{
    const { setInterval } = window;
    window.paces = [];
    window.setInterval = (turn, pace) => (window.paces.push(pace), setInterval(turn, pace));
}"""
TURNS = {"-5": 5, "1e9": 3600, "0.01": 5, "3000000": 3600, "60": 60, "soon": 20}
"""What an address asks for, one after the other, and how many seconds a page of the wall stays then."""

CUT_NAMES = """[...document.querySelectorAll(".wall .bars .name")]
    .filter(({ scrollWidth, clientWidth, scrollHeight, clientHeight }) =>
        scrollWidth > clientWidth || scrollHeight > clientHeight)
    .map(({ innerText }) => innerText)"""
ABOVE = "document.querySelector('.wall > header').getBoundingClientRect().bottom / innerHeight"


@needs_browser
async def test_at_a_zoom_of_400_percent_the_wall_shows_figures_and_whole_names_and_never_hurries(
    app: FastAPI, connection: asyncpg.Connection
) -> None:
    names = ("Antônio Carlos da Silva Pereira", "Antônio Carlos da Silva Nascimento de Oliveira Filho", "A" * 60)
    days = ("2021-06-01", "2021-06-02", "2021-06-03")
    visits = [visit(name, "CE - SOBRAL", day, f"{day}T10:00:00") for name in names for day in days for _ in range(20)]
    await store(connection, visits)
    await make_account(app)
    async with surfing_app(app) as surf:
        address = "#/wall?seconds=999&polo=CE - SOBRAL&start_date=2021-06-01&end_date=2021-06-30"
        context = await surf.context(viewport=ZOOMED[0])
        await context.add_init_script(PACES)
        page = await surf.open(context, address)
        await sign_in(page)
        await expect(page.get_by_text("1 de 2")).to_be_visible()  # neither polos nor the polo's one state
        await expect(page.locator(".huge .spark path").first).to_be_attached()
        for size in (*ZOOMED, *PHONES):
            await page.set_viewport_size(size)
            assert await page.evaluate(ABOVE) < 0.4, size
            assert await page.evaluate(RUN_OUT) == [], size
            assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), size
        await page.keyboard.press("ArrowRight")
        await expect(page.locator(".ranks .name").first).to_be_attached()
        for size in (*ZOOMED, *PHONES):
            await page.set_viewport_size(size)
            assert await page.evaluate(ABOVE) < 0.4, size
            assert await page.evaluate(CUT_NAMES) == [], size
            assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), size
        for asked, seconds in TURNS.items():
            await page.evaluate("asked => { paces = []; location.hash = `#/wall?seconds=${asked}` }", asked)
            await page.wait_for_function("() => paces.length")
            assert await page.evaluate("paces") == [1000 * seconds], asked


FIGURES = {"total_de_atendimentos": 123_456_789, "produtividade": 1_048_575.47, "sla_percentual": 100.0}
DESKS: tuple[ViewportSize, ...] = ({"width": 1280, "height": 720}, {"width": 1280, "height": 1024})
STANDING: tuple[ViewportSize, ...] = ({"width": 720, "height": 1280}, {"width": 2160, "height": 3840})

RUN_OUT = """[...document.querySelectorAll(".wall .huge .card > :is(h2, p)")].filter((line) => {
    const written = document.createRange();
    written.selectNodeContents(line);
    const [words, card] = [written.getBoundingClientRect(), line.parentElement.getBoundingClientRect()];
    const across = words.left < card.left || words.right > card.right;
    return across || words.top < card.top || words.bottom > card.bottom || line.scrollWidth > line.clientWidth;
}).map((line) => line.innerText)"""
"""What is written beyond its card."""


async def with_long_figures(route: Route) -> None:
    answer = await route.fetch()
    told = await answer.json()
    told["periodo"] |= FIGURES
    told["em_aberto"] |= {"total_em_aberto": 123_456_789, "total_atrasado": 123_456_789}
    await route.fulfill(response=answer, json=told)


@needs_browser
@pytest.mark.parametrize(
    ("locale", "seen"), [("pt-BR", ("123.456.789", "1.048.575,47")), ("en-GB", ("123,456,789", "1,048,575.47"))]
)
async def test_figures_of_any_length_stay_within_their_card_on_each_screen(
    app: FastAPI, stored: None, locale: str, seen: tuple[str, str]
) -> None:
    await make_account(app)
    async with surfing_app(app) as surf:
        context = await surf.context(viewport=HD, locale=locale)
        await context.route("**/v1/indicators/summary?*", with_long_figures)
        page = await surf.open(context, "#/wall?seconds=999")
        await sign_in(page)
        for figure in seen:
            await expect(page.get_by_text(figure, exact=True).first).to_be_visible()
        for size in (*DESKS, *SCREENS, *STANDING, *PHONES):
            await page.set_viewport_size(size)
            assert await page.evaluate(RUN_OUT) == [], size


NOTICE = "document.querySelector('.wall > [role=alert]').getBoundingClientRect().height / innerHeight"


@needs_browser
async def test_without_contact_the_wall_says_so_in_a_line_and_its_figures_stay_large(
    app: FastAPI, stored: None
) -> None:
    await make_account(app)
    async with surfing_app(app, expected=("ERR_FAILED",)) as surf:
        context = await surf.context(viewport=HD)
        for news in ("**/v1/events", "**/v1/indicators/sla/uf?*"):
            await context.route(news, lambda route: route.abort())
        page = await surf.open(context, "#/wall?seconds=999")
        await sign_in(page)
        await expect(page.locator(".huge .spark path").first).to_be_visible()
        await expect(page.locator(".wall > [role=alert]")).to_contain_text("Sem resposta do serviço")
        for size in SCREENS:
            await page.set_viewport_size(size)
            assert await page.evaluate(NOTICE) < 0.15, size
