"""The page at `/`: what it is served as, the first run, signing in and out, language and colours."""

import dataclasses
import re
import secrets
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import asyncpg
import httpx
from browsing import PASSWORD, assert_accessible, make_account, sign_in, surfing_app
from conftest import client_of
from fastapi import FastAPI
from load_client import load_file
from one_browser import needs_browser
from playwright.async_api import ViewportSize, expect
from visits import store, visit

from logistics_indicators.accounts.tokens import issue_access_token

UPRIGHT: ViewportSize = {"width": 360, "height": 740}
UNAUTHORIZED = "status of 401"
"""What a browser writes of every answer that says no."""


async def test_the_page_is_ours_alone_and_its_files_last_for_ever(anonymous: httpx.AsyncClient) -> None:
    page = await anonymous.get("/")
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    assert page.headers["Cache-Control"] == "no-cache"
    assert re.findall(r"<script(?![^>]*src=)|style=|<style|\son\w+=", page.text) == []
    for reference in re.findall(r'(?:src|href)="([^"]+)"', page.text):
        assert not re.match(r"\w+:|//", reference)
        asset = await anonymous.get("/" + reference)
        assert asset.status_code == 200, reference
        if reference.startswith("assets/"):
            assert "immutable" in asset.headers["Cache-Control"]
    assert (await anonymous.get("/assets/0/../routes.py")).status_code == 404
    script = re.findall(r'src="([^"]+)"', page.text)[-1]
    plain = await anonymous.get(f"/{script}", headers={"Accept-Encoding": "identity"})
    packed = await anonymous.get(f"/{script}", headers={"Accept-Encoding": "gzip"})
    assert (packed.headers["Content-Encoding"], packed.text) == ("gzip", plain.text)
    assert "Content-Encoding" not in plain.headers
    old = await anonymous.get("/assets/0/main.js")  # a tab that was open before an upgrade
    assert (old.status_code, old.headers["Cache-Control"]) == (200, "no-cache")


@needs_browser
async def test_an_empty_service_makes_its_admin_and_then_signs_in(app: FastAPI) -> None:
    async with surfing_app(app) as surf:
        page = await surf.open(await surf.context())
        await expect(page.get_by_role("heading", name="Bem-vindo")).to_be_visible()
        await assert_accessible(page, "first-run")
        await page.get_by_role("button", name="English").click()
        await expect(page.get_by_role("heading", name="Welcome")).to_be_visible()
        await page.get_by_role("button", name="Português").click()
        await page.get_by_label("Usuário").fill("ana")
        await page.get_by_label("E-mail").fill("ana@example.com")
        await page.get_by_label("Senha").fill("12345678")
        await page.get_by_role("button", name="Criar a conta").click()
        await expect(page.get_by_role("alert")).to_have_text("Esta senha é comum demais; escolha outra.")
        surf.expected = ("status of 422",)
        await expect(page.get_by_label("Senha")).to_be_focused()
        await page.get_by_label("Senha").fill(PASSWORD)
        await page.get_by_role("button", name="Criar a conta").click()
        await expect(page.get_by_text("Ainda não há atendimentos")).to_be_visible()
        await assert_accessible(page, "summary-empty")
        await page.get_by_role("button", name="Carregar dados de demonstração").click()
        await expect(page.get_by_role("article").filter(has_text="SLA").locator(".value")).to_have_text(re.compile("%"))


@needs_browser
async def test_a_session_outlives_a_reload_and_ends_where_it_is_ended(app: FastAPI) -> None:
    await make_account(app)
    async with surfing_app(app, expected=(UNAUTHORIZED,)) as surf:
        context = await surf.context()
        page = await surf.open(context)
        await expect(page.locator("input[name=username]")).to_be_focused()
        await assert_accessible(page, "sign-in")
        await page.keyboard.type("ana")
        await page.keyboard.press("Tab")
        await page.keyboard.type("not it, sorry")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("alert")).to_have_text("Usuário ou senha incorretos.")
        await page.get_by_label("Senha").fill(PASSWORD)
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("navigation").first).to_be_visible()
        kept = await page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])")
        assert "eyJ" not in kept  # no token where a script could find it

        await page.reload()
        await expect(page.get_by_role("navigation").first).to_be_visible()
        other = await surf.open(context, "#/loads")
        await expect(other.get_by_role("heading", name="Cargas")).to_be_visible()
        await page.locator("summary", has_text="ana").click()
        await page.get_by_role("button", name="Sair de todos os aparelhos").click()
        for tab in (page, other):
            await expect(tab.locator("input[name=password]")).to_be_visible()
        await page.reload()
        await expect(page.locator("input[name=password]")).to_be_visible()

        async with client_of(app, issue_access_token(app.state.token_key, 1)) as admin:
            code = (await admin.post("/v1/users/1/password-reset")).json()["reset_token"]
        await page.get_by_text("Perdeu a senha?").click()
        lost = page.locator("details form")
        for name, typed in (("username", "ana"), ("code", code), ("new_password", f"{PASSWORD}, outra")):
            await lost.locator(f"input[name={name}]").fill(typed)
        await assert_accessible(page, "lost-password")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("navigation").first).to_be_visible()


@needs_browser
async def test_a_session_that_expires_asks_for_the_password_over_what_is_shown(app: FastAPI) -> None:
    await make_account(app)
    async with surfing_app(app, expected=(UNAUTHORIZED,)) as surf:
        context = await surf.context()
        page = await surf.open(context)
        await sign_in(page)
        demo = page.get_by_role("button", name="Carregar dados de demonstração")
        await demo.focus()
        await context.clear_cookies()
        app.state.token_key = dataclasses.replace(app.state.token_key, secret=secrets.token_urlsafe(48))
        await demo.dispatch_event("click")  # asks for something, as the stream of news may have done by now
        dialog = page.get_by_role("dialog")
        await expect(dialog).to_contain_text("A sessão terminou")
        await assert_accessible(page, "expired")
        await page.keyboard.press("Escape")
        await page.keyboard.type("another one")  # the name is known
        await page.keyboard.press("Enter")
        await expect(dialog.get_by_role("alert")).to_have_text("Usuário ou senha incorretos.")
        await expect(dialog.get_by_label("Senha")).to_be_focused()
        await page.keyboard.type(PASSWORD)
        await page.keyboard.press("Enter")
        await expect(dialog).to_be_hidden()
        await expect(demo).to_be_focused()


@needs_browser
async def test_language_and_colours_are_the_browser_s_until_they_are_chosen(app: FastAPI) -> None:
    await make_account(app)
    async with surfing_app(app) as surf:
        context = await surf.context(locale="en-GB", color_scheme="dark")
        page = await surf.open(context)
        await expect(page.get_by_role("button", name="Sign in")).to_be_visible()
        await sign_in(page)
        await expect(page.locator("html")).to_have_attribute("lang", "en")
        await assert_accessible(page, "dark")
        await page.locator("summary", has_text="ana").click()
        await page.get_by_label("Language").select_option("pt")
        await expect(page.get_by_role("link", name="Resumo")).to_be_visible()
        await page.get_by_label("Cores").select_option("contrast")
        await assert_accessible(page, "contrast")
        await page.reload()
        await expect(page.locator("html")).to_have_attribute("lang", "pt-BR")
        await expect(page.locator("html")).to_have_attribute("data-theme", "contrast")


@needs_browser
async def test_a_first_view_asks_for_each_figure_once(app: FastAPI, connection: asyncpg.Connection) -> None:
    await make_account(app)
    made = visit("Ana", "CE - SOBRAL 008", "2021-06-10", "2021-06-09T08:00:00")
    await store(connection, [made])
    async with surfing_app(app) as surf:
        page = await surf.open(await surf.context())
        await sign_in(page)
        await expect(page.locator(".figure .spark")).to_have_count(3)
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url.removeprefix(f"{surf.origin}/").partition("?")[0]))
        await page.reload()
        visits = page.get_by_role("article").filter(has_text="Atendimentos").locator(".value")
        await expect(visits).to_have_text("1")
        await expect(page.locator(".figure .spark")).to_have_count(3)
        await expect(page.get_by_role("banner").get_by_role("status")).to_have_text("Ao vivo")
        await store(connection, [made])
        await expect(visits).to_have_text("2")
    assert {path: asked.count(path) for path in asked if path.startswith("v1/")} == {
        "v1/auth/session/refresh": 1,
        "v1/indicators/summary": 2,
        "v1/indicators/trend": 4,
        "v1/indicators/settings": 1,
        "v1/events": 1,
    }
    assert len([path for path in asked if path.endswith(".js")]) <= 3


@needs_browser
async def test_an_address_of_no_view_says_so_and_leads_to_the_summary(app: FastAPI) -> None:
    await make_account(app)
    async with surfing_app(app) as surf:
        page = await surf.open(await surf.context(), "#/nonsense")
        await sign_in(page)
        await expect(page.get_by_role("heading", name="Esta tela não existe")).to_be_visible()
        await expect(page.locator(".views [aria-current]")).to_have_count(0)
        await assert_accessible(page, "unknown-view")
        await page.get_by_role("link", name="Ir para o resumo").click()
        await expect(page.get_by_text("Ainda não há atendimentos: carregue os arquivos")).to_be_visible()


@needs_browser
async def test_a_phone_has_the_views_in_a_menu_and_the_filters_folded(app: FastAPI) -> None:
    await make_account(app)
    async with surfing_app(app) as surf:
        page = await surf.open(await surf.context(viewport=UPRIGHT), "#/visits?period=30d")
        await sign_in(page)
        views = page.get_by_role("navigation", name="Telas")
        await expect(views.locator("summary")).to_have_text("Atendimentos")
        await expect(page.get_by_label("Polo")).to_be_hidden()
        await page.locator("summary", has_text="Últimos 30 dias").click()
        await page.get_by_label("Período").select_option("7d")
        await expect(page.locator("summary", has_text="Últimos 7 dias")).to_be_visible()
        await assert_accessible(page, "phone-visits")
        await views.locator("summary").click()
        await views.get_by_role("link", name="Cargas").click()
        await expect(views.locator("summary")).to_have_text("Cargas")
        await expect(views.get_by_role("link", name="Cargas")).to_be_hidden()
        await page.set_viewport_size({"width": UPRIGHT["height"], "height": UPRIGHT["width"]})
        # It is no tenth of what is left to read. What comes in behind a scroll makes the page longer: so it goes on.
        await page.wait_for_function(
            """() => {
                scrollTo(0, document.body.scrollHeight);
                return document.querySelector("header.top").getBoundingClientRect().bottom <= 0;
            }"""
        )


@needs_browser
async def test_every_moment_is_told_by_the_service_s_clock_wherever_the_browser_is(
    app: FastAPI, client: httpx.AsyncClient
) -> None:
    await make_account(app)
    load = await load_file(client, "customers", "id;nome;email\n10;Rita Souza;rita@example.com\n")
    there = datetime.fromisoformat(load["received_at"]).replace(tzinfo=UTC).astimezone(ZoneInfo("America/Sao_Paulo"))
    async with surfing_app(app, expected=(UNAUTHORIZED,)) as surf:
        page = await surf.open(await surf.context(timezone_id="Asia/Tokyo"), "#/loads")
        await sign_in(page)
        await expect(page.get_by_role("columnheader", name="Quando (GMT-3)")).to_be_visible()
        await expect(page.get_by_role("row").filter(has_text="Clientes")).to_contain_text(f"{there:%d/%m/%Y, %H:%M:%S}")
        link = page.get_by_role("banner").get_by_role("status")
        await expect(link).to_have_attribute("title", re.compile(r"Última resposta: [\d/]+, [\d:]+ GMT-3"))
        await page.goto(f"{surf.origin}/#/visits?period=7d")
        async with page.expect_request("**/v1/services?*") as asked:
            await page.reload()
        today = datetime.now(ZoneInfo("America/Sao_Paulo")).date()
        assert f"data_de_atendimento_ate={today}" in (await asked.value).url
