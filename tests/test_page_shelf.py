"""Files under way: where each stands, and in which words."""

import asyncio
from base64 import b64decode
from pathlib import Path

import asyncpg
import pytest
from browsing import make_account, sign_in, surfing_app
from conftest import client_of
from fastapi import FastAPI
from one_browser import needs_browser
from playwright.async_api import Page, Request, Route, expect

from logistics_indicators.accounts.tokens import issue_access_token


def customers(folder: Path, name: str, first: int) -> Path:
    file = folder / name
    file.write_text(f"id;nome;email\n{first};Ana;ana{first}@example.com\n", "utf-8")
    return file


async def names_on(page: Page) -> list[str]:
    return (
        await page.get_by_role("region", name="Em andamento")
        .get_by_role("article")
        .get_by_role("heading", level=3)
        .all_inner_texts()
    )


@needs_browser
async def test_files_that_come_last_are_on_top_and_stay_there_after_a_reload(app: FastAPI, tmp_path: Path) -> None:
    await make_account(app)
    batches = [
        [visits(tmp_path, "visitas.csv", 1), customers(tmp_path, "a.csv", 1)],
        [customers(tmp_path, "b.csv", 2)],
        [customers(tmp_path, "c.csv", 3)],
    ]
    async with surfing_app(app) as surf:
        page = await surf.open(await surf.context(), "#/loads")
        await sign_in(page)
        await page.get_by_label("Conferir antes de gravar").uncheck()
        for files in batches:
            await page.locator("input[type=file]").set_input_files(files)
            for file in files:
                await expect(page.get_by_role("article", name=file.name)).to_have_attribute("data-step", "ended")
        in_order = ["c.csv", "b.csv", "a.csv", "visitas.csv"]
        assert await names_on(page) == in_order
        await page.reload()
        await expect(page.get_by_role("article")).to_have_count(4)
        assert await names_on(page) == in_order


@needs_browser
async def test_a_check_is_no_load_and_few_bytes_are_bytes(app: FastAPI, tmp_path: Path) -> None:
    await make_account(app)
    file = tmp_path / "pouco.csv"
    file.write_text("id;nome;email\n1;A;a@b.co\n", "utf-8")
    async with surfing_app(app) as surf:
        page = await surf.open(await surf.context())

        async def as_under_way(route: Route) -> None:
            answer = await route.fetch()
            body = await answer.json()
            body["loads"] = [{**load, "status": "loading"} for load in body["loads"]]
            await route.fulfill(response=answer, json=body)

        await sign_in(page)
        await page.goto(f"{surf.origin}/#/loads")
        await page.locator("input[type=file]").set_input_files(file)
        card = page.get_by_role("article", name="pouco.csv")
        await expect(card).to_have_attribute("data-step", "checked")
        await expect(card).to_contain_text("Clientes · 25 B")
        await page.route("**/v1/loads?*", as_under_way)
        await page.reload()
        row = page.get_by_role("group", name="Histórico").locator("tbody tr")
        await expect(row.locator(".tag")).to_have_text("Conferindo")
        await expect(row).to_contain_text("25 B")
        await page.unroute_all(behavior="wait")  # the page asks again, and must not be left half answered


@needs_browser
@pytest.mark.parametrize("look", [False, True], ids=["loaded", "looked at"])
@pytest.mark.parametrize("good", [True, False], ids=["customers", "refused customers"])
async def test_files_that_come_together_are_each_sent_once_in_their_order(
    app: FastAPI, tmp_path: Path, look: bool, good: bool
) -> None:
    await make_account(app)
    first = customers(tmp_path, "c1.csv", 1)
    if not good:
        first.write_text("id;nome;email\n", "utf-8")
    names = ["v10.csv", "v11.csv", "v12.csv", "v13.csv"]
    others = [visits(tmp_path, name, place) for place, name in enumerate(names)]
    async with surfing_app(app) as surf:
        page = await surf.open(await surf.context(), "#/loads")
        await sign_in(page)
        sent = noted_names(page)
        await page.get_by_label("Conferir antes de gravar").set_checked(look)
        await page.locator("input[type=file]").set_input_files([others[0], first, *others[1:]])
        if look and good:
            card = page.get_by_role("article", name=first.name)
            await expect(card).to_have_attribute("data-step", "checked")
            await card.get_by_role("button", name="Carregar").click()
        for file in others:
            card = page.get_by_role("article", name=file.name)
            await expect(card).to_have_attribute("data-step", "checked" if look else "ended")
        assert sent == [first.name, *names]
        async with client_of(app, issue_access_token(app.state.token_key, 1)) as admin:
            loads = (await admin.get("/v1/loads")).json()["loads"]
        loaded = [load["filename"] for load in reversed(loads) if load["kind"] == "services"]
        assert loaded == names


@needs_browser
@pytest.mark.parametrize("what", ["ends it", "is closed", "is cut off"])
async def test_a_file_is_sent_by_one_tab(
    app: FastAPI, connection: asyncpg.Connection, tmp_path: Path, what: str
) -> None:
    """What the first tab does."""
    await make_account(app)
    file = customers(tmp_path, "c.csv", 1)
    goes_on = asyncio.Event()
    async with surfing_app(app, expected=("ERR_FAILED", "Failed to load resource")) as surf:
        context = await surf.context()
        page = await surf.open(context, "#/loads")
        await sign_in(page)

        async def slowly(route: Route) -> None:
            await goes_on.wait()
            await (route.abort() if what == "is cut off" else route.continue_())

        await page.route("**/v1/uploads", slowly)
        await page.get_by_label("Conferir antes de gravar").uncheck()
        async with page.expect_request("**/v1/uploads"):
            await page.locator("input[type=file]").set_input_files(file)
        other = await surf.open(context, "#/loads")
        sent_by_the_other = noted_names(other)
        card = other.get_by_role("article", name=file.name)
        await expect(card).to_contain_text("Outra aba o envia")
        if what == "is closed":
            await page.close()
        goes_on.set()
        await expect(card).to_have_attribute("data-step", "ended")
        assert sent_by_the_other == ([] if what == "ends it" else [file.name])
        if what == "is cut off":
            await page.unroute("**/v1/uploads")
            await expect(page.get_by_role("article", name=file.name)).to_have_attribute("data-step", "ended")
        assert await connection.fetchval("SELECT count(*) FROM loads") == 1


@needs_browser
@pytest.mark.parametrize("from_the_first", [True, False], ids=["in the tab that sends", "in the other"])
async def test_what_is_taken_off_the_list_in_one_tab_is_sent_by_none(
    app: FastAPI, connection: asyncpg.Connection, tmp_path: Path, from_the_first: bool
) -> None:
    await make_account(app)
    first, second = customers(tmp_path, "c.csv", 1), visits(tmp_path, "v.csv", 1)
    goes_on = asyncio.Event()
    async with surfing_app(app, expected=("ERR_FAILED", "ERR_ABORTED", "Failed to load resource")) as surf:
        context = await surf.context()
        page = await surf.open(context, "#/loads")
        await sign_in(page)

        async def slowly(route: Route) -> None:
            await goes_on.wait()
            await route.continue_()

        await page.route("**/v1/uploads", slowly)
        await page.get_by_label("Conferir antes de gravar").uncheck()
        async with page.expect_request("**/v1/uploads"):
            await page.locator("input[type=file]").set_input_files([first, second])
        other = await surf.open(context, "#/loads")
        await expect(other.get_by_role("article", name=first.name)).to_contain_text("Outra aba o envia")
        where = page if from_the_first else other
        gone = second if from_the_first else first
        await where.get_by_role("article", name=gone.name).get_by_role("button", name="Cancelar").click()
        for tab in (page, other):
            await expect(tab.get_by_role("article")).to_have_count(1)
        goes_on.set()
        left = first if from_the_first else second
        for tab in (page, other):
            card = tab.get_by_role("article", name=left.name)
            await expect(card).to_have_attribute("data-step", "ended")
            await tab.bring_to_front()
            await expect(tab.get_by_role("article")).to_have_count(1)
        assert await connection.fetch("SELECT filename FROM loads") == [(left.name,)]


@needs_browser
async def test_who_signs_out_is_asked_about_files_that_did_not_arrive(
    app: FastAPI, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    await make_account(app)
    file = customers(tmp_path, "c.csv", 1)
    async with surfing_app(app, expected=("ERR_FAILED", "ERR_ABORTED", "Failed to load resource")) as surf:
        context = await surf.context()
        page = await surf.open(context, "#/loads")
        await sign_in(page)
        held = asyncio.Event()

        async def never(route: Route) -> None:
            if route.request.method == "PATCH":
                await held.wait()
            await route.continue_()

        await page.route("**/v1/uploads/*", never)
        async with page.expect_request(lambda request: request.method == "PATCH"):
            await page.locator("input[type=file]").set_input_files(file)
        other = await surf.open(context, "#/summary")
        for tab in (page, other):
            await tab.locator("details.menu summary").click()
            await tab.get_by_role("button", name="Sair", exact=True).click()
            asked = tab.get_by_role("dialog", name="1 arquivo ainda não chegou inteiro")
            await expect(asked.get_by_role("button", name="Cancelar")).to_be_focused()
            if tab is page:
                await page.keyboard.press("Enter")
                await expect(page.get_by_role("article", name=file.name)).to_have_attribute("data-step", "sending")
        assert await connection.fetchval("SELECT count(*) FROM uploads") == 1
        await asked.get_by_role("button", name="Sair e descartar").click()
        held.set()
        for tab in (page, other):
            await expect(tab.get_by_label("Senha").first).to_be_visible()
        assert await connection.fetchval("SELECT count(*) FROM uploads") == 0


def visits(folder: Path, name: str, first: int) -> Path:
    file = folder / name
    header = "id;id_cliente;angel;polo;data_limite;data_de_atendimento"
    file.write_text(f"{header}\n{first};1;Ana;CE - SOBRAL;02/05/2021;-\n", "utf-8")
    return file


def noted_names(page: Page) -> list[str]:
    """Of the files of which an upload begins."""
    names: list[str] = []

    def note(request: Request) -> None:
        if request.method == "POST" and request.url.endswith("/v1/uploads"):
            metadata = dict(pair.split(" ") for pair in request.headers["upload-metadata"].split(","))
            names.append(b64decode(metadata["filename"]).decode())

    page.on("request", note)
    return names
