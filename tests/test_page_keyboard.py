"""The whole way through the page by keys alone, from the first account to the sign-out; no pointer is ever moved."""

import json
import re
from pathlib import Path
from typing import Any

import asyncpg
import openpyxl
from browsing import PASSWORD, assert_accessible, sign_in, surfing_app
from conftest import SAMPLES
from fastapi import FastAPI
from one_browser import needs_browser
from playwright.async_api import Locator, Page, expect

TRUTH = json.loads((SAMPLES / "truth.json").read_text("utf-8"))
POLO, (OF_POLO, ON_TIME) = "CE - SOBRAL 008", TRUTH["polo"]["CE - SOBRAL 008"]
FAR = 80
"""Steps of Tab that nothing on the page is farther away than."""

NOTE_POINTERS = """
window.pointers = [];
for (const kind of ["pointerdown", "mousedown", "touchstart", "wheel"]) {
    addEventListener(kind, (event) => window.pointers.push(event.type), true);
}
"""


async def reach(target: Locator, step: str = "Tab") -> None:
    """As a person does who has no mouse: on and on until it has the focus."""
    await expect(target).to_be_visible()
    for _ in range(FAR):
        if await target.evaluate("element => element === document.activeElement"):
            return
        await target.page.keyboard.press(step)
    raise AssertionError(f"{target} is not reached by {FAR} times {step}")


async def enter(target: Locator, step: str = "Tab") -> None:
    await reach(target, step)
    await target.page.keyboard.press("Enter")


async def focus_is_kept(page: Page) -> None:
    where = await page.evaluate("document.activeElement.localName")
    assert where != "body", "what had the focus is gone, and nothing took it"


@needs_browser
async def test_the_whole_way_is_gone_by_the_keyboard_alone(
    app: FastAPI, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    async with surfing_app(app) as surf:
        context = await surf.context()
        await context.add_init_script(NOTE_POINTERS)
        page = await surf.open(context)
        page.on("filechooser", lambda _: None)  # from now on: asked to listen, Playwright does not say when it does
        await make_the_first_account(page)
        await load_both_files(page)
        assert await connection.fetchval("SELECT count(*) FROM services") == TRUTH["stored"]
        await mend_one_row(page)
        assert await connection.fetchval("SELECT count(*) FROM services") == TRUTH["stored"] + 1
        link = await filter_by_a_polo(page)

        colleague = await surf.open(await surf.context(), link)
        await sign_in(colleague)
        await expect(figure_of(colleague, "Atendimentos")).to_have_text(str(OF_POLO))
        await colleague.close()

        await look_at_a_visit(page)
        sheet = openpyxl.load_workbook(await exported(page, tmp_path)).active
        assert sheet is not None
        assert sheet.max_row == 1 + OF_POLO
        await undo_the_mend(page)
        assert await connection.fetchval("SELECT count(*) FROM services") == TRUTH["stored"]

        await enter(page.locator("summary", has_text="ana"))
        await enter(page.get_by_role("button", name="Sair", exact=True))
        await expect(page.locator("input[name=username]")).to_be_focused()
        assert await page.evaluate("window.pointers") == []


async def make_the_first_account(page: Page) -> None:
    await expect(page.get_by_label("Usuário")).to_be_focused()
    for typed in ("ana", "ana@example.com", PASSWORD):
        await page.keyboard.type(typed)
        await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Ainda não há atendimentos")).to_be_visible()


async def load_both_files(page: Page) -> None:
    await enter(page.get_by_role("link", name="Carregar arquivos"))
    await reach(page.locator("input[type=file]"))
    async with page.expect_file_chooser() as chosen:
        await page.keyboard.press("Enter")
    await (await chosen.value).set_files([SAMPLES / "services.csv", SAMPLES / "customers.csv"])
    for name in ("customers.csv", "services.csv"):
        card = page.get_by_role("article", name=name)
        await expect(card).to_have_attribute("data-step", "checked")
        await enter(card.get_by_role("button", name="Carregar"))
        await expect(card).to_have_attribute("data-step", "ended")
        await focus_is_kept(page)


async def mend_one_row(page: Page) -> None:
    """The one whose id somebody else has gets one of its own."""
    await enter(page.get_by_role("article", name="services.csv").get_by_role("link", name="Corrigir 6 linhas"))
    group = page.get_by_role("region", name="Por falha").get_by_role("row").filter(has_text="Identificador repetido")
    await enter(group.get_by_role("button", name="Ver só estas"))
    grid = page.get_by_role("grid")
    await expect(grid.get_by_role("row")).to_have_count(2)
    await reach(grid.locator("[data-place='0:0']"))
    await page.keyboard.type("900001")
    await page.keyboard.press("Escape")
    await expect(grid.locator(".edited")).to_have_count(0)
    await page.keyboard.type("900001")
    await page.keyboard.press("Enter")
    await expect(grid.locator(".edited")).to_have_text("900001")
    await enter(page.get_by_role("button", name="Enviar 1 linha"), "Shift+Tab")
    await expect(page.get_by_text("1 linha aceita")).to_be_visible()
    await focus_is_kept(page)
    group = page.get_by_role("region", name="Por falha").get_by_role("row").filter(has_text="Identificador inválido")
    await enter(group.get_by_role("button", name="Preencher todas"), "Shift+Tab")
    await enter(page.get_by_role("dialog").get_by_role("button", name="Descartar 1 linha"))
    await expect(group).to_have_count(0)
    await focus_is_kept(page)


async def filter_by_a_polo(page: Page) -> str:
    """The address of the view, from the `#` on."""
    await enter(page.get_by_role("link", name="Resumo"), "Shift+Tab")
    await expect(figure_of(page, "Atendimentos")).to_have_text("2.992")
    await reach(page.get_by_role("combobox", name="Polo"))
    await page.keyboard.type(POLO)
    await page.keyboard.press("Tab")
    await expect(figure_of(page, "Atendimentos")).to_have_text(str(OF_POLO))
    await expect(figure_of(page, "SLA")).to_have_text(f"{100 * ON_TIME / OF_POLO:.2f}%".replace(".", ","))
    return "#" + page.url.partition("#")[2]


def figure_of(page: Page, name: str) -> Locator:
    return page.get_by_role("article").filter(has=page.get_by_role("heading", name=name, exact=True)).locator(".value")


async def look_at_a_visit(page: Page) -> None:
    await enter(figure_of(page, "Atendimentos").get_by_role("link"))
    await expect(page.get_by_role("status").filter(has_text="na tela")).to_contain_text(f"{OF_POLO} atendimentos")
    first = page.locator("tbody tr[aria-rowindex] a").first
    await enter(first)
    detail = page.get_by_role("dialog")
    await expect(detail).to_contain_text("Trazido por")
    await assert_accessible(page, "keyboard-visit")
    await page.keyboard.press("Escape")
    await expect(detail).to_be_hidden()
    await expect(first).to_be_focused()


async def exported(page: Page, folder: Path) -> Path:
    menu = page.locator("summary", has_text="Exportar")
    await enter(menu, "Shift+Tab")
    await reach(page.get_by_role("button", name="Excel (xlsx)"))
    async with page.expect_download() as download:
        await page.keyboard.press("Enter")
    path = folder / "visits.xlsx"
    await (await download.value).save_as(path)
    await expect(menu).to_be_focused()
    return path


async def undo_the_mend(page: Page) -> None:
    await enter(page.get_by_role("link", name="Cargas"), "Shift+Tab")
    mend: Any = page.get_by_role("row").filter(has_text=re.compile("correção da carga"))
    await enter(mend.get_by_role("link").first)
    undo = page.get_by_role("button", name="Desfazer a carga")
    await enter(undo)
    dialog = page.get_by_role("dialog")
    await enter(dialog.get_by_role("button", name="Desfazer a carga"))
    await expect(page.get_by_text("Desfeita", exact=True)).to_be_visible()
    await expect(dialog).to_be_hidden()
    await focus_is_kept(page)
