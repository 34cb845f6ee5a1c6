"""A service that is killed while the page sends it a file, and that is started again."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
from browsing import sign_in, surfing
from data_folders import reachable_folder
from fault_service import PASSWORD, Service
from one_browser import needs_browser
from playwright.async_api import Page, Route, expect

ROWS = 60_000


@pytest.fixture
async def service(database_url: str) -> AsyncIterator[Service]:
    with reachable_folder() as folder:
        service = Service(folder, database_url)
        service.start()
        await service.ready()
        await service.sign_in()
        yield service
        await service.close()


@pytest.fixture
def two_pieces(tmp_path: Path) -> Path:
    """Customers in two pieces of an upload."""
    file = tmp_path / "grande.csv"
    rows = (f"{n};Ana;ana{n}@example.com;1;{'nada ' * 40}\n" for n in range(1, ROWS + 1))
    file.write_text("id;nome;email;telefone;obs\n" + "".join(rows), "utf-8")
    return file


@needs_browser
async def test_an_upload_goes_on_from_its_last_durable_byte_when_a_killed_service_is_back(
    service: Service, connection: asyncpg.Connection, two_pieces: Path
) -> None:
    async with surfing(f"http://127.0.0.1:{service.port}", expected=("Failed to load resource", "ERR_")) as surf:
        page = await surf.open(await surf.context(), "#/loads")
        await sign_in(page, "fault", PASSWORD)
        asked = noted(page)
        killed = await hold_the_second_piece(page)
        await page.locator("input[type=file]").set_input_files(two_pieces)
        card = page.get_by_role("article", name="grande.csv")
        await expect(card.get_by_role("progressbar", name="Enviando")).to_be_visible()
        async with asyncio.timeout(60):
            while not await connection.fetchval("SELECT max(received) FROM uploads"):
                await asyncio.sleep(0.01)
        other = await surf.open(page.context, "#/visits")
        nothing = other.get_by_text("Nenhum atendimento com estes filtros.")
        await expect(nothing).to_be_visible()
        service.kill()
        await other.goto(f"{surf.origin}/#/visits?aberto=true")
        await expect(other.get_by_text("Nova tentativa em instantes")).to_be_visible()
        killed.set()
        await expect(card).to_contain_text("Sem contato; continua sozinho")
        durable = await connection.fetchval("SELECT received FROM uploads")
        assert 0 < durable < two_pieces.stat().st_size
        # The time in which a holder that says nothing counts as alive goes by.
        await connection.execute("UPDATE uploads SET held_until = clock_timestamp() WHERE holder IS NOT NULL")
        asked.clear()
        service.start()
        await service.ready()

        await expect(other.get_by_text("Nova tentativa em instantes")).to_be_hidden()  # nobody pressed anything
        await expect(card).to_have_attribute("data-step", "checked", timeout=120_000)
        assert "POST" not in asked
        assert asked[0] == str(durable)
        size = f"{durable / 1e6:.1f}".replace(".", ",")
        await expect(card).to_contain_text(f"Continuou do último byte gravado: {size} MB já estavam no serviço.")
        await card.get_by_role("button", name="Carregar").click()
        await expect(card).to_have_attribute("data-step", "ended", timeout=120_000)
        await expect(page.get_by_role("banner").get_by_role("status")).to_have_text("Ao vivo")
    assert await connection.fetchval("SELECT count(*) FROM customers") == ROWS
    assert service.broken() == []


def noted(page: Page) -> list[str]:
    """Of the requests that send a file: POST for a new upload, the first byte's place for a piece."""
    asked: list[str] = []
    page.on(
        "request",
        lambda request: (
            asked.append(request.headers.get("upload-offset", request.method))
            if "/v1/uploads" in request.url and request.method in ("POST", "PATCH")
            else None
        ),
    )
    return asked


async def hold_the_second_piece(page: Page) -> asyncio.Event:
    """It is on its way until the event: the service cannot have the whole file before."""
    go_on = asyncio.Event()
    pieces = 0

    async def hold(route: Route) -> None:
        nonlocal pieces
        pieces += route.request.method == "PATCH"
        if pieces > 1:
            await go_on.wait()
        await route.continue_()

    await page.route("**/v1/uploads/*", hold)
    return go_on
