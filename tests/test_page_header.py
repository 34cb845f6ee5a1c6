"""The bar at the top: whoever is signed in and however little room there is, every view is reached from it."""

from browsing import make_account, sign_in, surfing_app
from fastapi import FastAPI
from one_browser import needs_browser
from playwright.async_api import ViewportSize, expect

LONG_NAME = "ana.maria.de.albuquerque.e.vasconcelos.da.silva.sauro"
ZOOMED: tuple[ViewportSize, ...] = ({"width": 320, "height": 256}, {"width": 340, "height": 300})
"""A desk at 400%, and about that."""

BESIDE = """[...document.querySelectorAll(".top nav a, .top .brand, .top .link, .top summary")]
    .filter((each) => each.offsetWidth)
    .filter((each) => {
        const { left, right } = each.getBoundingClientRect();
        return left < 0 || right > innerWidth || each.scrollWidth > each.clientWidth;
    })
    .map((each) => each.innerText)"""
"""What is beside the screen, or runs out of its place."""


@needs_browser
async def test_every_view_is_reached_from_the_bar_with_a_long_name_and_at_a_large_zoom(app: FastAPI) -> None:
    await make_account(app, LONG_NAME)
    async with surfing_app(app) as surf:
        page = await surf.open(await surf.context(viewport={"width": 1024, "height": 700}), "#/admin")
        await sign_in(page, LONG_NAME)
        views = page.get_by_role("navigation", name="Telas")
        for each in ("Correções", "Painel", "Administração"):
            await expect(views.get_by_role("link", name=each)).to_be_in_viewport(ratio=1)
        assert await page.evaluate(BESIDE) == []
        for size in ZOOMED:
            await page.set_viewport_size(size)
            menu = views.locator("summary")
            await menu.click()
            await expect(views.get_by_role("link", name="Resumo")).to_be_in_viewport(ratio=1)
            assert await page.evaluate(BESIDE) == [], size
            await menu.click()
