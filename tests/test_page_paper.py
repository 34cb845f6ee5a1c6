"""The page on paper: in paper's colours, whole as far as paper takes it, and in words of what it is."""

import asyncio
import json
import re
import shutil
from datetime import date

import asyncpg
import httpx
import pytest
from browsing import make_account, sign_in, surfing_app
from fastapi import FastAPI
from load_client import load_file
from one_browser import needs_browser
from playwright.async_api import Page, ViewportSize, expect
from visits import random_visits, store, uf, visit

NOT_SIGNED_IN = "status of 401"

SEEN = """() => {
    const tokens = ["--series", "--series-2", "--quiet"].map((name) => {
        const probe = document.body.appendChild(document.createElement("i"));
        probe.style.color = `var(${name})`;
        const { color } = getComputedStyle(probe);
        probe.remove();
        return color.match(/\\d+/g).slice(0, 3).join();
    });
    const canvas = document.querySelector(".chart canvas");
    if (!canvas) return [];  // it is drawn anew
    const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", { willReadFrequently: true });
    copy.drawImage(canvas, 0, 0);
    const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
    const drawn = new Set();
    for (let at = 0; at < data.length; at += 4) if (data[at + 3] === 255) drawn.add(data.slice(at, at + 3).join());
    return tokens.map((token) => [token, drawn.has(token)]);
}"""
"""The colours that the page has for two lines and for words, and whether the chart, where there is one, has them."""

ON_PAPER = [["11,107,79", True], ["122,79,181", True], ["81,96,111", True]]
DARK = [["76,199,155", True], ["195,161,245", True], ["163,177,188", True]]
CONTRAST = [["93,255,176", True], ["255,214,10", True], ["255,255,255", True]]


@needs_browser
@pytest.mark.parametrize(("theme", "on_screen"), [("dark", DARK), ("contrast", CONTRAST)])
async def test_a_chart_is_printed_in_the_colours_of_paper_whatever_those_of_the_screen_are(
    app: FastAPI, connection: asyncpg.Connection, theme: str, on_screen: list[list[object]]
) -> None:
    days = [f"{year}-0{month}-02" for year in (2020, 2021) for month in range(1, 10)]
    await store(connection, [visit("Ana", "CE - SOBRAL", day, f"{day}T10:00:00") for day in days])
    await make_account(app)
    async with surfing_app(app, expected=(NOT_SIGNED_IN,)) as surf:
        chosen = {"name": "logistics-indicators.theme", "value": theme}
        context = await surf.context(storage_state={"origins": [{"origin": surf.origin, "localStorage": [chosen]}]})
        await context.add_init_script(f"window.seen = () => JSON.stringify(({SEEN})())")
        page = await surf.open(context, "#/explore?start_date=2021-01-01&end_date=2021-09-30&compare=year&metric=total")
        await sign_in(page)
        await expect(page.locator(".legend .line-2")).to_be_visible()
        as_on_screen = f"() => window.seen() === '{json.dumps(on_screen, separators=(',', ':'))}'"
        await page.wait_for_function(as_on_screen)
        await page.evaluate("() => addEventListener('beforeprint', () => { window.paper = window.seen() })")
        await page.pdf()  # which waits for nothing, as the browser's own menu
        assert json.loads(await page.evaluate("() => window.paper")) == ON_PAPER
        await page.wait_for_function(as_on_screen)


PRINTED = """() => { window.print = () => {
    window.printed = {
        rows: document.querySelectorAll("tbody tr[aria-rowindex]").length,
        words: [...document.querySelectorAll(".on-paper")].map(({ textContent }) => textContent.trim()).join("; "),
    };
} }"""
"""Instead of a printer."""


async def printed(page: Page) -> tuple[int, str]:
    """How many rows, and what only paper says."""
    await page.evaluate(PRINTED)
    await page.keyboard.press("Control+p")
    await page.wait_for_function("() => window.printed")
    found = await page.evaluate("() => { const { printed } = window; delete window.printed; return printed }")
    return found["rows"], found["words"]


@needs_browser
async def test_a_list_is_printed_as_far_as_paper_takes_it_and_says_where_it_ends(
    app: FastAPI, connection: asyncpg.Connection
) -> None:
    visits = random_visits(29, 2100)
    await store(connection, visits)
    await make_account(app)
    ceara = [v for v in visits if uf(v.polo) == "CE"]
    async with surfing_app(app, expected=(NOT_SIGNED_IN,)) as surf:
        page = await surf.open(await surf.context(), "#/visits")
        await sign_in(page)
        told = page.get_by_role("status").filter(has_text="na tela")
        await expect(told).to_have_text("2.100 atendimentos 100 na tela")
        rows, words = await printed(page)
        assert rows == 2000
        assert "Só os primeiros 2.000 de 2.100; o arquivo que se exporta tem todos." in words
        await expect(told).to_have_text("2.100 atendimentos 100 na tela")

        await page.emulate_media(media="print")
        await expect(page.locator("main")).to_contain_text("Só os primeiros 2.000 de 2.100")
        await expect(told.get_by_text("na tela")).to_be_hidden()
        await expect(page.locator(".widest")).to_have_css("display", "none")  # else a blank line
        await page.emulate_media(media="screen")

        await page.goto(f"{surf.origin}/#/visits?uf=CE")
        await expect(told).to_contain_text(f"{len(ceara)} atendimentos")
        rows, words = await printed(page)
        assert rows == len(ceara) > 100
        assert "primeiros" not in words


@needs_browser
async def test_paper_says_the_days_and_every_filter_of_what_is_on_it(
    app: FastAPI, connection: asyncpg.Connection
) -> None:
    await store(connection, [visit("Ana", "CE - SOBRAL", "2021-05-02", "2021-05-04T10:00:00")])
    await make_account(app)
    last = date.today().year - 1
    year = f"01/01/{last} a 31/12/{last}"
    said = {
        "visits?period=last_year&uf=CE": f"Ano passado · {year} · UF: CE",
        "explore?period=last_year&polo=CE - SOBRAL": f"Ano passado · {year} · Polo: CE - SOBRAL",
        "explore": "Todos os dias · 04/05/2021 a 04/05/2021",
        "explore?calendario=uf": "dias úteis do lugar",
        "visits?load_id=7&id_cliente=3": "Todos os dias · Id do cliente: 3 · Trazidos pela carga: 7",
        "visits?aberto=true&data_limite_de=2021-05-01": "Situação: Em aberto · Prazo de: 01/05/2021",
        "visits?updated_by_load=7&dias_de_atraso_de=1": "Dias de atraso de: 1 · Alterados pela carga: 7",
        "explore?order=best": "Melhores primeiro",
        "mending?kind=customers&column=email": "Clientes · email",
        "admin?part=audit&username=ana&action=login": "ana · entrou",
    }
    async with surfing_app(app, expected=(NOT_SIGNED_IN,)) as surf:
        page = await surf.open(await surf.context(), "#/visits")
        await sign_in(page)
        for address, words in said.items():
            await page.goto(f"{surf.origin}/#/{address}")
            await expect(page.locator(".on-paper").filter(has_text=words)).to_be_attached()
        await page.emulate_media(media="print")
        await page.goto(f"{surf.origin}/#/summary?uf=CE")
        await expect(page.locator(".figure").first).to_be_visible()
        told = await page.locator("main").inner_text()
        assert "Todos os dias · 04/05/2021 a 04/05/2021 · UF: CE" in told
        assert told.count("04/05/2021 a 04/05/2021") == 1


UNSAID = """[...document.querySelectorAll("main tr[aria-rowindex] > *, main thead th")]
    .filter((cell) => cell.textContent.trim() && !cell.innerText.trim())
    .map((cell) => cell.textContent)"""
"""What cells have and paper has not."""

ANGEL = re.compile(r"Angel\d+")
PDFTOTEXT = shutil.which("pdftotext")


async def pages_of(paper: bytes) -> list[list[str]]:
    """The words of each page, in their order, without marks of an order."""
    command = (str(PDFTOTEXT), "-raw", "-", "-")
    reading = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    text, _ = await reading.communicate(paper)
    return [page.split() for page in text.decode().replace("▼", " ").rstrip("\f").split("\f")]


@needs_browser
@pytest.mark.skipif(PDFTOTEXT is None, reason="no pdftotext (poppler-utils) found")
async def test_each_page_of_a_table_begins_with_its_heads(app: FastAPI, connection: asyncpg.Connection) -> None:
    visits = [visit(f"Angel{n}", "CE - SOBRAL", "2021-05-02", "2021-05-04T10:00:00") for n in range(150)]
    await store(connection, visits)
    await make_account(app)
    async with surfing_app(app, expected=(NOT_SIGNED_IN,)) as surf:
        page = await surf.open(await surf.context(), "#/visits")
        await sign_in(page)
        for address in ("visits", "explore?by=angel&rank=table"):
            await page.goto(f"{surf.origin}/#/{address}")
            await expect(page.locator("[aria-rowindex='2']").first).to_be_visible()
            await expect(page.locator("main .waiting")).to_have_count(0)
            words = (await page.locator("thead").first.inner_text()).replace("▼", "").split()
            pages = [each for each in await pages_of(await page.pdf()) if any(map(ANGEL.fullmatch, each))]
            assert len(pages) > 2
            assert [each[: len(words)] for each in pages[1:]] == [words] * (len(pages) - 1), address


@needs_browser
async def test_what_a_cell_says_is_printed_though_it_can_be_pressed(
    app: FastAPI, connection: asyncpg.Connection
) -> None:
    await store(connection, [visit("Ana", "CE - SOBRAL", "2021-05-02", "2021-05-04T10:00:00")])
    await make_account(app)
    async with surfing_app(app, expected=(NOT_SIGNED_IN,)) as surf:
        page = await surf.open(await surf.context(), "#/visits")
        await sign_in(page)
        await page.emulate_media(media="print")
        for address in ("visits", "explore?trend=table&rank=table&late=table&open=table&map=table"):
            await page.goto(f"{surf.origin}/#/{address}")
            await expect(page.locator("[aria-rowindex='2']").first).to_be_visible()
            await expect(page.locator("main .waiting")).to_have_count(0)
            assert await page.evaluate(UNSAID) == [], address
        trend = page.get_by_role("row").filter(has_text="04/05/2021").first
        assert (await trend.inner_text()).split()[:2] == ["04/05/2021", "04/05/2021"]


@needs_browser
async def test_no_question_is_printed_that_only_the_screen_can_answer(
    app: FastAPI, connection: asyncpg.Connection
) -> None:
    await store(connection, [visit("Ana", "CE - SOBRAL", "2021-05-02", "2021-05-04T10:00:00")])
    await make_account(app)
    async with surfing_app(app, expected=(NOT_SIGNED_IN,)) as surf:
        page = await surf.open(await surf.context(), "#/visits?angel=Anna")
        await sign_in(page)
        near = page.get_by_text("Será um destes?")
        await expect(near).to_be_visible()
        await page.emulate_media(media="print")
        await expect(near).to_be_hidden()


LONG = {"angel": "Z" * 150, "polo": "SP - " + "W" * 120}
PAPER: ViewportSize = {"width": 718, "height": 1000}
"""A4 with a centimetre on each side."""

BEYOND = """[...document.querySelectorAll("main *")]
    .filter((each) => each.getClientRects().length && !each.closest(".visually-hidden, svg"))
    .filter((each) => each.getBoundingClientRect().right > innerWidth + 1)
    .map((each) => `${each.tagName} ${each.className} ${each.textContent.slice(0, 40)}`)"""
"""What paper cuts off."""

FAULTS_ON_PAPER = """addEventListener("beforeprint", () => {
    window.faults = document.querySelectorAll("section[aria-label='Por falha'] tbody tr").length;
})"""

BROKEN = """[...document.querySelectorAll("main td.number, main th.number")].flatMap((cell) => {
    const found = [];
    const texts = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
    const range = document.createRange();
    while (texts.nextNode()) {
        for (const { 0: word, index } of texts.currentNode.data.matchAll(/\\S+/g)) {
            range.setStart(texts.currentNode, index);
            range.setEnd(texts.currentNode, index + word.length);
            if (range.getClientRects().length > 1) found.push(word);
        }
    }
    return found;
})"""
"""Numbers, and words of their headings, that are not in one line."""


@needs_browser
async def test_a_long_word_pushes_nothing_off_the_paper_and_no_fault_is_left_out(
    app: FastAPI, client: httpx.AsyncClient
) -> None:
    await make_account(app)
    await load_file(client, "customers", f"id;nome;email\n10;{'N' * 150};rita@example.com\n")
    head = "id_atendimento;id_cliente;angel;polo;data_limite;data_de_atendimento\n"
    rows = [f"{n};10;{LONG['angel']};{LONG['polo']};02/05/2021;05/05/2021 08:00:00\n" for n in range(1, 9)]
    wrong = [f"{n};10;{LONG['angel']};{'V' * 125};{'9' * n};-\n" for n in range(40, 48)]
    load = await load_file(client, "services", head + "".join(rows + wrong))
    addresses = {
        "visits": "[aria-rowindex='2']",
        "summary": ".figure",
        "explore?by=angel": ".bars",
        "explore?by=angel&trend=table&rank=table&late=table&open=table&map=table": "[aria-rowindex='2']",
        f"mending?load={load['id']}": "[role=grid] .wrong",
        f"loads?load={load['id']}": ".counts dd",
        "loads": "tbody tr",
        f"visits?angel={LONG['angel']}": "[aria-rowindex='2']",
    }
    async with surfing_app(app, expected=(NOT_SIGNED_IN,)) as surf:
        page = await surf.open(await surf.context(viewport=PAPER), "#/visits")
        await sign_in(page)
        await page.emulate_media(media="print")
        for address, sign in addresses.items():
            await page.goto(f"{surf.origin}/#/{address}")
            await expect(page.locator(sign).first).to_be_visible()
            await expect(page.locator("main .waiting")).to_have_count(0)
            assert await page.evaluate(BEYOND) == [], address
            assert await page.evaluate(BROKEN) == [], address
        await page.goto(f"{surf.origin}/#/mending")
        faults = page.get_by_role("region", name="Por falha").locator("tbody tr")
        await expect(faults).to_have_count(len(wrong))
        await page.emulate_media(media="screen")
        await expect(faults).to_have_count(6)
        await page.evaluate(FAULTS_ON_PAPER)
        await page.pdf()  # which waits for nothing
        assert await page.evaluate("window.faults") == len(wrong)
