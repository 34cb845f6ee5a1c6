#!/usr/bin/env python3
"""Takes the pictures of docs/analyst.md from the real page, over the sample files, in a service of its own.

screenshots.py [--port 8234]
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
from playwright.sync_api import Page, ViewportSize, expect, sync_playwright

ROOT = Path(__file__).parent.parent
PICTURES = ROOT / "docs/pictures"
SAMPLES = ROOT / "tests/samples"
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
PASSWORD = "uma senha bem comprida 7"
PATIENCE_MS = 60_000
SIGNS = {
    "summary": ".figure:nth-child(3) .spark path",
    "explore": ".chart canvas",
    "visits": "tbody tr[aria-rowindex]",
    "admin": "tbody tr",
    "wall": ".huge .spark path",
}
"""What is there once a view has all that it shows."""
SIZE = ViewportSize(width=1280, height=800)


def start(folder: Path, port: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "logistics_indicators", "serve", "--port", str(port), "--data-dir", str(folder)]
    service = subprocess.Popen(command, env={**os.environ, "LOG_LEVEL": "error"})
    for _ in range(300):
        try:
            if httpx.get(f"http://127.0.0.1:{port}/v1/health").status_code == 200:
                return service
        except httpx.TransportError:
            time.sleep(0.2)
    service.kill()
    raise SystemExit("the service does not answer")


def picture(page: Page, name: str, *, whole: bool = False) -> None:
    page.mouse.move(0, 0)  # over nothing that would light up
    page.screenshot(path=PICTURES / f"{name}.png", full_page=whole)


def a_day(page: Page, origin: str) -> None:
    """What docs/analyst.md tells, in its order."""
    page.goto(origin)
    expect(page.get_by_role("heading", name="Bem-vindo")).to_be_visible()
    picture(page, "first-run")
    page.get_by_label("Usuário").fill("ana")
    page.get_by_label("E-mail").fill("ana@example.com")
    page.get_by_label("Senha").fill(PASSWORD)
    page.get_by_role("button", name="Criar a conta").click()
    page.get_by_role("link", name="Cargas").click()
    page.locator("input[type=file]").set_input_files([SAMPLES / "services.csv", SAMPLES / "customers.csv"])
    for name in ("customers.csv", "services.csv"):
        card = page.get_by_role("article", name=name)
        expect(card).to_have_attribute("data-step", "checked")
        if name == "services.csv":
            card.evaluate("card => card.scrollIntoView()")
            picture(page, "loads-check")
        card.get_by_role("button", name="Carregar").click()
        expect(card).to_have_attribute("data-step", "ended")
    page.get_by_role("article", name="services.csv").get_by_role("link", name="Abrir a carga").click()
    expect(page.get_by_text("Efeito nos indicadores").first).to_be_visible()
    picture(page, "load", whole=True)
    page.get_by_role("link", name="Corrigir").first.click()
    expect(page.get_by_role("grid")).to_be_visible()
    picture(page, "mending")
    for view, sign in SIGNS.items():
        page.goto(f"{origin}/#/{view}")
        expect(page.locator(sign).first).to_be_visible()
        expect(page.locator(".waiting")).to_have_count(0)
        picture(page, view)
    page.get_by_role("button", name="Pausar").click()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("heading", name="Piores polos")).to_be_visible()
    page.get_by_role("button", name="Continuar").evaluate("button => button.blur()")
    picture(page, "wall-ranking")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=8234)
    port = parser.parse_args().port
    PICTURES.mkdir(exist_ok=True)
    expect.set_options(timeout=PATIENCE_MS)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        Path(folder).chmod(0o755)  # the database's user passes through it
        service = start(Path(folder) / "data", port)
        try:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            page = browser.new_context(locale="pt-BR", viewport=SIZE).new_page()
            page.set_default_timeout(PATIENCE_MS)
            a_day(page, f"http://127.0.0.1:{port}")
            browser.close()
        finally:
            service.terminate()
            service.wait(60)


if __name__ == "__main__":
    main()
