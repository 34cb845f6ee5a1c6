"""Administration in a browser."""

from browsing import make_account, sign_in, surfing_app
from fastapi import FastAPI
from one_browser import needs_browser
from playwright.async_api import expect


@needs_browser
async def test_a_holiday_of_the_whole_country_is_added_and_removed(app: FastAPI) -> None:
    await make_account(app)
    async with surfing_app(app) as surf:
        page = await surf.open(await surf.context(), "#/admin?part=calendar&ano=2026")
        await sign_in(page)
        new = page.get_by_role("form", name="Novo dia")
        await new.get_by_label("Dia").fill("2026-12-24")
        await new.get_by_label("Nome").fill("Véspera")
        await new.get_by_role("button", name="Acrescentar").click()
        added = page.get_by_role("row").filter(has_text="Véspera")
        await expect(added).to_contain_text("24/12/2026")
        await expect(added).to_contain_text("Brasil")
        await page.get_by_role("button", name="Remover Véspera").click()
        await expect(added).to_have_count(0)
