"""/docs and /redoc in a real browser, with every network but the service's own out of reach."""

import os
import re
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from browsing import PASSWORD, violations
from fastapi import FastAPI
from listening import listening
from one_browser import needs_browser, running_browser
from playwright.async_api import Locator, Page, ViewportSize, expect

DESK: ViewportSize = {"width": 1280, "height": 720}
PHONE: ViewportSize = {"width": 360, "height": 740}
ASSETS = re.compile(r'(?:src|href)="([^"]+)"')


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
async def test_a_page_names_nothing_that_is_not_ours_and_has_no_inline_script(
    anonymous: httpx.AsyncClient, path: str
) -> None:
    page = await anonymous.get(path)
    assert page.headers["Content-Type"].startswith("text/html")
    assert "unsafe-inline" not in page.headers["Content-Security-Policy"].partition("script-src")[2].partition(";")[0]
    assert re.findall(r"<script(?![^>]*src=)|style=|<style|\son\w+=", page.text) == []
    for reference in ASSETS.findall(page.text):
        assert not re.match(r"\w+:|//", reference)
        assert (await anonymous.get("/" + reference)).status_code == 200


async def test_assets_are_cached_and_asked_for_again_by_etag(anonymous: httpx.AsyncClient) -> None:
    asset = await anonymous.get("/docs/assets/swagger-ui.css")
    assert asset.headers["Cache-Control"] == "public, max-age=86400"
    again = await anonymous.get("/docs/assets/swagger-ui.css", headers={"If-None-Match": asset.headers["ETag"]})
    assert again.status_code == 304
    missing = await anonymous.get("/docs/assets/../openapi.py")
    assert (missing.status_code, missing.headers["Content-Type"]) == (404, "application/problem+json")


async def test_the_root_leads_to_the_documentation(anonymous: httpx.AsyncClient) -> None:
    answer = await anonymous.get("/")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert 'href="docs"' in answer.text


@asynccontextmanager
async def browsing(
    app: FastAPI, path: str, refused: str = "", size: ViewportSize = DESK, shown: Collection[str] = ()
) -> AsyncIterator[Page]:
    """The page in a browser that reaches 127.0.0.1 alone. At the end nothing may have failed, or been refused
    but at the path that is named. shown: of the document, the operations with these tags; all of it takes seconds."""
    troubles: list[str] = []
    async with listening(app) as port, await running_browser().new_context(viewport=size) as context:
        page = await context.new_page()
        page.on("pageerror", lambda error: troubles.append(f"error: {error}"))
        page.on(
            "console",
            lambda said: troubles.append(f"{said.text} {said.location['url']}") if said.type == "error" else None,
        )
        page.on("requestfailed", lambda request: troubles.append(f"failed: {request.url}"))
        page.on("response", lambda answer: troubles.append(answer.url) if answer.status >= 400 else None)
        if shown:
            await page.route("**/openapi.json", lambda route: route.fulfill(json=only(shown, app.openapi())))
        await page.goto(f"http://127.0.0.1:{port}{path}")
        yield page
        if folder := os.environ.get("SCREENSHOTS"):
            await page.screenshot(path=f"{folder}{path}.png", full_page=False)
    assert [trouble for trouble in troubles if not refused or refused not in trouble] == []


def only(tags: Collection[str], document: dict[str, Any]) -> dict[str, Any]:
    """The document with the paths of these tags alone."""
    paths = document["paths"].items()
    found = {path: item for path, item in paths if any({*tags} & {*each.get("tags", ())} for each in item.values())}
    assert found
    return document | {"paths": found}


@asynccontextmanager
async def dialog_of(
    app: FastAPI, anonymous: httpx.AsyncClient, refused: str = "", shown: Collection[str] = ("customers",)
) -> AsyncIterator[Page]:
    """/docs with its dialog open, and an account of iris."""
    account = {"username": "iris", "email": "iris@example.com", "password": PASSWORD}
    assert (await anonymous.post("/v1/auth/register", json=account)).status_code == 201
    async with browsing(app, "/docs", refused, shown=shown) as page:
        await open_dialog(page)
        yield page


async def open_dialog(page: Page) -> None:
    await page.locator(".btn.authorize").first.click()


async def sign_in(page: Page, password: str) -> None:
    """By the keyboard: the name has the focus."""
    form = page.locator(".auth-container").first
    await form.locator("#oauth_username").fill("iris")
    await form.locator("input[type=password]").first.fill(password)
    await form.locator("button.authorize").click()


async def ask_for_customers(page: Page) -> Locator:
    """Its answer."""
    listed = page.locator("#operations-customers-list_customers")
    await listed.locator(".opblock-summary-control").click()
    await listed.locator(".btn.execute").click()
    return listed.locator(".live-responses-table .response")


@needs_browser
async def test_the_api_can_be_tried_in_the_browser(app: FastAPI, anonymous: httpx.AsyncClient) -> None:
    operations = sum(len(item) for item in app.openapi()["paths"].values())
    async with dialog_of(app, anonymous, shown=()) as page:
        await expect(page.locator(".opblock")).to_have_count(operations)
        await expect(page.get_by_text("A short tour")).to_be_visible()

        await expect(page.locator("#oauth_username")).to_be_focused()
        await expect(page.locator("#oauth_username")).to_be_in_viewport()
        await sign_in(page, PASSWORD)
        form = page.locator(".auth-container").first
        await expect(form.get_by_text("Authorized", exact=True)).to_be_visible()
        await form.locator(".btn-done").click()

        answer = await ask_for_customers(page)
        await expect(answer.locator(".response-col_status")).to_contain_text("200")
        await expect(answer).to_contain_text("total_por_pagina")


@needs_browser
async def test_the_sign_in_lasts_for_the_tab_without_the_password(app: FastAPI, anonymous: httpx.AsyncClient) -> None:
    async with dialog_of(app, anonymous) as page:
        await sign_in(page, PASSWORD)
        await expect(page.locator(".auth-container").get_by_text("Authorized", exact=True)).to_be_visible()
        assert PASSWORD not in await page.evaluate("JSON.stringify(sessionStorage)")
        assert await page.evaluate("localStorage.length") == 0

        await page.reload()
        answer = await ask_for_customers(page)
        await expect(answer.locator(".response-col_status")).to_contain_text("200")

        await open_dialog(page)
        await page.locator(".auth-container").first.locator("button", has_text="Logout").click()
        await page.goto(page.url.partition("#")[0])  # Swagger UI complains of `_` in its own links
        await open_dialog(page)
        await expect(page.locator("#oauth_username")).to_be_visible()


@needs_browser
async def test_a_token_that_ends_is_renewed(app: FastAPI, anonymous: httpx.AsyncClient) -> None:
    async with dialog_of(app, anonymous) as page:
        await page.clock.install()
        await sign_in(page, PASSWORD)
        await expect(page.locator(".auth-container").first.get_by_text("Authorized", exact=True)).to_be_visible()
        await page.locator(".auth-container .btn-done").first.click()
        async with page.expect_response("**/v1/auth/refresh") as renewal:
            await page.clock.fast_forward("14:45")
            answer = await ask_for_customers(page)
        token = (await (await renewal.value).json())["access_token"]
        await expect(answer.locator(".response-col_status")).to_contain_text("200")
        await expect(page.locator("#operations-customers-list_customers .curl")).to_contain_text(token)


@needs_browser
async def test_a_wrong_password_is_told(app: FastAPI, anonymous: httpx.AsyncClient) -> None:
    async with dialog_of(app, anonymous, refused="/v1/auth/login") as page:
        await sign_in(page, "not-the-password")
        errors = page.locator(".auth-container .errors").first
        await expect(errors).to_contain_text("The username or the password is wrong.")


@needs_browser
async def test_the_page_leads_to_the_control_room(app: FastAPI) -> None:
    async with browsing(app, "/docs", shown=("customers",)) as page:
        await page.get_by_role("link", name="Control room").click()
        await expect(page).to_have_url(re.compile(r"^http://127.0.0.1:\d+/(#.*)?$"))


# -- for everybody, and on a phone -------------------------------------------------------------------------

OF_SWAGGER_UI = {
    "nested-interactive": "it nests the link to an operation and its copy button in the button that opens it",
}
OF_REDOC = {
    "heading-order": "its headings of bodies and answers are h5 below the operation's h2",
}
"""Rules of axe-core that the libraries' own markup breaks, and no style or attribute of ours mends. All else holds."""


async def broken_rules(page: Page) -> dict[str, list[str]]:
    """By name: where, and what axe-core says of it."""
    return {
        rule["id"]: [f"{node['target']} {node['failureSummary']} {node['html'][:120]}" for node in rule["nodes"]]
        for rule in await violations(page)
    }


async def runs_over(page: Page) -> bool:
    """Whether the page scrolls sideways."""
    return bool(await page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))


@needs_browser
async def test_the_documentation_is_for_everybody_and_fits_a_phone(app: FastAPI) -> None:
    async with browsing(app, "/docs", size=PHONE) as page:
        await expect(page.locator(".opblock").first).to_be_visible()
        await page.locator("#operations-accounts-login .opblock-summary-control").click()
        listed = page.locator("#operations-services-list_services")
        await listed.locator(".opblock-summary-control").click()
        await expect(listed.locator(".btn.execute")).to_be_visible()
        assert not await runs_over(page)

        await page.locator(".btn.authorize").first.click()
        await expect(page.locator("#oauth_username")).to_be_in_viewport(ratio=1)
        await expect(page.locator(".auth-container input[type=password]").first).to_be_in_viewport(ratio=1)
        assert not await runs_over(page)
        broken = await broken_rules(page)
        assert {rule: where for rule, where in broken.items() if rule not in OF_SWAGGER_UI} == {}
        assert OF_SWAGGER_UI.keys() <= broken.keys()  # what is mended there goes from the list


@needs_browser
async def test_the_reference_renders_every_operation_for_everybody_and_fits_a_phone(app: FastAPI) -> None:
    async with browsing(app, "/redoc", size=PHONE) as page:
        await expect(page.locator("h1").first).to_contain_text("Logistics Indicators")
        await expect(page.locator("pre").first).to_have_attribute("tabindex", "0")
        for item in app.openapi()["paths"].values():
            for operation in item.values():
                await expect(page.locator(f"[id$='/operation/{operation['operationId']}']").first).to_be_attached()
        assert not await runs_over(page)
        broken = await broken_rules(page)
        assert {rule: where for rule, where in broken.items() if rule not in OF_REDOC} == {}
        assert OF_REDOC.keys() <= broken.keys()
