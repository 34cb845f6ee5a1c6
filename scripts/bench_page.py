#!/usr/bin/env python3
"""Measure the page in a real Chromium over 1,048,575 visits: first view, change of filter, bytes, memory.

    bench_page.py --data-dir /tmp/bench-page [--rounds 7] [--changes 600] [--port 8232]

Uses bench_api's database (fills it if it is not there) and a service of its own. Each round is a new browser without
a cache. One line of JSON at the end: medians, in milliseconds by the browser's own clock, and bytes as they were sent.
"""

import argparse
import asyncio
import json
import os
import shutil
import statistics
from pathlib import Path
from typing import Any

from bench_api import PASSWORD, Client, data_of, migrate_and_report, start_worker
from playwright.sync_api import Browser, BrowserContext, CDPSession, Page, sync_playwright

from logistics_indicators.running.embedded import EmbeddedPostgres

USERNAME = "bench"
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")

FIRST_VIEW = """
new Promise((resolve) => {
  const shown = () => document.querySelector(".figure .value");
  const look = () => shown() ? resolve(performance.now()) : requestAnimationFrame(look);
  look();
})
"""
CHANGE = """
(polo) => new Promise((resolve) => {
  const before = document.querySelector(".figure .value + *, .figure .value").closest("main").innerText;
  const began = performance.now();
  location.hash = `#/summary?polo=${encodeURIComponent(polo)}`;
  const look = () => {
    const now = document.querySelector("main").innerText;
    const done = now !== before && !document.querySelector("main .waiting");
    if (done) requestAnimationFrame(() => resolve(performance.now() - began));
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
})
"""
"""From the change of the address to the frame after which the new figures stand there, and none of the old ones."""


def signed_in(browser: Browser, origin: str) -> BrowserContext:
    context = browser.new_context()
    page = context.new_page()
    page.goto(origin)
    page.fill("input[name=username]", USERNAME)
    page.fill("input[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector("nav")
    page.close()
    return context


def counting(page: Page) -> tuple[CDPSession, list[float]]:
    """Bytes as they came over the wire, headers included; without the browser's cache."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    sent: list[float] = []
    session.on("Network.loadingFinished", lambda event: sent.append(event["encodedDataLength"]))
    return session, sent


def one_round(browser: Browser, origin: str, polos: list[str]) -> dict[str, float]:
    context = signed_in(browser, origin)
    page = context.new_page()
    _, sent = counting(page)
    page.goto(f"{origin}/#/summary")
    first = page.evaluate(FIRST_VIEW)
    page.wait_for_function("!document.querySelector('.waiting')")
    changes = [page.evaluate(CHANGE, polo) for polo in polos]
    context.close()
    return {"first_view_ms": first, "change_ms": statistics.median(changes), "sent_bytes": sum(sent)}


def memory(browser: Browser, origin: str, client: Client, changes: int) -> dict[str, float]:
    """MB of the page's heap, after a warm-up and after that many changes of the data, each seen by the page."""
    context = signed_in(browser, origin)
    page = context.new_page()
    session = context.new_cdp_session(page)
    page.goto(f"{origin}/#/summary")
    page.wait_for_selector(".figure .value")
    client.connection.close()  # the service would have, after the idle seconds of the rounds
    client.sign_in()
    (_, content), _ = client.ask("GET", "/v1/services?limit=1&aberto=false")
    service = json.loads(content)["atendimentos"][0]

    def after(number: int) -> float:
        for turn in range(number):
            day = f"2021-01-{turn % 27 + 1:02d}T10:00:00"
            visit = {name: value for name, value in service.items() if name != "id"} | {"data_de_atendimento": day}
            client.ask("PUT", f"/v1/services/{service['id']}", visit)
        page.wait_for_timeout(1_000)
        session.send("HeapProfiler.collectGarbage")
        return float(page.evaluate("performance.memory.usedJSHeapSize")) / 1e6

    warm = after(max(10, changes // 10))
    return {"warm_mb": warm, "after_mb": after(changes)}


def measure(origin: str, client: Client, arguments: argparse.Namespace, polos: list[str]) -> dict[str, Any]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--enable-precise-memory-info"]
        )
        rounds = [one_round(browser, origin, polos) for _ in range(arguments.rounds)]
        medians = {name: round(statistics.median(each[name] for each in rounds), 1) for name in rounds[0]}
        heap = {name: round(value, 2) for name, value in memory(browser, origin, client, arguments.changes).items()}
        browser.close()
    return medians | heap


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", type=Path, required=True, help="folder of the bench's own database; kept")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument(
        "--changes", type=int, default=600, help="of the data, while the page is open; 600 are an hour of one every 6 s"
    )
    parser.add_argument("--port", type=int, default=8232)
    arguments = parser.parse_args()
    if CHROMIUM is None:
        raise SystemExit("no chromium found; name one in CHROMIUM")
    data = data_of(1)
    server = EmbeddedPostgres(arguments.data_dir)
    server.start()
    try:
        asyncio.run(migrate_and_report(server.url(), data))
        worker = start_worker(arguments.data_dir, arguments.port)
        try:
            client = Client(arguments.port)
            client.sign_in()
            results = measure(f"http://127.0.0.1:{arguments.port}", client, arguments, data.polos[:5])
        finally:
            worker.terminate()
            worker.wait(30)
    finally:
        server.stop()
    load = [round(value, 2) for value in os.getloadavg()]
    print(json.dumps({"visits": data.visits, "rounds": arguments.rounds, "load_average": load, "results": results}))


if __name__ == "__main__":
    main()
