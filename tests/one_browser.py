"""One browser for each process of tests: a start takes a second of a core, and a context of it next to nothing."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

if TYPE_CHECKING:  # the tests without a browser need not wait for its import
    from playwright.async_api import Browser

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="no chromium found; name one in CHROMIUM")
ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking"),
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)

_running: list[tuple["Browser", asyncio.AbstractEventLoop]] = []


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def kept_browser() -> AsyncIterator[None]:
    """It lives in the loop of the session."""
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        _running.append((browser, asyncio.get_running_loop()))
        yield
        _running.clear()
        await browser.close()


@pytest.fixture(name="_function_scoped_runner")
def loop_of_a_test(request: pytest.FixtureRequest) -> Iterator[asyncio.Runner]:
    """A test that needs a browser runs in the loop of that, and leaves no task there; any other has its own."""
    if needs_browser.mark not in request.node.iter_markers():
        yield request.getfixturevalue("_function_scoped_runner")
        return
    request.getfixturevalue("kept_browser")
    runner: asyncio.Runner = request.getfixturevalue("_session_scoped_runner")
    before = asyncio.all_tasks(runner.get_loop())
    yield runner
    if left := asyncio.all_tasks(runner.get_loop()) - before:
        for task in left:
            task.cancel()
        runner.run(_ended(left))


async def _ended(tasks: set[asyncio.Task[object]]) -> None:
    await asyncio.gather(*tasks, return_exceptions=True)


def running_browser() -> "Browser":
    """For a test marked `needs_browser`, which makes contexts of its own in it, and closes them."""
    browser, loop = _running[0]
    assert loop is asyncio.get_running_loop(), "the test is not marked needs_browser"
    return browser
