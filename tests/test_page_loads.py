"""A day of the control room in a real browser: both files dropped, checked, loaded, mended, shared and undone."""

import asyncio
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import openpyxl
import pytest
from browsing import Surfing, assert_accessible, make_account, sign_in, surfing_app
from conftest import SAMPLES, client_of
from fastapi import FastAPI
from one_browser import needs_browser
from playwright.async_api import Locator, Page, Request, Route, expect

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
        await drop(page, FILES)
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


async def drop(page: Page, files: list[Path]) -> None:
    """Onto the card, as a person drops them."""
    given = [{"name": file.name, "text": file.read_text("utf-8")} for file in files]
    moved = await page.evaluate_handle(
        """given => {
            const moved = new DataTransfer();
            for (const { name, text } of given) moved.items.add(new File([text], name));
            return moved;
        }""",
        given,
    )
    card = page.get_by_role("region", name="Carregar arquivos")
    await card.dispatch_event("dragover", {"dataTransfer": moved})
    await card.dispatch_event("drop", {"dataTransfer": moved})


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
        await context.grant_permissions(["clipboard-read", "clipboard-write"])
        mending = await edit_two_cells(await surf.open(context, "#/mending"))
        await a_discarded_trial_is_no_load(page)
        await page.get_by_role("article", name="services.csv").get_by_role("link", name="Abrir a carga").click()
        await page.get_by_role("button", name="Desfazer a carga").click()
        dialog = page.get_by_role("dialog")
        await expect(dialog).to_contain_text("2.994 linhas")
        await assert_accessible(page, "undo")
        await expect(dialog.get_by_role("button", name="Cancelar")).to_be_focused()
        await dialog.get_by_role("button", name="Desfazer a carga").click()
        await expect(page.get_by_text("Desfeita", exact=True)).to_be_visible()
        await the_edits_are_kept(mending)
        await page.get_by_role("link", name="Todas as cargas").click()
        await the_card_says_that_it_was_undone(page)
        await page.reload()
        await the_card_says_that_it_was_undone(page)
        await expect(watching.get_by_text("Ainda não há atendimentos")).to_be_visible()
        assert await connection.fetchval("SELECT count(*) FROM services") == 0


async def the_card_says_that_it_was_undone(page: Page) -> None:
    card = page.get_by_role("article", name="services.csv")
    await expect(card.get_by_text("Desfeita", exact=True)).to_be_visible()
    await expect(card.locator("[data-count]")).to_have_count(0)
    await expect(page.get_by_role("article", name="customers.csv").locator("[data-count=inserted]")).to_be_visible()


async def a_discarded_trial_is_no_load(page: Page) -> None:
    """Nor is one that was loaded, beside its load."""
    await page.locator("input[type=file]").set_input_files(FILES[1])
    again = page.get_by_role("article", name="customers.csv").first
    await expect(again).to_have_attribute("data-step", "checked")
    await again.get_by_role("button", name="Descartar").click()
    rows = page.get_by_role("group", name="Histórico").locator("tbody tr")
    await expect(rows).to_have_count(2)
    await page.get_by_label("Mostrar também as prévias").check()
    await expect(rows).to_have_count(5)
    await expect(rows.first).to_contain_text("Prévia descartada")
    await page.get_by_label("Mostrar também as prévias").uncheck()
    await expect(rows).to_have_count(2)


async def edit_two_cells(page: Page) -> Page:
    """Of two rows; the second is being typed still."""
    await page.locator("[data-place='0:0']").click()
    await page.keyboard.type("900001")
    await page.keyboard.press("Enter")
    await page.keyboard.type("900002")
    return page


async def the_edits_are_kept(page: Page) -> None:
    told = page.get_by_role("region", name="Edições não enviadas")
    await expect(told).to_contain_text("A carga 4 foi desfeita (carga 4, linhas")
    await expect(told.locator("ins")).to_have_text(["900001", "900002"])
    await expect(page.get_by_text("Nada a corrigir")).to_be_visible()
    await assert_accessible(page, "edits-kept")
    await told.get_by_role("button", name="Copiar as edições").click()
    names, first, second = (await page.evaluate("navigator.clipboard.readText()")).splitlines()
    assert names.startswith("id\tid_cliente\t")
    assert (first.split("\t")[0], second.split("\t")[0]) == ("900001", "900002")
    await told.get_by_role("button", name="Descartar as edições").click()
    await expect(told).to_have_count(0)


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


def large_file(folder: Path) -> Path:
    """Customers in three pieces of an upload."""
    file = folder / "grande.csv"
    rows = (f"{n};Ana;ana{n}@example.com;1;{'nada ' * 50}\n" for n in range(1, 80_000))
    file.write_text("id;nome;email;telefone;obs\n" + "".join(rows), "utf-8")
    return file


@needs_browser
async def test_an_upload_goes_on_after_a_cut_network_and_after_a_reload(app: FastAPI, tmp_path: Path) -> None:
    await make_account(app)
    async with surfing_app(
        app, expected=("ERR_FAILED", "ERR_INTERNET_DISCONNECTED", "Failed to load resource")
    ) as surf:
        context = await surf.context()
        begun: list[str] = []
        context.on("request", lambda request: begun.append(request.url) if is_new_upload(request) else None)
        page = await surf.open(context, "#/loads")
        await sign_in(page)
        pieces = 0

        async def only_the_first_piece(route: Route) -> None:
            nonlocal pieces
            pieces += route.request.method == "PATCH"
            await (route.abort() if pieces > 1 else route.continue_())

        await page.route("**/v1/uploads/*", only_the_first_piece)
        await page.locator("input[type=file]").set_input_files(large_file(tmp_path))
        card = page.get_by_role("article", name="grande.csv")
        await expect(card).to_have_attribute("data-step", "paused")
        await expect(card).to_contain_text("Sem contato")
        await context.set_offline(True)
        await page.unroute("**/v1/uploads/*")
        await context.set_offline(False)
        await page.reload()
        await expect(card).to_have_attribute("data-step", "checked", timeout=120_000)
        await expect(card.locator("[data-count=inserted] dd")).to_have_text("79.999")
        assert len(begun) == 1  # the bytes that were stored were not sent again


@needs_browser
async def test_an_upload_goes_on_where_its_sign_in_lapses_meanwhile(app: FastAPI, tmp_path: Path) -> None:
    await make_account(app)
    async with surfing_app(app, expected=("Failed to load resource",)) as surf:
        context = await surf.context()
        begun: list[str] = []
        context.on("request", lambda request: begun.append(request.url) if is_new_upload(request) else None)
        page = await surf.open(context, "#/loads")
        await sign_in(page)
        pieces: list[str | None] = []

        async def lapsing(route: Route) -> None:
            token = await route.request.header_value("authorization")
            pieces.extend([token] if route.request.method == "PATCH" else [])
            lapsed = len(pieces) > 1 and token == pieces[0]
            await (route.fulfill(status=401) if lapsed else route.continue_())

        await page.route("**/v1/uploads/*", lapsing)
        await page.locator("input[type=file]").set_input_files(large_file(tmp_path))
        card = page.get_by_role("article", name="grande.csv")
        await expect(card).to_have_attribute("data-step", "checked", timeout=120_000)
        await expect(card.locator("[data-count=inserted] dd")).to_have_text("79.999")
        assert len(begun) == 1
        assert len(set(pieces)) == 2


@needs_browser
async def test_a_page_that_is_left_right_after_the_word_to_load_goes_on_with_the_load(
    app: FastAPI, connection: asyncpg.Connection
) -> None:
    await make_account(app)
    async with surfing_app(app, expected=("ERR_FAILED", "Failed to load resource")) as surf:
        page = await open_view(surf)
        taken: list[int] = []

        async def taken_but_not_answered(route: Route) -> None:
            taken.append((await route.fetch()).status)
            await page.evaluate("location.reload()")

        await page.route("**/v1/loads/*/confirm", taken_but_not_answered, times=1)
        await page.locator("input[type=file]").set_input_files(SAMPLES / "customers.csv")
        card = page.get_by_role("article", name="customers.csv")
        await expect(card).to_have_attribute("data-step", "checked")
        await card.get_by_role("button", name="Carregar").click()
        await expect(card).to_have_attribute("data-step", "ended")
        assert taken == [202]
        assert await connection.fetchval("SELECT count(*) FROM loads WHERE NOT validate_only") == 1


def is_new_upload(request: Request) -> bool:
    return request.method == "POST" and request.url.endswith("/v1/uploads")


@needs_browser
async def test_a_view_is_a_link_that_a_colleague_opens_in_english(app: FastAPI) -> None:
    await make_account(app)
    async with surfing_app(app) as surf:
        page = await open_view(surf)
        await load_both(page)
        await page.get_by_role("link", name="Resumo").click()
        await page.get_by_role("combobox", name="Polo").fill("CE - SOBRAL 008")
        await page.keyboard.press("Tab")
        total, on_time = TRUTH["polo"]["CE - SOBRAL 008"]
        share = f"{100 * on_time / total:.2f}%"
        await expect(figure_of(page, "SLA")).to_have_text(share.replace(".", ","))
        colleague = await open_view(surf, page.url.partition("/#")[2].join(("#", "")), locale="en-GB")
        await expect(figure_of(colleague, "SLA")).to_have_text(share)
        await expect(figure_of(colleague, "Visits")).to_have_text(str(total))
        await page.goto(f"{surf.origin}/#/explore?rank=table")
        for polo, (visits, in_time) in TRUTH["polo"].items():
            row = page.get_by_role("region", name="Ranking de polos").get_by_role("row").filter(has_text=polo)
            await expect(row).to_contain_text(f"{100 * in_time / visits:.2f}%".replace(".", ","))
            await expect(row.get_by_role("link", name=re.compile(rf": {visits} atendimentos"))).to_be_visible()
        await page.go_back()
        await page.go_back()
        await expect(figure_of(page, "Atendimentos")).to_have_text("2.991")
        await page.go_forward()
        await expect(figure_of(page, "Atendimentos")).to_have_text(str(total))


@needs_browser
async def test_unlooked_at_too_the_visits_go_behind_their_customers_and_own_days_are_typed(app: FastAPI) -> None:
    await make_account(app)
    async with surfing_app(app) as surf:
        page = await open_view(surf)
        await page.locator("input[name=look]").uncheck()
        held: asyncio.Queue[Route] = asyncio.Queue()
        await page.route("**/v1/uploads", held.put, times=1)
        await page.locator("input[type=file]").set_input_files(FILES)
        customers, services = (page.get_by_role("article", name=f"{name}.csv") for name in ("customers", "services"))
        await expect(services).to_have_attribute("data-step", "waiting")
        await expect(customers).to_have_attribute("data-step", "sending")
        await (await held.get()).continue_()
        await expect(services).to_have_attribute("data-step", "ended")
        await expect(services.locator("[data-count=rejected] dd")).to_have_text("6")

        await page.get_by_role("link", name="Atendimentos", exact=True).click()
        await page.get_by_role("combobox", name="Período").select_option("own")
        before = await page.evaluate("history.length")
        await page.get_by_label("De", exact=True).focus()
        await page.keyboard.type("05052021")
        await page.keyboard.press("Enter")
        await expect(page).to_have_url(re.compile("start_date=2021-05-05"))
        assert await page.evaluate("history.length") == before + 1
        await page.get_by_role("combobox", name="UF").fill("ce")
        await page.keyboard.press("Tab")
        await expect(page).to_have_url(re.compile("uf=CE"))


@needs_browser
async def test_a_file_under_way_is_its_senders_alone(app: FastAPI, connection: asyncpg.Connection) -> None:
    for name in ("ana", "bia"):
        await make_account(app, name)
    await connection.execute("UPDATE users SET role = 'analyst' WHERE username = 'bia'")
    async with surfing_app(app, expected=("status of 401",)) as surf:
        page = await open_view(surf)
        await page.locator("input[type=file]").set_input_files(FILES[1])
        await expect(page.get_by_role("article", name="customers.csv")).to_have_attribute("data-step", "checked")
        await page.locator("summary", has_text="ana").click()
        await page.get_by_role("button", name="Sair", exact=True).click()
        await sign_in(page, "bia")
        await expect(page.get_by_text("customers.csv").first).to_be_visible()  # in the history
        await expect(page.get_by_role("article")).to_have_count(0)
        kept = """new Promise(resolve => {
            const opened = indexedDB.open("logistics-indicators.uploads");
            opened.onsuccess = () => {
                const stores = [...opened.result.objectStoreNames];
                if (!stores.length) return resolve(0);
                const all = opened.result.transaction(stores).objectStore(stores[0]).getAll();
                all.onsuccess = () => resolve(all.result.length);
            };
        })"""
        assert await page.evaluate(kept) == 0


@needs_browser
async def test_what_somebody_else_mended_is_left_out_and_the_rest_is_sent(
    app: FastAPI, connection: asyncpg.Connection
) -> None:
    await make_account(app)
    async with surfing_app(app, expected=("status of 409",)) as surf:
        page = await open_view(surf)
        await load_both(page)
        await page.get_by_role("article", name="services.csv").get_by_role("link", name="Corrigir").click()
        grid = page.get_by_role("grid")
        await expect(grid.get_by_role("row")).to_have_count(7)
        await copy_a_block(page, grid)
        await grid.locator("[data-place='0:5']").click()
        await page.keyboard.type("-")
        await page.keyboard.press("Enter")
        await grid.locator("[data-place='4:0']").click()
        await page.keyboard.type("900004")
        await page.keyboard.press("Enter")
        await page.get_by_role("link", name="Resumo").click()
        await page.go_back()
        await expect(
            page.get_by_role("button", name="Enviar 2 linhas")
        ).to_be_visible()  # another view did not lose them
        async with api_of(app) as api:
            load = (await api.get("/v1/loads", params={"limit": 1})).json()["loads"][0]["id"]
            line = (await api.get("/v1/rejects", params={"load": load})).json()["rejects"][0]["line"]
            assert (await api.post(f"/v1/loads/{load}/mend", json={"drops": [line]})).status_code == 200
        await page.get_by_role("button", name=re.compile("Enviar [12] linha")).click()
        told = page.get_by_role("region", name="Edições não enviadas")
        await expect(told).to_contain_text(f"Já tinha sido descartada, por ana (carga {load}, linha {line})")
        await expect(told.locator("ins")).to_have_text("-")
        await expect(page.get_by_text("1 linha aceita")).to_be_visible()
        await expect(page.get_by_role("button", name="Nada a enviar")).to_be_disabled()
        assert await connection.fetchval("SELECT count(*) FROM services") == TRUTH["stored"] + 1
        await page.get_by_role("link", name="Cargas").click()
        card = page.get_by_role("article", name="services.csv")
        await expect(card.get_by_role("link", name="Corrigir 4 linhas")).to_be_visible()  # of the six that there were


async def copy_a_block(page: Page, grid: Locator) -> None:
    """As in a spreadsheet: by the mouse, with shift, and one value into all of a block; then it is undone."""
    place = "[data-place='{}:{}']".format
    marked = grid.locator("[aria-selected=true]")
    await grid.locator(place(1, 2)).drag_to(grid.locator(place(2, 3)))
    block = await marked.all_inner_texts()
    assert len(block) == 4
    await page.keyboard.press("Control+c")
    await grid.locator(place(4, 2)).click()
    await expect(marked).to_have_count(0)
    await page.keyboard.press("Control+v")
    await grid.locator(place(5, 3)).click(modifiers=["Shift"])
    await expect(marked).to_have_text(block)

    await grid.locator(place(0, 2)).click()
    await page.keyboard.press("Control+c")
    await page.keyboard.press("Shift+ArrowDown")
    await page.keyboard.press("Shift+ArrowRight")
    await page.keyboard.press("Control+v")
    await expect(marked).to_have_text([await grid.locator(place(0, 2)).inner_text()] * 4)

    await grid.locator(place(0, 2)).click()
    below = await grid.locator(place(1, 2)).inner_text()
    pasted = """text => {
        const clipboardData = new DataTransfer();
        clipboardData.setData("text/plain", text);
        document.activeElement.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true }));
    }"""
    await page.evaluate(pasted, '"Ana\nBia"\t"de ""A"""\r\n')
    for at, said in ((place(0, 2), "Ana Bia"), (place(0, 3), 'de "A"'), (place(1, 2), below)):
        await expect(grid.locator(at)).to_have_text(said)
    await page.keyboard.press("F2")
    await expect(grid.locator(".typing input")).to_have_value("Ana Bia")
    await page.keyboard.press("Escape")
    await grid.locator(place(5, 5)).click()
    await page.evaluate(pasted, "10/06/2021\t1\n2\t\n")
    await expect(grid.locator(place(5, 5))).to_have_text("10/06/2021")
    await expect(page.get_by_text("2 valores colados ficaram fora da planilha e não foram usados.")).to_be_visible()
    await page.get_by_role("button", name="Fechar").click()
    await page.get_by_role("button", name="Desfazer as edições").click()
    await expect(page.get_by_role("button", name="Nada a enviar")).to_be_disabled()


@needs_browser
async def test_a_file_of_other_column_names_is_sent_again_with_those_that_a_person_says(
    app: FastAPI, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    await make_account(app)
    visits, customers, paper = tmp_path / "visitas.csv", tmp_path / "pessoas.xlsx", tmp_path / "manual.pdf"
    visits.write_text("N;Pessoa;Quem foi;Onde;Vence em;Feito em\n1;7;Ana;CE - SOBRAL 008;10/06/2021;-\n", "utf-8")
    book = openpyxl.Workbook()
    for row in (("Id", "Nome", "Onde escrever", "Telefone"), (7, "Bia", "bia@example.com", 1)):
        book.active.append(row)  # type: ignore[union-attr]
    book.save(customers)
    paper.write_bytes(b"%PDF-1.7\n\0\1\2")
    async with surfing_app(app, expected=("status of 422", "status of 415")) as surf:
        page = await open_view(surf)
        await page.locator("input[type=file]").set_input_files([visits, customers, paper])
        refused = page.get_by_role("article", name="manual.pdf")
        await expect(refused.get_by_role("alert")).to_contain_text("parece ser um documento PDF, não uma tabela")
        await say_columns(page.get_by_role("article", name="pessoas.xlsx"), {"Onde escrever": "email"})
        card = page.get_by_role("article", name="pessoas.xlsx")
        await expect(card.get_by_role("columnheader", name="email ← Onde escrever")).to_be_visible()
        await card.get_by_role("button", name="Carregar").click()
        await expect(card).to_have_attribute("data-step", "ended")
        card = page.get_by_role("article", name="visitas.csv")
        await expect(card.get_by_role("alert")).to_contain_text(
            "Lido: N | Pessoa | Quem foi | Onde | Vence em | Feito em."
        )
        await assert_accessible(page, "loads-columns")
        await page.locator("summary", has_text="ana").click()
        await page.get_by_label("Idioma").select_option("en")
        await expect(refused.get_by_role("alert")).to_contain_text("looks like a PDF document, which is no table")
        await page.get_by_label("Language").select_option("pt")
        await say_columns(card, {"N": "id", "Pessoa": "id_cliente"})
        await card.get_by_role("button", name="Carregar").click()
        await expect(card).to_have_attribute("data-step", "ended")
    assert await connection.fetchval("SELECT count(*) FROM services WHERE id_cliente = 7") == 1


TAKEN_FOR = {
    "um.csv": ("7;Bia Polo;bia@example.com;119\n", "Clientes"),  # by the number of its columns
    "dois.csv": ("1;7;Ana;CE - SOBRAL 008;2021-06-10;-\n", "Atendimentos"),
    "visitas.csv": ("sep=,\ncustomer_id,name,email\n8,Caio,caio@example.com\n", "Clientes"),  # and not by its own name
    "clientes.csv": ("Março;;;;;\nid;id_cliente;angel;polo;data_limite;data_de_atendimento\n", "Atendimentos"),
}


@needs_browser
async def test_a_file_is_taken_for_what_its_columns_say(app: FastAPI, tmp_path: Path) -> None:
    await make_account(app)
    for name, (text, _) in TAKEN_FOR.items():
        (tmp_path / name).write_text(text, "utf-8")
    async with surfing_app(app) as surf:
        page = await open_view(surf)
        await page.get_by_label("Conferir antes de gravar").uncheck()
        await page.locator("input[type=file]").set_input_files([tmp_path / name for name in TAKEN_FOR])
        for name, (_, kind) in TAKEN_FOR.items():
            card = page.get_by_role("article", name=name, exact=True)
            await expect(card).to_contain_text(f"{kind} · ")
            await expect(card).to_have_attribute("data-step", "ended")


@needs_browser
async def test_who_sends_a_zip_of_several_tables_is_told_to_unpack_it(app: FastAPI, tmp_path: Path) -> None:
    await make_account(app)
    for name, files in {"dois": FILES, "clientes": FILES[1:] * 2}.items():
        with zipfile.ZipFile(tmp_path / f"{name}.zip", "w") as archive:
            for number, file in enumerate(files):
                archive.writestr(f"{number}/{file.name}", file.read_bytes())
    with zipfile.ZipFile(tmp_path / "um.zip", "w") as archive:
        archive.writestr("services.csv", FILES[1].read_bytes())
    async with surfing_app(app, expected=("status of 422",)) as surf:
        page = await open_view(surf)
        await page.locator("input[type=file]").set_input_files([tmp_path / "dois.zip", tmp_path / "clientes.zip"])
        for name in ("dois.zip", "clientes.zip"):
            card = page.get_by_role("article", name=name)
            told = card.get_by_role("alert")
            await expect(told).to_have_text("O zip traz várias tabelas. Descompacte-o e escolha as tabelas juntas.")
            await expect(card.get_by_role("button")).to_have_text(["Tirar da lista"])
        await page.locator("input[type=file]").set_input_files(tmp_path / "um.zip")  # of another kind than by its name
        card = page.get_by_role("article", name="um.zip")
        await card.get_by_role("button", name="Enviar como clientes").click()
        await expect(card).to_have_attribute("data-step", "checked")
        await page.locator("summary", has_text="ana").click()
        await page.get_by_label("Idioma").select_option("en")
        told = page.get_by_role("article", name="dois.zip").get_by_role("alert")
        await expect(told).to_have_text("The zip holds several tables. Unpack it, and choose the tables together.")


@needs_browser
@pytest.mark.parametrize("address", ["#/loads", "#/mending", "#/summary", ""])
async def test_a_file_that_is_dropped_anywhere_stays_out_of_the_browser_s_hands(
    app: FastAPI, tmp_path: Path, address: str
) -> None:
    await make_account(app)
    file = tmp_path / "clientes.csv"
    file.write_text("id;nome;email\n7;Bia;bia@example.com\n", "utf-8")
    async with surfing_app(app, expected=("status of 401",)) as surf:
        page = await surf.open(await surf.context(), address or "#/loads")
        if address:
            await sign_in(page)
        await expect(page.get_by_role("heading", level=1)).to_be_visible()
        before = page.url
        await drag_to_the_edge(page, file)
        if address == "#/loads":
            await expect(page.get_by_role("article", name=file.name)).to_have_attribute("data-step", "checked")
            await expect(page.locator(".drop.over")).to_have_count(0)
        else:
            await expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert page.url == before
        assert await page.evaluate("window.outcome") in ("copy true", "none true")


async def drag_to_the_edge(page: Page, file: Path) -> None:
    """As a real mouse does, beside everything that is on the page."""
    await page.evaluate(
        """() => {
            window.outcome = "";
            const seen = (event) => (window.outcome = `${event.dataTransfer.dropEffect} ${event.defaultPrevented}`);
            for (const name of ["dragover", "drop"]) addEventListener(name, seen);
        }"""
    )
    session = await page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(file)], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        await session.send("Input.dispatchDragEvent", {"type": kind, "x": 2, "y": 500, "data": data})


async def say_columns(card: Locator, meant: dict[str, str]) -> None:
    """The rest is as the page guesses."""
    send = card.get_by_role("button", name="Enviar com estas colunas")
    await expect(send).to_be_disabled()
    for theirs, ours in meant.items():
        await card.locator("label", has_text=re.compile(f"^{theirs}(?=não usar)")).locator("select").select_option(ours)
    await send.click()
    await expect(card).to_have_attribute("data-step", "checked")
