"""The sheet of rejected rows: keys act where the focus is, and nobody who types is taken by surprise."""

import dataclasses
import secrets

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


@pytest.fixture
async def rejects(app: FastAPI) -> None:
    """Of a load; the account is the admin's."""
    await make_account(app)
    async with client_of(app, issue_access_token(app.state.token_key, 1)) as admin:
        for kind in ("customers", "services"):
            await load_file(admin, kind, (SAMPLES / f"{kind}.csv").read_bytes())


async def open_sheet(surf: Surfing, username: str = "ana") -> Page:
    page = await surf.open(await surf.context(), "#/mending")
    await sign_in(page, username)
    await expect(page.get_by_role("grid")).to_be_visible()
    return page


@needs_browser
async def test_keys_act_on_the_cell_that_has_the_focus_whoever_gave_it(app: FastAPI, rejects: None) -> None:
    async with surfing_app(app) as surf:
        page = await open_sheet(surf)
        await page.locator("[data-place='3:5']").click()
        await page.locator("[data-place='0:0']").focus()  # as a search in the page, or a screen reader
        await page.keyboard.press("Delete")
        dropped = page.get_by_role("grid").locator("tr.dropped")
        await expect(dropped).to_have_count(1)
        await expect(dropped.locator("[data-place='0:0']")).to_be_focused()
        await page.keyboard.press("ArrowDown")
        await expect(page.locator("[data-place='1:0']")).to_be_focused()


TOO_LONG = """id_atendimento;id_cliente;angel;polo;data_limite;data_de_atendimento
1;10;Ana;CE - SOBRAL;02/05/2021;01/05/2021 08:00:00;visto
2;10;Souza; José;CE - SOBRAL;02/05/2021;01/05/2021 08:00:00
"""
LAST_SHOWN = """(() => {
    const frame = document.querySelector(".sheet").getBoundingClientRect();
    const act = document.querySelector("tr[aria-rowindex='2'] > :last-child").getBoundingClientRect();
    const end = Math.min(frame.right, act.left);
    const seen = (cell) => cell.getBoundingClientRect().right <= end + 1;
    return [...document.querySelectorAll("[data-place^='0:']")].findLastIndex(seen);
})()"""
"""The last column of the first row that is seen whole."""

SHIFTED = ("Souza, José", "CE - SOBRAL", "02/05/2021", "01/05/2021 08:00:00")


@needs_browser
async def test_cells_that_are_too_many_are_seen_and_taken_away(app: FastAPI, connection: asyncpg.Connection) -> None:
    await make_account(app)
    async with client_of(app, issue_access_token(app.state.token_key, 1)) as admin:
        await load_file(admin, "customers", "id;nome;email\n10;Rita;rita@example.com\n")
        load = await load_file(admin, "services", TOO_LONG)
    async with surfing_app(app) as surf:
        page = await open_sheet(surf)
        await expect(page.get_by_role("row").filter(has_text="Coluna a mais: visto")).to_have_count(1)
        await page.set_viewport_size({"width": 1280, "height": 720})
        assert await page.evaluate(LAST_SHOWN) == 5
        await page.set_viewport_size({"width": 360, "height": 740})
        assert await page.evaluate(LAST_SHOWN) >= 0
        await page.set_viewport_size({"width": 1280, "height": 720})
        await page.goto(f"{surf.origin}/#/mending?load={load['id']}")
        await page.get_by_role("button", name="Descartar todas…").first.click()
        await expect(page.get_by_role("dialog").get_by_role("heading")).to_have_text("1 linha: Coluna a mais")
        await page.keyboard.press("Escape")
        await page.get_by_role("grid").get_by_role("button", name="Tirar visto").click()
        await page.locator("[data-place='1:2']").click()
        for value in SHIFTED:  # by hand, where a separator stood in a name
            await page.keyboard.type(value)
            await page.keyboard.press("Tab")
        await page.get_by_role("button", name="Enviar 2 linhas").click()
        await expect(page.get_by_text("2 linhas aceitas")).to_be_visible()
        angels = await connection.fetch("SELECT angel FROM visits ORDER BY id")
        assert [row["angel"] for row in angels] == ["Ana", "Souza, José"]


@needs_browser
async def test_a_session_that_ends_in_mid_typing_takes_no_key_and_the_typing_goes_on(
    app: FastAPI, rejects: None
) -> None:
    async with surfing_app(app, expected=(UNAUTHORIZED,)) as surf:
        page = await open_sheet(surf)
        await page.locator("[data-place='0:0']").click()
        await page.keyboard.type("900001")
        await page.keyboard.press("Enter")
        await page.keyboard.type("9000")
        await end_session(app, page)
        dialog = page.get_by_role("dialog")
        await expect(dialog).to_contain_text("A sessão terminou")
        await page.keyboard.type("02")
        await page.keyboard.press("Enter")
        await page.keyboard.press("Tab")
        await page.keyboard.type("x")
        await expect(dialog.get_by_role("heading", name="Entrar")).to_be_focused()
        await expect(dialog.get_by_label("Usuário")).to_have_value("ana")
        await expect(dialog.get_by_label("Senha")).to_have_value("")
        await expect(dialog.get_by_role("alert")).to_have_text("")

        await dialog.get_by_label("Senha").fill(PASSWORD)
        await dialog.get_by_role("button", name="Entrar").click()
        await expect(dialog).to_be_hidden()
        typed = page.locator("[data-place='1:0']")
        await expect(typed).to_be_focused()
        await expect(typed).to_have_value("9000")
        await page.keyboard.type("02")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("grid").locator(".edited")).to_have_text(["900001", "900002"])


async def end_session(app: FastAPI, page: Page) -> None:
    """And ask for something."""
    await page.context.clear_cookies()
    app.state.token_key = dataclasses.replace(app.state.token_key, secret=secrets.token_urlsafe(48))
    await page.get_by_role("button", name="Enviar 1 linha").dispatch_event("click")


@needs_browser
async def test_a_viewer_is_told_of_no_key_that_edits(
    app: FastAPI, rejects: None, connection: asyncpg.Connection
) -> None:
    await make_account(app, "vera")
    await connection.execute("UPDATE users SET role = 'viewer' WHERE username = 'vera'")
    async with surfing_app(app) as surf:
        page = await open_sheet(surf, "vera")
        told = page.get_by_text("Setas movem")
        await expect(told).to_contain_text("Ctrl+C copia")
        await expect(told).not_to_contain_text("Enter edita")


GROUP = """id_atendimento;id_cliente;angel;polo;data_limite;data_de_atendimento
1;10;Ana;CE - SOBRAL;amanhã;01/05/2021 08:00:00
2;10;Ana;CE - SOBRAL;amanhã;01/05/2021 08:00:00
3;10;Ana;CE - SOBRAL;amanhã;01/05/2021 08:00:00
"""


@needs_browser
async def test_a_group_that_is_filled_takes_the_edits_of_its_rows_along(
    app: FastAPI, connection: asyncpg.Connection
) -> None:
    await make_account(app)
    async with client_of(app, issue_access_token(app.state.token_key, 1)) as admin:
        await load_file(admin, "customers", "id;nome;email\n10;Rita;rita@example.com\n")
        load = await load_file(admin, "services", GROUP)
    async with surfing_app(app) as surf:
        page = await open_sheet(surf)
        await page.goto(f"{surf.origin}/#/mending?load={load['id']}")
        await page.locator("[data-place='1:2']").click()  # an angel
        await page.keyboard.type("Bia")
        await page.keyboard.press("Enter")
        await page.locator("[data-place='2:4']").click()  # a deadline
        await page.keyboard.type("07/05/2021")
        await page.keyboard.press("Enter")
        await page.get_by_role("button", name="Preencher todas").click()
        dialog = page.get_by_role("dialog")
        await expect(dialog).to_contain_text("2 destas linhas têm edições suas que não foram enviadas. Elas vão junto")
        await expect(dialog.get_by_label("Novo valor de data_limite")).to_be_focused()
        await page.keyboard.type("02/05/2021")  # in place of the wrong value
        await dialog.get_by_role("button", name="Corrigir 3 linhas").click()
        await expect(page.get_by_text("3 linhas aceitas")).to_be_visible()
        await expect(page.get_by_text("Nada a corrigir")).to_be_visible()
        await expect(page.get_by_text("não foram enviadas")).to_have_count(0)
    stored = await connection.fetch("SELECT angel, data_limite::text FROM visits ORDER BY id")
    assert [tuple(row) for row in stored] == [("Ana", "2021-05-02"), ("Bia", "2021-05-02"), ("Ana", "2021-05-07")]
