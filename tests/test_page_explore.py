"""Explore and the visits in a browser: figures over time, by name, state and delay, down to where a visit came from."""

import csv
import io
import re
from calendar import monthrange
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import asyncpg
import httpx
import openpyxl
import pyarrow.parquet
import pytest
from browsing import Surfing, assert_accessible, make_account, sign_in, surfing_app
from fastapi import FastAPI
from load_client import load_file
from one_browser import needs_browser
from playwright.async_api import Locator, Page, expect
from visits import Visit, attended, random_visits, sla_by, store, two_decimals, uf, visit

NOT_SIGNED_IN = "status of 401"
ROWS = "tbody tr[aria-rowindex]"


async def explorer(surf: Surfing, address: str = "#/explore", **options: object) -> Page:
    page = await surf.open(await surf.context(**options), address)
    await sign_in(page)
    return page


def thousands(number: int) -> str:
    return f"{number:,}".replace(",", ".")


def month_of(visits: Iterable[Visit], year: int, month: int) -> list[Visit]:
    return attended(visits, date(year, month, 1), date(year, month, monthrange(year, month)[1]))


def sla_of(visits: Iterable[Visit]) -> str:
    """As it is written in Portuguese."""
    made = [Visit("all", v.polo, v.data_limite, v.data_de_atendimento) for v in visits]
    return sla_by("angel", made)["all"][2].replace(".", ",")


@pytest.fixture
async def visits(connection: asyncpg.Connection) -> list[Visit]:
    visits = random_visits(29, 3000)
    await store(connection, visits)
    return visits


@needs_browser
async def test_a_line_is_read_by_keys_and_a_point_narrows_the_view(app: FastAPI, visits: list[Visit]) -> None:
    await make_account(app)
    january = month_of(visits, 2020, 1)
    async with surfing_app(app, expected=(NOT_SIGNED_IN,)) as surf:
        page = await explorer(surf)
        chart = page.get_by_role("application", name="SLA por mês")
        panel = page.get_by_role("region", name="SLA por mês")
        await expect(chart.locator("canvas")).to_be_visible()
        await chart.focus()
        await page.keyboard.press("Home")
        await page.keyboard.press("ArrowRight")
        said = panel.get_by_role("status")
        await expect(said).to_contain_text(sla_of(january))
        await expect(said).to_contain_text(f"{len(january)} atendimentos")

        await page.keyboard.press("Enter")
        await expect(page).to_have_url(re.compile("start_date=2020-01-01&end_date=2020-01-31"))
        await page.get_by_label("Comparar com").select_option(label="Período anterior")
        by_day = page.get_by_role("region", name="SLA por dia")
        await expect(by_day.get_by_text("01/12/2019 a 31/12/2019", exact=True)).to_be_visible()
        await page.go_back()
        await page.go_back()
        await expect(chart).to_be_visible()

        months = len({f"{v.data_de_atendimento:%Y-%m}" for v in attended(visits) if v.data_de_atendimento})
        await drag_over(page, chart.locator(".u-over"), 1 / (months - 1), 3 / (months - 1))
        await expect(page).to_have_url(re.compile("start_date=2020-01-01&end_date=2020-03-31"))
        await page.go_back()

        await page.get_by_role("button", name="SLA por mês: tabela").click()
        table = panel.get_by_role("table")
        row = table.get_by_role("row").filter(has_text="01/01/2020")
        await expect(row).to_contain_text(sla_of(january))
        await row.get_by_role("link", name=str(len(january))).click()
        await expect(page.get_by_role("heading", name="Atendimentos")).to_be_attached()
        await expect(page.get_by_role("status").filter(has_text="na tela")).to_contain_text(
            f"{len(january)} atendimentos"
        )


async def drag_over(page: Page, area: Locator, first: float, last: float) -> None:
    """By the mouse, from one part of its width to another."""
    await area.hover()
    box = await area.bounding_box()
    assert box
    middle = box["y"] + box["height"] / 2
    await page.mouse.move(box["x"] + box["width"] * first, middle)
    await page.mouse.down()
    await page.mouse.move(box["x"] + box["width"] * last, middle, steps=5)
    await page.mouse.up()


@needs_browser
async def test_a_pace_is_counted_by_the_business_days_of_the_place(app: FastAPI, visits: list[Visit]) -> None:
    """São Paulo had a holiday moved to 25 May 2020: 19 business days and not 20."""
    await make_account(app)
    made = len(attended(visits, date(2020, 5, 1), date(2020, 5, 31), uf="SP"))
    async with surfing_app(app, expected=(NOT_SIGNED_IN,)) as surf:
        page = await explorer(
            surf, "#/explore?uf=SP&start_date=2020-05-01&end_date=2020-05-31&bucket=month&trend=table"
        )
        await page.get_by_label("Indicador").select_option(label="Produtividade")
        row = page.get_by_role("region", name="Produtividade por mês").locator(ROWS)
        await expect(row).to_contain_text(str(two_decimals(made, 20)).replace(".", ","))
        await page.get_by_label("Dias úteis").select_option(label="Do lugar")
        await expect(row).to_contain_text(str(two_decimals(made, 19)).replace(".", ","))


@needs_browser
async def test_a_click_on_a_bar_or_a_tile_narrows_the_view_and_the_address_is_a_link(
    app: FastAPI, visits: list[Visit]
) -> None:
    await make_account(app)
    polos = sla_by("polo", attended(visits))
    async with surfing_app(app, expected=(NOT_SIGNED_IN,)) as surf:
        page = await explorer(surf)
        ranking = page.get_by_role("region", name="Ranking de polos")
        await expect(ranking.locator(".bars > li")).to_have_count(len(polos))
        santos = ranking.get_by_role("listitem").filter(has_text="SP - SANTOS")
        await expect(santos).to_contain_text(polos["SP - SANTOS"][2].replace(".", ","))
        await expect(page.locator(".waiting")).to_have_count(0)
        await assert_accessible(page, "explore")

        await santos.locator("svg").click(force=True)  # the bar is as good as the name
        await expect(page).to_have_url(re.compile(r"polo=SP\+-\+SANTOS&by=angel"))
        angels = page.get_by_role("region", name="Ranking de angels")
        of_santos = sla_by("angel", attended(visits, polo="SP - SANTOS"))
        await expect(angels.locator(".bars > li")).to_have_count(len(of_santos))
        await page.go_back()

        states = page.get_by_role("region", name="SLA por estado")
        ceara = states.get_by_role("link", name="Ceará")
        share = sla_of(attended(visits, uf="CE"))
        await expect(ceara).to_have_accessible_name(re.compile(f"Ceará: {share}"))
        await expect(states.get_by_role("link")).to_have_count(27)
        await ceara.click()
        await expect(page).to_have_url(re.compile("uf=CE&by=polo"))
        await expect(page.get_by_role("main")).to_be_focused()
        assert await page.evaluate("scrollY") == 0
        await expect(ranking.locator(".bars > li")).to_have_count(2)
        await expect(ceara).to_have_attribute("aria-current", "true")
        await expect(states.get_by_role("link", name=re.compile("São Paulo: .*atendimentos"))).to_be_visible()
        link = page.url
        await page.go_back()
        await expect(ranking.locator(".bars > li")).to_have_count(len(polos))
        await page.go_forward()
        await expect(ranking.locator(".bars > li")).to_have_count(2)

        await page.get_by_label("UF", exact=True).fill("")
        await page.get_by_role("combobox", name="Polo").fill("Sp Santo")
        await page.keyboard.press("Tab")
        await page.get_by_role("status").get_by_role("button", name="SP - SANTOS").click()
        await expect(page.get_by_role("combobox", name="Polo")).to_have_value("SP - SANTOS")
        await expect(page.get_by_role("region", name="Ranking de polos").get_by_role("listitem")).to_have_count(1)

        other = await explorer(surf, link.split("/", 3)[3], locale="en-GB", color_scheme="dark")
        await expect(other.get_by_role("region", name="Ranking of polos").locator(".bars > li")).to_have_count(2)
        await expect(other.get_by_label("State", exact=True)).to_have_value("CE")
        await assert_accessible(other, "explore-dark")


@needs_browser
async def test_the_period_and_the_filters_go_along_from_view_to_view(app: FastAPI, visits: list[Visit]) -> None:
    await make_account(app)
    january = [v for v in month_of(visits, 2020, 1) if uf(v.polo) == "CE"]
    async with surfing_app(app, expected=(NOT_SIGNED_IN,)) as surf:
        page = await explorer(surf, "#/summary?uf=CE&start_date=2020-01-01&end_date=2020-01-31&by=angel")
        views = page.get_by_role("navigation", name="Telas")
        for view in ("Explorar", "Cargas", "Atendimentos"):
            await views.get_by_role("link", name=view).click()
        await expect(page).to_have_url(re.compile(r"#/visits\?uf=CE&start_date=2020-01-01&end_date=2020-01-31$"))
        await expect(page.get_by_role("status").filter(has_text="na tela")).to_contain_text(
            f"{len(january)} atendimentos"
        )
        await page.get_by_role("button", name="Limpar").click()
        await views.get_by_role("link", name="Painel").click()
        await expect(page.locator(".wall .about")).to_contain_text("01/01/2020 a 31/01/2020")
        await expect(page.locator(".wall .about")).not_to_contain_text("CE")


@needs_browser
async def test_what_an_address_says_and_cannot_be_is_told_of(app: FastAPI) -> None:
    await make_account(app)
    async with surfing_app(app, expected=(NOT_SIGNED_IN, "status of 422", "does not conform")) as surf:
        page = await explorer(surf, "#/explore?start_date=2026-13-01")
        wrong = page.get_by_role("alert").first
        await expect(wrong).to_contain_text("De: não é um dia")
        await expect(page.locator("select[name=period]")).to_be_visible()
        await page.goto(f"{surf.origin}/#/wall?start_date=2026-13-01")
        await expect(page.locator(".wall").get_by_role("alert")).to_contain_text("De: não é um dia")
        for view in ("wall?seconds=60&period=next", "summary?by=uf&period=next", "explore?rank=table&period=next"):
            await page.goto(f"{surf.origin}/#/{view}")
            await expect(page.get_by_text("não foi entendido e não filtra nada: period=next.")).to_be_visible()
        await page.goto(
            f"{surf.origin}/#/explore?period=7d&by=uf&metric=total&bucket=day&compare=year&order=best&map=table"
        )
        await expect(page.get_by_role("region", name="Ranking de estados")).to_be_visible()
        await expect(page.get_by_role("alert")).to_have_count(0)


@needs_browser
async def test_delays_and_what_is_open_are_counted_by_days(app: FastAPI, visits: list[Visit]) -> None:
    await make_account(app)
    late = [(v.data_de_atendimento.date() - v.data_limite).days for v in attended(visits) if v.data_de_atendimento]
    waiting = [v for v in visits if v.data_de_atendimento is None]
    async with surfing_app(app, expected=(NOT_SIGNED_IN,)) as surf:
        page = await explorer(surf, viewport={"width": 360, "height": 740})
        delays = page.get_by_role("region", name="Atraso em dias")
        await delays.scroll_into_view_if_needed()
        whole = f"{thousands(sum(d > 0 for d in late))} de {thousands(len(late))} atendimentos com atraso"
        link = delays.get_by_role("link", name=whole)
        await expect(link).to_have_attribute("href", "#/visits?aberto=false&dias_de_atraso_de=1")
        counts = [late.count(1), late.count(2), sum(3 <= d <= 5 for d in late), sum(d > 5 for d in late)]
        await expect(delays.locator(".histogram li > .small")).to_have_text([thousands(n) for n in counts])

        of_class = delays.get_by_role("link", name=f"3 a 5 dias: {thousands(counts[2])} com atraso")
        address = await of_class.get_attribute("href")

        backlog = page.get_by_role("region", name="Em aberto por idade")
        await backlog.scroll_into_view_if_needed()
        oldest = backlog.get_by_role("link", name=re.compile("mais de 90"))
        await expect(oldest).to_have_text(str(len(waiting)))  # all of them were due years ago
        sideways = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        assert not await page.evaluate(sideways)
        await assert_accessible(page, "explore-phone")
        await oldest.scroll_into_view_if_needed()
        await page.evaluate(f"""() => {{
            const oldest = () => document.querySelector("[href='{await oldest.get_attribute("href")}']");
            window.onScreen = () => oldest()?.getBoundingClientRect().top;
            addEventListener("click", () => (window.left = window.onScreen()), {{ capture: true, once: true }});
        }}""")
        await oldest.click()  # which may scroll, where panels above have grown meanwhile
        told = page.get_by_role("status").filter(has_text="na tela")
        await expect(told).to_contain_text(str(len(waiting)))
        assert await page.evaluate("scrollY") == 0
        assert not await page.evaluate(sideways)
        await assert_accessible(page, "visits-phone")
        await page.go_back()
        await page.wait_for_function("() => scrollY > 0 && Math.abs(window.onScreen() - window.left) <= 1")
        await expect(oldest).to_be_focused()
        await page.keyboard.press("Tab")  # goes on from there, not from the top
        assert await page.evaluate("scrollY") > 0
        await page.goto(f"{surf.origin}/{address}")
        await expect(told).to_contain_text(f"{thousands(counts[2])} atendimentos")


@pytest.fixture
async def many_polos(connection: asyncpg.Connection) -> list[Visit]:
    """1,500 polos: number n has n % 40 + 1 visits, of which one is late where 3 divides n."""
    visits = []
    for polo in range(1500):
        done = [
            "2021-05-03T08:00:00" if late else "2021-05-01T08:00:00" for late in [polo % 3 == 0, *[0] * (polo % 40)]
        ]
        visits += [visit("Ana", f"SP - POLO {polo:04d}", "2021-05-02", at) for at in done]
    await store(connection, visits)
    return visits


@needs_browser
async def test_a_table_of_1500_rows_sorts_filters_and_draws_what_is_seen(app: FastAPI, many_polos: list[Visit]) -> None:
    await make_account(app)
    figures = sla_by("polo", attended(many_polos))
    async with surfing_app(app, expected=(NOT_SIGNED_IN,)) as surf:
        page = await explorer(surf)
        await page.get_by_role("link", name="Ver todos na tabela").click()
        panel = page.get_by_role("region", name="Ranking de polos")
        await expect(panel.get_by_role("status")).to_have_text("1.500 linhas")
        await expect(panel.get_by_role("table")).to_have_attribute("aria-rowcount", "1501")
        assert await panel.locator(ROWS).count() < 100
        await expect(panel.locator("th[aria-sort]")).to_contain_text("SLA máximo")  # the worst first, as the bars were
        await expect(panel.locator("th[aria-sort]")).to_have_attribute("aria-sort", "ascending")

        await panel.get_by_role("button", name="SLA", exact=True).click()
        await expect(panel.get_by_role("columnheader", name="SLA", exact=True)).to_have_attribute(
            "aria-sort", "descending"
        )
        await panel.get_by_role("button", name="SLA", exact=True).click()
        worst = [name for name, (_, _, share) in figures.items() if share == "0.00%"]
        await expect(panel.locator(ROWS).first).to_contain_text(str(min(map(str, worst))))
        await expect(page).to_have_url(re.compile("sort=sla"))

        await panel.locator(f"{ROWS} a").first.focus()
        area = panel.locator(".table")
        await area.evaluate("area => area.scrollTo(0, area.scrollHeight)")
        await expect(panel.locator('tr[aria-rowindex="1501"]')).to_be_attached()  # the page itself may show less of it
        await expect(area).to_be_focused()  # its row is not drawn any more, and yet the keyboard stays in the table
        assert await panel.locator(ROWS).count() < 100

        await page.emulate_media(media="print")
        await expect(panel.locator(ROWS)).to_have_count(1500)
        await expect(page.get_by_role("region", name="Atraso em dias").locator(".histogram")).to_be_visible()
        await expect(page.get_by_role("banner")).to_be_hidden()
        await expect(page.locator("main select:visible, main .button:visible, main .menu:visible")).to_have_count(0)
        await page.emulate_media(media="screen")

        await panel.get_by_role("searchbox").fill("polo 149")
        await expect(panel.get_by_role("status")).to_have_text("10 de 1.500 linhas")
        await expect(panel.locator(ROWS)).to_have_count(10)
        await assert_accessible(page, "explore-table")
        await panel.get_by_role("link", name="SP - POLO 1499", exact=True).click()
        await expect(page).to_have_url(re.compile("polo=SP.*by=angel"))


@needs_browser
async def test_what_is_seen_is_exported_in_each_form(app: FastAPI, visits: list[Visit], tmp_path: Path) -> None:
    await make_account(app)
    first = date(2020, 2, 1)
    polos = sla_by("polo", attended(visits, first, date(2020, 2, 29)))

    async def exported(page: Page, panel: str, form: str) -> Path:
        region = page.get_by_role("region", name=panel)
        await region.locator("summary", has_text="Exportar").click()
        async with page.expect_download() as download:
            await region.get_by_role("button", name=form, exact=True).click()
        file = await download.value
        path = tmp_path / file.suggested_filename
        await file.save_as(path)
        return path

    async with surfing_app(app, expected=(NOT_SIGNED_IN,)) as surf:
        page = await explorer(surf, "#/explore?start_date=2020-02-01&end_date=2020-02-29")
        sheet = await exported(page, "Ranking de polos", "Excel (xlsx)")
        assert re.fullmatch(r"sla_polo-\d{8}-\d{6}\.xlsx", sheet.name)
        header, *rows = openpyxl.load_workbook(sheet).active.iter_rows(values_only=True)  # type: ignore[union-attr]
        found = {row[0]: (row[1], row[2], row[3]) for row in rows}
        assert header[:2] == ("polo", "total_de_atendimentos")
        assert found == polos

        parquet = pyarrow.parquet.read_table(await exported(page, "Ranking de polos", "Parquet"))
        assert dict(zip(parquet["polo"].to_pylist(), parquet["total_de_atendimentos"].to_pylist(), strict=True)) == {
            name: total for name, (total, _, _) in polos.items()
        }
        for_excel = (await exported(page, "Ranking de polos", "CSV para Excel")).read_bytes()
        assert for_excel.startswith("\ufeffpolo;".encode())
        plain = (await exported(page, "SLA por dia", "CSV")).read_text("utf-8")
        assert next(csv.DictReader(io.StringIO(plain)))["inicio"] == "2020-02-01"
        await page.get_by_label("Comparar com").select_option(label="Período anterior")
        before = (await exported(page, "SLA por dia", "CSV: 01/01/2020 a 31/01/2020")).read_text("utf-8")
        assert next(csv.DictReader(io.StringIO(before)))["inicio"] == "2020-01-01"


WRITTEN = """const { fillText } = CanvasRenderingContext2D.prototype;
window.written = [];
window.beyond = [];
CanvasRenderingContext2D.prototype.fillText = function (words, ...place) {
    window.written.push(words);
    const { a: scale, e: left } = this.getTransform();
    if (left + scale * (place[0] + this.measureText(words).width) > this.canvas.width) window.beyond.push(words);
    fillText.call(this, words, ...place);
};"""
"""What pictures say, and what of it is beyond their edge."""


@needs_browser
async def test_each_chart_is_a_picture_that_says_of_what_it_is(app: FastAPI, visits: list[Visit]) -> None:
    await make_account(app)
    ceara = sla_of(attended(visits, date(2020, 2, 1), date(2020, 2, 29), uf="CE"))
    period = "01/02/2020 – 29/02/2020"
    charts = {
        "SLA por dia": (f"{period} · UF: CE", "Este período"),
        "Ranking de polos": (f"{period} · UF: CE", "SOBRAL"),
        "SLA por estado": (period, f"{float(ceara.strip('%').replace(',', '.')):.1f}".replace(".", ",")),
        "Atraso em dias": (f"{period} · UF: CE", "mais"),
        "Em aberto por idade": ("UF: CE", "prazo"),
    }
    async with surfing_app(app, expected=(NOT_SIGNED_IN,)) as surf:
        address = "#/explore?uf=CE&start_date=2020-02-01&end_date=2020-02-29&compare=previous"
        context = await surf.context(viewport={"width": 1280, "height": 2400})
        await context.add_init_script(WRITTEN)
        page = await surf.open(context, address)
        await sign_in(page)
        await expect(page.locator(".chart canvas, .histogram, .tiles")).to_have_count(4)
        await expect(page.locator("main .waiting")).to_have_count(0)
        for title, words in charts.items():
            await page.evaluate("window.written = []")
            await page.get_by_role("region", name=title).locator("summary", has_text="Exportar").click()
            async with page.expect_download() as download:
                await page.get_by_role("region", name=title).get_by_role("button", name="Imagem (png)").click()
            assert (await (await download.value).path()).read_bytes().startswith(b"\x89PNG")
            written = " ".join(await page.evaluate("window.written"))
            assert [said for said in (title, *words) if said not in written] == [], title


@needs_browser
async def test_a_picture_of_a_ranking_says_its_days_its_order_and_what_it_leaves_out(
    app: FastAPI, connection: asyncpg.Connection
) -> None:
    long = "SP - " + "PINDAMONHANGABA" * 12
    days = ("2021-05-02", "2022-06-03")
    await store(connection, [visit(f"A{n}", long, day, f"{day}T10:00:00") for n in range(9) for day in days])
    await store(connection, [visit(f"B{n}", "CE - SOBRAL", days[0], f"{days[0]}T10:00:00") for n in range(9)])
    await make_account(app)
    async with surfing_app(app, expected=(NOT_SIGNED_IN,)) as surf:
        context = await surf.context()
        await context.add_init_script(WRITTEN)
        page = await surf.open(context, "#/explore?by=angel")
        await sign_in(page)
        for address, bars, said in (
            ("by=angel", 15, "Todos os dias · 02/05/2021 a 03/06/2022 · Piores primeiro, só os primeiros 15"),
            (f"by=angel&order=best&polo={long}", 9, "· Melhores primeiro"),
        ):
            await page.goto(f"{surf.origin}/#/explore?{address}")
            panel = page.get_by_role("region", name="Ranking de angels")
            await expect(panel.locator(".bars li")).to_have_count(bars)
            await expect(page.locator("main .waiting")).to_have_count(0)
            await page.evaluate("() => { window.written = [] }")
            await panel.locator("summary", has_text="Exportar").click()
            async with page.expect_download():
                await panel.get_by_role("button", name="Imagem (png)").click()
            assert said in " ".join(await page.evaluate("window.written"))
            assert await page.evaluate("window.beyond") == []
        assert long.removeprefix("SP - ") in "".join(await page.evaluate("window.written"))


VISITS = """id_atendimento;id_cliente;angel;polo;data_limite;data_de_atendimento
1;10;Ana;CE - SOBRAL;02/05/2021;05/05/2021 08:00:00
2;10;Bia;CE - SOBRAL;02/05/2021;01/05/2021 08:00:00
3;11;Bia;SP - SANTOS;02/05/2021;-
"""


@needs_browser
async def test_a_visit_shows_its_customer_and_the_loads_it_comes_from(app: FastAPI, client: httpx.AsyncClient) -> None:
    await make_account(app)
    await load_file(client, "customers", "id;nome;email\n10;Rita Souza;rita@example.com\n11;Rui;rui@example.com\n")
    brought = await load_file(client, "services", VISITS)
    correction = VISITS.splitlines()[0] + "\n1;10;Ana;CE - SOBRAL;02/05/2021;04/05/2021 09:00:00\n"
    mended = await load_file(client, "services", correction, on_conflict="update")
    async with surfing_app(app, expected=(NOT_SIGNED_IN,)) as surf:
        page = await explorer(surf, f"#/visits?load_id={brought['id']}")
        await expect(page.get_by_role("status").filter(has_text="na tela")).to_contain_text("3 atendimentos")
        await page.get_by_label("Situação").select_option(label="Feitos")
        rows = page.locator(ROWS)
        await expect(rows).to_have_count(2)
        await expect(rows.first).to_contain_text("Atraso de 2 dias")
        await expect(rows.last).to_contain_text("No prazo")
        await assert_accessible(page, "visits")

        await rows.first.get_by_role("link", name="1", exact=True).click()
        detail = page.get_by_role("dialog", name="Atendimento 1")
        await expect(detail).to_contain_text("Rita Souza")
        await expect(detail).to_contain_text("04/05/2021, 09:00:00")
        for word, load in (("Trazido por", brought), ("Última alteração", mended)):
            fact = detail.locator(f"dt:has-text('{word}') + dd a")
            await expect(fact).to_have_attribute("href", f"#/loads?load={load['id']}")
        await assert_accessible(page, "visit")
        shared = page.url
        await page.keyboard.press("Escape")
        await expect(detail).to_be_hidden()
        await expect(rows.first.get_by_role("link", name="1", exact=True)).to_be_focused()
        await page.goto(shared)
        await detail.get_by_role("link", name="Outros atendimentos deste cliente").click()
        await expect(page).to_have_url(re.compile(r"#/visits\?id_cliente=10$"))
        await expect(detail).to_be_hidden()
        await expect(rows).to_have_count(2)

        await client.put("/v1/services/2", json=MADE_LATE)  # somebody else's change shows by itself
        await expect(rows.last).to_contain_text("Atraso de 1 dia")


MADE_LATE = {
    "id_cliente": 10,
    "angel": "Bia",
    "polo": "CE - SOBRAL",
    "data_limite": "2021-05-02",
    "data_de_atendimento": "2021-05-03T08:00:00",
}


@needs_browser
async def test_the_summary_s_figures_lead_to_their_visits(app: FastAPI, visits: list[Visit]) -> None:
    await make_account(app)
    made = [v for v in attended(visits, date(2020, 3, 1), date(2020, 8, 31)) if uf(v.polo) == "CE"]
    waiting = [v for v in visits if v.data_de_atendimento is None and uf(v.polo) == "CE"]
    async with surfing_app(app, expected=(NOT_SIGNED_IN,)) as surf:
        page = await explorer(surf, "#/summary?start_date=2020-03-01&end_date=2020-08-31&uf=CE")
        told = page.get_by_role("status").filter(has_text="na tela")
        for name, expected in (("SLA", made), ("Em aberto", waiting)):
            figure = page.get_by_role("article").filter(has=page.get_by_role("heading", name=name, exact=True))
            await figure.locator(".value a").click()
            await expect(told).to_contain_text(f"{thousands(len(expected))} atendimentos")
            await page.go_back()
        await page.get_by_role("link", name=re.compile(r"CE - SOBRAL: \d+ atendimentos")).first.click()
        sobral = [v for v in made if v.polo == "CE - SOBRAL"]
        await expect(told).to_contain_text(f"{thousands(len(sobral))} atendimentos")


@needs_browser
async def test_more_visits_are_shown_where_they_are_wished(app: FastAPI, visits: list[Visit]) -> None:
    await make_account(app)
    of_ceara = [v for v in visits if uf(v.polo) == "CE"]
    async with surfing_app(app, expected=(NOT_SIGNED_IN,)) as surf:
        page = await explorer(surf, "#/visits?uf=CE")
        told = page.get_by_role("status").filter(has_text="na tela")
        await expect(told).to_have_text(f"{thousands(len(of_ceara))} atendimentos 100 na tela")
        await page.get_by_role("button", name="Mostrar mais").click()
        await expect(told).to_contain_text("200 na tela")
        await expect(page.get_by_role("table")).to_have_attribute("aria-rowcount", "201")


@needs_browser
async def test_points_without_neighbours_are_seen(app: FastAPI, connection: asyncpg.Connection) -> None:
    days = ("2021-01-10", "2021-02-14", "2021-03-21", "2021-04-20")
    await store(connection, [visit("Ana", "CE - SOBRAL", day, f"{day}T10:00:00") for day in days])
    await make_account(app)
    async with surfing_app(app, expected=(NOT_SIGNED_IN,)) as surf:
        page = await explorer(surf, "#/explore?bucket=day&start_date=2021-01-01&end_date=2021-04-30")
        await expect(page.locator(".chart canvas")).to_be_visible()
        assert await page.evaluate(STAINS) == len(days)


STAINS = """() => {
    const canvas = document.querySelector(".chart canvas");
    const { width, height } = canvas;
    const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
    const probe = document.body.appendChild(document.createElement("i"));
    probe.style.color = "var(--series)";
    const pen = new OffscreenCanvas(1, 1).getContext("2d");
    pen.fillStyle = getComputedStyle(probe).color;
    pen.fillRect(0, 0, 1, 1);
    const [red, green, blue] = pen.getImageData(0, 0, 1, 1).data;
    const marked = Array.from({ length: width }, (_, x) => {
        let found = 0;
        for (let y = 0; y < height; y++) {
            const at = 4 * (y * width + x);
            found += data[at] === red && data[at + 1] === green && data[at + 2] === blue && data[at + 3] === 255;
        }
        return found > 2;
    });
    return marked.filter((mark, x) => mark && !marked[x - 1]).length;
}"""
"""How many runs of columns of the chart have some pixels of the first line's colour."""


@needs_browser
async def test_marked_rows_are_copied_with_their_cells_apart(app: FastAPI, connection: asyncpg.Connection) -> None:
    made = [visit(name, "CE - SOBRAL", "2021-05-02", "2021-05-02T10:00:00") for name in ("Ana", "Bia")]
    await store(connection, made)
    await make_account(app)
    async with surfing_app(app, expected=(NOT_SIGNED_IN,)) as surf:
        page = await explorer(surf, "#/explore?rank=table&by=angel")
        table = page.get_by_role("table", name="Ranking de angels")
        await expect(table.locator(ROWS)).to_have_count(2)
        lines = (await table.evaluate(COPIED)).split("\n")
        assert [line.split("\t")[:2] for line in lines] == [["Ana", "1"], ["Bia", "1"]]


COPIED = """(table) => {
    const rows = table.querySelectorAll("tbody tr[aria-rowindex]");
    getSelection().setBaseAndExtent(rows[0], 0, rows[1], rows[1].childNodes.length);
    let copied = null;
    addEventListener("copy", ({ clipboardData }) => (copied = clipboardData.getData("text/plain")), { once: true });
    document.execCommand("copy");
    return copied;
}"""


@needs_browser
async def test_paper_has_the_figures_of_one_moment(app: FastAPI, connection: asyncpg.Connection) -> None:
    late = [visit("Ana", "CE - SOBRAL", "2021-05-02", "2021-05-04T10:00:00") for _ in range(2)]
    await store(connection, late[:1])
    await make_account(app)
    async with surfing_app(app, expected=(NOT_SIGNED_IN,)) as surf:
        page = await explorer(surf, viewport={"width": 1280, "height": 3000})
        delays = page.get_by_role("region", name="Atraso em dias")
        await expect(delays).to_contain_text("1 de 1 atendimentos")
        await page.set_viewport_size({"width": 1280, "height": 300})
        await page.evaluate("() => { window.print = () => { window.printed = document.body.innerText } }")
        await store(connection, late[1:])
        await expect(page.get_by_role("region", name="Ranking de polos")).to_contain_text("0,00% · 2")
        await page.keyboard.press("Control+p")
        await page.wait_for_function("() => window.printed")
        assert "2 de 2 atendimentos" in await page.evaluate("window.printed")


@needs_browser
async def test_the_way_back_leads_to_the_row_that_was_left_and_other_rows_begin_at_the_top(
    app: FastAPI, many_polos: list[Visit]
) -> None:
    await make_account(app)
    async with surfing_app(app, expected=(NOT_SIGNED_IN,)) as surf:
        page = await explorer(surf)
        area = page.locator("main .table")
        at_top = "() => document.querySelector('main .table')?.scrollTop === 0"
        where_left = "() => document.querySelector('main .table')?.scrollTop === 1500"

        await page.get_by_role("link", name="Atendimentos", exact=True).click()
        await expect(page.locator(ROWS).first).to_be_visible()
        await area.evaluate("area => area.scrollTo(0, 1500)")
        await page.get_by_role("link", name="Resumo", exact=True).click()
        await expect(page).to_have_url(re.compile("summary"))
        await expect(area).to_have_count(0)
        await page.go_back()
        await page.wait_for_function(where_left)

        row = page.locator('tr[aria-rowindex="48"]')
        await row.locator("a").first.click()  # over the list stands a visit of it, and the list where it was
        await expect(page.get_by_role("dialog")).to_be_visible()
        assert await page.evaluate(f"({where_left})()")
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("dialog")).to_have_count(0)
        await row.locator("a.clip").first.click()
        await expect(page).to_have_url(re.compile("angel=|polo="))
        await page.wait_for_function(at_top)
        await page.go_back()
        await page.wait_for_function(where_left)
        await page.reload()
        await page.wait_for_function(at_top)

        await page.goto(f"{surf.origin}/#/explore?rank=table")
        await expect(page.locator(ROWS).first).to_be_visible()
        await area.first.evaluate("area => area.scrollTo(0, 1500)")
        await page.locator('tr[aria-rowindex="48"] a').first.click()
        await expect(page).to_have_url(re.compile("polo=|angel="))
        await page.go_back()
        await page.wait_for_function(where_left)
