"""Several worker processes: any of them answers a scraper for all, and a new start counts from nothing."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from conftest import Settle
from data_folders import reachable_folder

TOKEN = "a-token-of-the-scraper-0123456789"


@pytest.fixture
def folder(settle: Settle) -> Iterator[Path]:
    with reachable_folder() as made:
        settle(made / "data")
        yield made / "data"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(folder: Path, workers: int) -> Iterator[str]:
    """The service as a user starts it; its address, once the first health check was answered."""
    port = free_port()
    command = [sys.executable, "-m", "logistics_indicators", "serve", "--port", str(port), "--workers", str(workers)]
    environment = {"METRICS_TOKEN": TOKEN, "DATA_DIR": str(folder), "LOAD_WORKERS": "0"}
    with (folder.parent / "log").open("ab") as log:
        service = subprocess.Popen(command, env=os.environ | environment, stdout=log, stderr=log)
    try:
        address = f"http://127.0.0.1:{port}"
        wait_until_healthy(service, address)
        yield address
    finally:
        service.send_signal(signal.SIGTERM)
        assert service.wait(60) in {0, -signal.SIGTERM}


def wait_until_healthy(service: subprocess.Popen[bytes], address: str) -> None:
    deadline = time.monotonic() + 120
    while True:
        assert service.poll() is None
        assert time.monotonic() < deadline
        try:
            assert ask(f"{address}/v1/health").status_code == 200
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return


def ask(url: str) -> httpx.Response:
    """Over a connection of its own. It verifies nothing: each client that could reads hundreds of certificates."""
    return httpx.get(url, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=30, verify=False)


def scraped(address: str) -> str:
    return ask(f"{address}/metrics").text


def pages_counted(address: str) -> float:
    wanted = 'http_requests_total{method="GET",route="/redoc",status="200"} '
    return sum(float(line.removeprefix(wanted)) for line in scraped(address).splitlines() if line.startswith(wanted))


def test_a_scrape_of_any_worker_tells_of_all_and_a_new_start_counts_from_nothing(folder: Path) -> None:
    with serving(folder, workers=2) as address:
        for _ in range(30):  # a connection each, so that both workers get some
            assert ask(f"{address}/redoc").status_code == 200
        assert [pages_counted(address) for _ in range(8)] == [30] * 8
        assert 'logistics_pool_connections{state="idle"}' in scraped(address)
    with serving(folder, workers=2) as address:
        assert pages_counted(address) == 0
