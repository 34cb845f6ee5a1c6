"""Periods that end today, over visits that ended long ago."""

from browsing import make_account, sign_in, surfing_app
from conftest import SAMPLES, client_of
from fastapi import FastAPI
from load_client import load_file
from one_browser import needs_browser
from playwright.async_api import expect

from logistics_indicators.accounts.tokens import issue_access_token


@needs_browser
async def test_an_empty_period_says_so_and_leads_to_the_last_days_with_visits(app: FastAPI) -> None:
    await make_account(app)
    async with client_of(app, issue_access_token(app.state.token_key, 1)) as admin:
        for kind in ("customers", "services"):
            await load_file(admin, kind, (SAMPLES / f"{kind}.csv").read_bytes())
    async with surfing_app(app) as surf:
        page = await surf.open(await surf.context(), "#/summary?period=7d")
        await sign_in(page)
        told = page.get_by_text("Nenhum atendimento foi feito neste período.")
        for view in ("summary", "explore"):
            await page.goto(f"{surf.origin}/#/{view}?period=7d")
            await expect(told).to_be_visible()
            await page.get_by_role("link", name="Ver os últimos dias com atendimentos").click()
            await expect(told).to_be_hidden()
            await expect(page).to_have_url(f"{surf.origin}/#/{view}?start_date=2021-06-01&end_date=2021-06-30")
