"""A day of the control room in a real browser: both files dropped, checked, loaded, mended, shared and undone."""

import json
from pathlib import Path
from typing import Any

import asyncpg
import httpx
from browsing import Surfing, assert_accessible, make_account, needs_browser, sign_in, surfing_app
from conftest import SAMPLES, client_of
from fastapi import FastAPI
from playwright.async_api import Locator, Page, expect

from logistics_indicators.accounts.tokens import issue_access_token

TRUTH = json.loads((SAMPLES / "truth.json").read_text("utf-8"))
FILES = [SAMPLES / "services.csv", SAMPLES / "customers.csv"]


def api_of(app: FastAPI, user_id: int = 1) -> httpx.AsyncClient:
    return client_of(app, issue_access_token(app.state.token_key, user_id))


async def open_view(surf: Surfing, address: str = "#/loads", **options: Any) -> Page:
    page = await surf.open(await surf.context(**options), address)
    await sign_in(page)
    return page


def figure_of(page: Page, name: str) -> Locator:
    return page.get_by_role("article").filter(has=page.get_by_role("heading", name=name)).locator(".value")


async def load_both(page: Page, files: list[Path] = FILES) -> None:
    """As a person does: drop both, look at each check, and load it."""
    await page.locator("input[type=file]").set_input_files(files)
    for file in reversed(files):
        card = page.get_by_role("article", name=file.name)
        await expect(card).to_have_attribute("data-step", "checked")
        await card.get_by_role("button", name="Carregar").click()
        await expect(card).to_have_attribute("data-step", "ended")


@needs_browser
async def test_two_files_become_the_figures_that_they_hold_and_every_reject_comes_home(
    app: FastAPI, connection: asyncpg.Connection
) -> None:
    await make_account(app)
    async with surfing_app(app) as surf:
        page = await open_view(surf)
        await page.locator("input[type=file]").set_input_files(FILES)
        customers, services = (page.get_by_role("article", name=f"{name}.csv") for name in ("customers", "services"))
        await expect(customers).to_contain_text("nada foi gravado ainda")
        await expect(customers).to_contain_text("Paulo Pereira Lima")  # the first rows
        await expect(services).to_contain_text("Espera os clientes")
        assert await connection.fetchval("SELECT count(*) FROM customers") == 0
        await assert_accessible(page, "loads-checked")
        await customers.get_by_role("button", name="Carregar").click()
        await expect(services).to_have_attribute("data-step", "checked")
        await expect(services.locator("[data-count=rejected] dd")).to_have_text("6")
        await expect(services).to_contain_text("Cliente desconhecido")
        assert await connection.fetchval("SELECT count(*) FROM services") == 0
        await services.get_by_role("button", name="Carregar").click()
        await expect(services).to_have_attribute("data-step", "ended")
        assert await connection.fetchval("SELECT count(*) FROM services") == TRUTH["stored"]

        await page.get_by_role("link", name="Resumo").click()
        on_time = sum(on_time for _, on_time in TRUTH["polo"].values())
        share = f"{100 * on_time / TRUTH['attended']:.2f}%".replace(".", ",")
        await expect(page.get_by_role("article").filter(has_text="SLA").locator(".value")).to_have_text(share)
        await expect(page.get_by_role("article").filter(has_text="Atendimentos").locator(".value")).to_have_text(
            "2.991"
        )
        await assert_accessible(page, "summary")

        await page.get_by_role("link", name="Cargas").click()
        await services.get_by_role("link", name="Corrigir 6 linhas").click()
        await mend_all(page, app)
        await expect(page.get_by_text("Nada a corrigir")).to_be_visible()
        assert await connection.fetchval("SELECT count(*) FROM services") == TRUTH["stored"] + 5


async def mend_all(page: Page, app: FastAPI) -> None:
    """By the keyboard alone: the first row is dropped, of the others what is wrong is written anew."""
    grid = page.get_by_role("grid")
    await expect(grid.get_by_role("row")).to_have_count(7)
    await assert_accessible(page, "mending")
    async with api_of(app) as api:
        rejects = (await api.get("/v1/rejects", params={"cells": True, "limit": 100})).json()["rejects"]
        customer = (await api.get("/v1/customers", params={"limit": 1})).json()["clientes"][0]["id"]
    columns = list(rejects[0]["cells"])
    right = {"id": "90000{}", "id_cliente": str(customer), "data_limite": "30/06/2021", "data_de_atendimento": "-"}
    await grid.locator("[data-place='0:0']").click()
    for row, reject in enumerate(rejects):
        if row == 0:
            await page.keyboard.press("Delete")
        for place, column in enumerate(columns):
            wrong = column == reject["column"] or reject["cells"][column] is None
            if row > 0 and wrong:
                await page.keyboard.type(right.get(column, "X").format(row))
                await page.keyboard.press("Tab")
            elif place < len(columns) - 1:
                await page.keyboard.press("ArrowRight")
        await page.keyboard.press("Home")
        await page.keyboard.press("ArrowDown")
    await page.get_by_role("button", name="Enviar 6 linhas").click()


@needs_browser
async def test_a_load_is_undone_and_a_second_tab_sees_it_without_being_asked(
    app: FastAPI, connection: asyncpg.Connection
) -> None:
    await make_account(app)
    async with surfing_app(app) as surf:
        context = await surf.context()
        page = await surf.open(context, "#/loads")
        await sign_in(page)
        await load_both(page)
        watching = await surf.open(context, "#/summary")
        await expect(figure_of(watching, "Atendimentos")).to_have_text("2.991")
        await page.get_by_role("article", name="services.csv").get_by_role("link", name="Abrir a carga").click()
        await page.get_by_role("button", name="Desfazer a carga").click()
        dialog = page.get_by_role("dialog")
        await expect(dialog).to_contain_text("2.994 linhas")
        await assert_accessible(page, "undo")
        await dialog.get_by_role("button", name="Desfazer a carga").click()
        await expect(page.get_by_text("Desfeita", exact=True)).to_be_visible()
        await expect(watching.get_by_text("Ainda não há atendimentos")).to_be_visible()
        assert await connection.fetchval("SELECT count(*) FROM services") == 0


@needs_browser
async def test_a_viewer_looks_and_changes_nothing(app: FastAPI, connection: asyncpg.Connection) -> None:
    await make_account(app)
    await make_account(app, "vera")
    await connection.execute("UPDATE users SET role = 'viewer' WHERE username = 'vera'")
    async with surfing_app(app) as surf:
        page = await surf.open(await surf.context(viewport={"width": 360, "height": 740}), "#/loads")
        await sign_in(page, "vera")
        await expect(page.get_by_text("Nenhuma carga ainda.")).to_be_visible()
        await expect(page.locator("input[type=file]")).to_have_count(0)
        await assert_accessible(page, "phone-loads")
        wide = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide == 0
