"""schemathesis over the whole OpenAPI document, as each role and as nobody, every check.

SCHEMATHESIS_EXAMPLES raises the number of examples for each operation (the suite takes 2). A long run by hand:

    SCHEMATHESIS_EXAMPLES=200 scripts/test tests/test_schemathesis.py -s
"""

import asyncio
import logging
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import httpx
import pytest
import structlog
import uvicorn
from conftest import SECRET, make_settings

from logistics_indicators.accounts.tokens import TokenKey, issue_access_token
from logistics_indicators.app import create_app
from logistics_indicators.http_protocol import BoundedHttpProtocol

CONFIG = Path(__file__).with_name("schemathesis.toml")
EXAMPLES = os.environ.get("SCHEMATHESIS_EXAMPLES", "2")
LONG_RUN = "SCHEMATHESIS_EXAMPLES" in os.environ
SEED = ["--seed", os.environ["SCHEMATHESIS_SEED"]] if "SCHEMATHESIS_SEED" in os.environ else []
PHASES = "examples,coverage,fuzzing,stateful" if LONG_RUN else "examples,fuzzing,stateful"
"""The coverage phase has thousands of cases and takes minutes: it belongs to the long run."""
OWN_ID = 2_000_000_000
"""Of the user who asks: an admin's run removes and demotes the users whose ids it happens upon."""


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Thousands of lines of requests would hide a report; errors are kept."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    yield
    structlog.reset_defaults()


@contextmanager
def serving(database_url: str) -> Iterator[str]:
    """Origin of the service, on a port and an event loop of its own."""
    plenty = 1_000_000_000 // 10_000
    settings = make_settings(
        database_url,
        login_attempts_per_account=10_000,
        login_attempts_per_address=plenty,
        registrations_per_address=plenty,
        access_token_minutes=24 * 60,
        database_pool_size=20,
    )
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(create_app(settings), http=BoundedHttpProtocol, ws="none", log_config=None)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])))
        thread.start()
        while not server.started and thread.is_alive():
            time.sleep(0.01)
        assert server.started
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def add_user(database_url: str, role: str) -> None:
    async def insert() -> None:
        connection = await asyncpg.connect(database_url)
        await connection.execute(
            "INSERT INTO users (id, username, email, password_hash, role) VALUES ($1, $2, $2, '!', $2)", OWN_ID, role
        )
        await connection.close()

    asyncio.run(insert())


def run_schemathesis(origin: str, tmp_path: Path, *arguments: str) -> str:
    """Its report; fails the test where it found something."""
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIG), "run", f"{origin}/openapi.json"]
    options = ["--checks", "all", "--max-examples", EXAMPLES, "--no-color", *SEED, *arguments]
    done = subprocess.run([*command, *options], cwd=tmp_path, capture_output=True, text=True, check=False)
    print(done.stdout[-6000:])
    assert done.returncode == 0, done.stdout[-30_000:] + done.stderr
    return done.stdout


@pytest.mark.parametrize("role", ["viewer", "analyst", "admin"])
def test_the_service_keeps_its_openapi_document_for(role: str, database_url: str, tmp_path: Path) -> None:
    add_user(database_url, role)
    token = issue_access_token(TokenKey(SECRET, access_seconds=86_400), OWN_ID)
    bearer = f"Authorization: Bearer {token}"
    with serving(database_url) as origin:
        report = run_schemathesis(origin, tmp_path, "--header", bearer, "--phases", PHASES)
        me = httpx.get(f"{origin}/v1/auth/me", headers={"Authorization": f"Bearer {token}"})
        assert me.json()["role"] == role  # it was let in to the end
    assert cases(report) > 100


def test_the_service_keeps_its_openapi_document_for_a_stranger(database_url: str, tmp_path: Path) -> None:
    with serving(database_url) as origin:
        report = run_schemathesis(origin, tmp_path, "--phases", "examples,coverage" if LONG_RUN else "examples,fuzzing")
    assert cases(report) > 100


def cases(report: str) -> int:
    found = re.search(r"(\d+) generated", report)
    assert found, report
    return int(found[1])
