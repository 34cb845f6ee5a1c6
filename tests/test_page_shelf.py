"""Files under way: where each stands, and in which words."""

from pathlib import Path

from browsing import make_account, sign_in, surfing_app
from fastapi import FastAPI
from one_browser import needs_browser
from playwright.async_api import Page, Route, expect


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
    visits = tmp_path / "visitas.csv"
    visits.write_text("id;id_cliente;angel;polo;data_limite;data_de_atendimento\n1;1;Ana;CE - SOBRAL;02/05/2021;-\n")
    batches = [
        [visits, customers(tmp_path, "a.csv", 1)],
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
