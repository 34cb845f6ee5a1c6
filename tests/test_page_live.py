"""An hour in which the data change every other minute: nothing that a person is at goes, and no memory either."""

import httpx
from browsing import Surfing, make_account, sign_in, surfing_app
from conftest import SAMPLES, client_of
from fastapi import FastAPI
from load_client import load_file
from one_browser import needs_browser
from playwright.async_api import BrowserContext, CDPSession, Page, expect

from logistics_indicators.accounts.tokens import issue_access_token

CHANGES, MINUTES = 30, 2
WARM = 10
"""Changes after which everything is there that is made once."""

ROW = 30
ROOM = {"JSHeapUsedSize": 1_000_000, "Nodes": 600, "JSEventListeners": 30}
"""What the rest of the changes may leave behind: less than one thing for each of them."""

HEADER = "id;id_cliente;angel;polo;data_limite;data_de_atendimento"
SELECT_A_NAME = """row => {
    const name = row.cells[2].querySelector("a");
    name.focus();
    getSelection().selectAllChildren(name);
}"""


@needs_browser
async def test_an_hour_of_live_changes_disturbs_nobody_and_costs_no_memory(app: FastAPI) -> None:
    await make_account(app)
    async with client_of(app, issue_access_token(app.state.token_key, 1)) as admin, surfing_app(app) as surf:
        for kind in ("customers", "services"):
            await load_file(admin, kind, (SAMPLES / f"{kind}.csv").read_bytes())
        context = await surf.context()
        await context.clock.install()
        visits, mending, explore = await three_tabs(surf, context)
        sessions = [await context.new_cdp_session(page) for page in (visits, mending, explore)]
        row = visits.locator(f"tr[aria-rowindex='{ROW}']")
        await row.scroll_into_view_if_needed()
        await row.evaluate(SELECT_A_NAME)
        place = await place_of(visits)
        grid = mending.get_by_role("grid")
        await grid.locator("[data-place='2:1']").click()
        await mending.keyboard.type("90")
        polo = explore.get_by_role("combobox", name="Polo")
        await polo.click()
        await explore.keyboard.type("CE - ")

        neighbour = visits.locator(f"tr[aria-rowindex='{ROW + 1}']")
        visit = await neighbour.get_by_role("link").first.inner_text()
        warm = []
        for change in range(1, CHANGES + 1):
            await brought_late(admin, visit, change)
            await context.clock.fast_forward(MINUTES * 60_000)
            await expect(neighbour).to_contain_text(f"Atraso de {change} dia")
            if change == WARM:
                warm = [await cost_of(session) for session in sessions]

        assert await place_of(visits) == place
        await expect(grid.locator("input")).to_be_focused()
        await mending.keyboard.type("7")
        await mending.keyboard.press("Enter")
        await expect(grid.locator("[data-place='2:1']")).to_have_text("907")
        await expect(explore.get_by_role("banner").get_by_role("status")).to_have_text("Ao vivo")
        await expect(polo).to_be_focused()
        await explore.keyboard.type("SOBRAL 008")
        await expect(polo).to_have_value("CE - SOBRAL 008")
        for before, session in zip(warm, sessions, strict=True):
            now = await cost_of(session)
            assert {name: now[name] - before[name] for name in ROOM if now[name] - before[name] > ROOM[name]} == {}


async def three_tabs(surf: Surfing, context: BrowserContext) -> list[Page]:
    visits = await surf.open(context, "#/visits")
    await sign_in(visits)
    await expect(visits.locator("tr[aria-rowindex='2']")).to_be_visible()
    mending, explore = [await surf.open(context, address) for address in ("#/mending", "#/explore")]
    await expect(mending.get_by_role("grid").get_by_role("row")).to_have_count(7)
    await expect(explore.locator("canvas")).to_be_visible()
    return [visits, mending, explore]


async def place_of(page: Page) -> list[object]:
    """Where the page and its table are scrolled to, what is selected, and what has the focus."""
    found: list[object] = await page.evaluate(
        "[scrollY, document.querySelector('.table').scrollTop, `${getSelection()}`, document.activeElement.innerText]"
    )
    assert all(found[1:])
    return found


async def brought_late(admin: httpx.AsyncClient, visit: str, days: int) -> None:
    """A load that makes the visit so many days late."""
    line = f"{visit};154033401;Ana;CE - SOBRAL 008;01/05/2021;{1 + days:02d}/05/2021 08:00:00"
    load = await load_file(admin, "services", f"{HEADER}\n{line}\n", on_conflict="update")
    assert load["rows_updated"] == 1, load


async def cost_of(session: CDPSession) -> dict[str, float]:
    """What the page holds once its garbage is collected."""
    await session.send("Performance.enable")
    await session.send("HeapProfiler.collectGarbage")
    metrics = (await session.send("Performance.getMetrics"))["metrics"]
    return {metric["name"]: metric["value"] for metric in metrics if metric["name"] in ROOM}
