"""Sessions that end while the page is open: in one tab of two, and with something typed that was not sent."""

import asyncpg
import pytest
from browsing import PASSWORD, Surfing, make_account, sign_in, surfing_app
from conftest import SAMPLES, client_of
from fastapi import FastAPI
from load_client import load_file
from one_browser import needs_browser
from playwright.async_api import Page, expect

from logistics_indicators.accounts.tokens import issue_access_token

UNAUTHORIZED = "status of 401"
CUSTOMER = "id;nome;email\n{n};Rita;rita@example.com\n"


async def sign_out_everywhere(surf: Surfing) -> None:
    """On another device."""
    page = await surf.open(await surf.context())
    await sign_in(page)
    await page.get_by_role("banner").get_by_text("ana", exact=True).click()
    await page.get_by_role("button", name="Sair de todos os aparelhos").click()
    await expect(page.get_by_role("heading", name="Logistics Indicators")).to_be_visible()


async def sheet_with_an_edit(app: FastAPI, surf: Surfing) -> Page:
    """Ana's, of the samples' rejects: the first cell is another, and was not sent."""
    async with client_of(app, issue_access_token(app.state.token_key, 1)) as admin:
        for kind in ("customers", "services"):
            await load_file(admin, kind, (SAMPLES / f"{kind}.csv").read_bytes())
    page = await surf.open(await surf.context(), "#/mending")
    await sign_in(page)
    await page.get_by_role("grid").locator("[data-place='0:0']").click()
    await page.keyboard.type("900001")
    await page.keyboard.press("Enter")
    return page


async def sign_in_over(page: Page, username: str) -> None:
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("A sessão terminou")
    await dialog.get_by_label("Usuário").fill(username)
    await dialog.get_by_label("Senha").fill(PASSWORD)
    await dialog.get_by_role("button", name="Entrar").click()
    await expect(dialog).to_be_hidden()


@needs_browser
async def test_a_tab_whose_session_has_ended_leaves_the_news_to_one_that_works(app: FastAPI) -> None:
    await make_account(app)
    async with (
        client_of(app, issue_access_token(app.state.token_key, 1)) as admin,
        surfing_app(app, expected=(UNAUTHORIZED,)) as surf,
    ):
        first = await surf.open(await surf.context(), "#/loads")
        await sign_in(first)
        link = first.get_by_role("banner").get_by_role("status")
        await expect(link).to_have_text("Ao vivo")
        await sign_out_everywhere(surf)
        await load_file(admin, "customers", CUSTOMER.format(n=1))  # the stream of news ends rather than tell of it
        await expect(first.get_by_role("dialog")).to_contain_text("A sessão terminou")

        second = await surf.open(first.context, "#/loads")
        await sign_in(second)
        await expect(second.get_by_role("banner").get_by_role("status")).to_have_text("Ao vivo")
        load = await load_file(admin, "customers", CUSTOMER.format(n=2))
        await expect(second.get_by_role("link", name=str(load["id"]), exact=True)).to_be_visible()
        await expect(first.get_by_role("dialog")).to_be_visible()

        await sign_in_over(first, "ana")
        await second.close()
        load = await load_file(admin, "customers", CUSTOMER.format(n=3))
        await expect(first.get_by_role("link", name=str(load["id"]), exact=True)).to_be_visible()
        await expect(link).to_have_text("Ao vivo")


@needs_browser
async def test_what_one_person_typed_is_put_away_when_another_signs_in(
    app: FastAPI, connection: asyncpg.Connection
) -> None:
    await make_account(app)
    await make_account(app, "bia")
    await connection.execute("UPDATE users SET role = 'analyst' WHERE username = 'bia'")
    async with surfing_app(app, expected=(UNAUTHORIZED,)) as surf:
        page = await sheet_with_an_edit(app, surf)
        grid = page.get_by_role("grid")
        await page.keyboard.type("9000")
        await sign_out_everywhere(surf)
        await page.get_by_role("button", name="Enviar 1 linha").dispatch_event("click")  # asks the service
        await expect(grid.locator("input")).to_have_value("9000")
        await sign_in_over(page, "bia")
        await expect(page.get_by_text("As edições de 2 linhas, de ana, não foram enviadas.")).to_be_visible()
        await expect(page.get_by_role("button", name="Nada a enviar")).to_be_visible()
        await expect(grid.locator(".edited")).to_have_count(0)
        await expect(grid.locator("input")).to_have_count(0)

        await page.context.clear_cookies()
        await connection.execute("UPDATE users SET active = false WHERE username = 'bia'")
        await grid.locator("[data-place='2:1']").click()
        await page.keyboard.type("7")
        await page.keyboard.press("Enter")
        await page.get_by_role("button", name="Enviar 1 linha").click()
        await sign_in_over(page, "ana")
        await expect(page.get_by_text("A edição de 1 linha, de bia, não foi enviada.")).to_be_visible()
        await expect(grid.locator(".edited")).to_have_text(["900001", "9000"])


@needs_browser
@pytest.mark.parametrize("button", ["Sair", "Sair de todos os aparelhos"])
async def test_who_signs_out_is_asked_about_edits_that_were_not_sent(app: FastAPI, button: str) -> None:
    await make_account(app)
    async with surfing_app(app, expected=(UNAUTHORIZED,)) as surf:
        page = await sheet_with_an_edit(app, surf)
        await expect(page.get_by_role("button", name="Enviar 1 linha")).to_be_visible()
        await page.get_by_role("link", name="Resumo").click()  # they outlive it
        asked = page.get_by_role("dialog", name="A sua edição de 1 linha não foi enviada")

        await sign_out(page, button)
        await expect(asked.get_by_role("button", name="Cancelar")).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(asked).to_be_hidden()
        await page.get_by_role("link", name="Correções").click()
        await expect(page.get_by_role("grid").locator(".edited")).to_have_text(["900001"])

        await sign_out(page, button)
        await asked.get_by_role("button", name="Sair e descartar").click()
        await sign_in(page)
        await expect(page.get_by_role("button", name="Nada a enviar")).to_be_visible()
        await sign_out(page, button)  # nothing to ask about
        await expect(page.get_by_label("Senha").first).to_be_visible()


async def sign_out(page: Page, button: str) -> None:
    item = page.get_by_role("button", name=button, exact=True)
    if not await item.is_visible():
        await page.get_by_role("banner").get_by_text("ana", exact=True).click()
    await item.click()
