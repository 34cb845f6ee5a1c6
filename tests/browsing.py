"""A browser over the page and the documentation, with every network but the service's own out of reach."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from axe_playwright_python.base import AXE_SCRIPT, AxeResults
from conftest import client_of
from fastapi import FastAPI
from listening import listening
from one_browser import running_browser
from playwright.async_api import BrowserContext, Page, expect

PASSWORD = "uma senha bem comprida 7"
LANGUAGE = "pt-BR"
PATIENCE_MS = 30_000
"""Browsers and services of other tests share the machine."""

expect.set_options(timeout=PATIENCE_MS)


@dataclass
class Surfing:
    """A browser, as far as this test opened it, the address of the service, and what went wrong so far."""

    origin: str
    contexts: list[BrowserContext] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    expected: tuple[str, ...] = ()
    """Parts of troubles that the test brings about by itself."""

    async def context(self, **options: Any) -> BrowserContext:
        """Another browser's worth of cookies and choices."""
        context = await running_browser().new_context(**{"locale": LANGUAGE} | options)
        self.contexts.append(context)
        context.set_default_timeout(PATIENCE_MS)
        context.on("page", self._watch)
        return context

    async def open(self, context: BrowserContext, address: str = "") -> Page:
        page = await context.new_page()
        await page.goto(f"{self.origin}/{address}")
        return page

    def _watch(self, page: Page) -> None:
        """What a page of ours never does: fail, complain, break the policy, or ask another host."""
        note = self.troubles.append
        page.on("pageerror", lambda error: note(f"error: {error}"))
        page.on("console", lambda message: note(message.text) if message.type in ("error", "warning") else None)
        page.on("request", lambda request: note(request.url) if not self._ours(request.url) else None)
        page.on("response", lambda answer: note(f"{answer.status} {answer.url}") if answer.status >= 500 else None)

    def _ours(self, url: str) -> bool:
        return url.startswith((f"{self.origin}/", "data:", f"blob:{self.origin}/"))

    def unexpected(self) -> list[str]:
        return [trouble for trouble in self.troubles if not any(part in trouble for part in self.expected)]


@asynccontextmanager
async def surfing(origin: str, *, expected: tuple[str, ...] = ()) -> AsyncIterator[Surfing]:
    """At the end nothing may have gone wrong but what the test expects."""
    surf = Surfing(origin, expected=expected)
    try:
        yield surf
    finally:
        for context in surf.contexts:
            await context.close()
    assert surf.unexpected() == [], surf.unexpected()


@asynccontextmanager
async def surfing_app(app: FastAPI, *, expected: tuple[str, ...] = ()) -> AsyncIterator[Surfing]:
    async with listening(app) as port, surfing(f"http://127.0.0.1:{port}", expected=expected) as surf:
        yield surf


async def make_account(app: FastAPI, username: str = "ana") -> httpx.Response:
    """The first one is the admin's."""
    async with client_of(app) as anonymous:
        account = {"username": username, "email": f"{username}@example.com", "password": PASSWORD}
        return await anonymous.post("/v1/auth/register", json=account)


async def sign_in(page: Page, username: str = "ana", password: str = PASSWORD) -> None:
    """By the keyboard alone: the first field has the focus."""
    await expect(page.locator("input[name=username]")).to_be_focused()
    await page.keyboard.type(username)
    await page.keyboard.press("Tab")
    await page.keyboard.type(password)
    await page.keyboard.press("Enter")
    await expect(page.locator("main:not(.alone)")).to_be_visible()


COLOURS = {"runOnly": ["color-contrast", "link-in-text-block"]}
"""All that a theme changes of a view."""

RUN_AXE = "options => axe.run(options).then(({ violations }) => ({ violations }))"


async def assert_accessible(page: Page, name: str = "", *, only_colours: bool = False) -> None:
    """axe-core's rules of WCAG 2.2 A and AA, and its best practices. With SCREENSHOTS, a picture of it as well.

    What answers the question before is dimmed on purpose, so nothing is looked at while that stands there.
    """
    await expect(page.locator(".waiting")).to_have_count(0)
    if folder := os.environ.get("SCREENSHOTS"):
        await page.screenshot(path=Path(folder, f"{name}.png"), full_page=True)
    found = await violations(page, **(COLOURS if only_colours else {}))
    assert found == [], AxeResults({"violations": found}).generate_report()


async def violations(page: Page, **options: object) -> list[dict[str, Any]]:
    """What axe-core finds, and nothing of what it finds to be well, which is a multiple of it."""
    if not await page.evaluate("'axe' in window"):  # it stays until the page is left
        await page.evaluate(AXE_SCRIPT)
    results = await page.evaluate(RUN_AXE, {"resultTypes": ["violations"]} | options)
    found: list[dict[str, Any]] = results["violations"]
    return found
