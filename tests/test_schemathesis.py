"""schemathesis over the whole OpenAPI document, as each role and as nobody, every check.

SCHEMATHESIS_EXAMPLES raises the number of examples for each operation (the suite takes 2), and SCHEMATHESIS_SEED
chooses others (the suite's are always the same). A long run by hand:

    SCHEMATHESIS_EXAMPLES=200 SCHEMATHESIS_SEED=$RANDOM scripts/test tests/test_schemathesis.py -s
"""

import asyncio
import json
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
from typing import Any

import asyncpg
import httpx
import pytest
import structlog
import uvicorn
from command_line import PASSWORD
from conftest import SECRET, make_settings
from requests_that_succeed import Requests, Store, requests_that_succeed
from test_authorisation import PUBLIC, ROLES, RULES

from logistics_indicators.accounts.passwords import hash_password
from logistics_indicators.accounts.tokens import TokenKey, issue_access_token
from logistics_indicators.app import create_app
from logistics_indicators.listening.protocol import BoundedHttpProtocol
from logistics_indicators.live import routes as live

CONFIG = Path(__file__).with_name("schemathesis.toml")
HOOKS = Path(__file__).with_name("schemathesis_hooks.py")
EXAMPLES = os.environ.get("SCHEMATHESIS_EXAMPLES", "2")
LONG_RUN = "SCHEMATHESIS_EXAMPLES" in os.environ
SEED = os.environ.get("SCHEMATHESIS_SEED", "1")
PHASES = "examples,coverage,fuzzing,stateful" if LONG_RUN else "examples,fuzzing,stateful"
"""The coverage phase has thousands of cases and takes minutes: it belongs to the long run."""
FOR_AN_EMPTY_SERVICE = {"load_demo"}
"""See test_first_run.py."""

OWN_ID = 2_000_000_000
"""Of the user who asks: an admin's run removes and demotes the users whose ids it happens upon."""


@pytest.fixture(autouse=True)
def _short_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer has to end to be judged."""
    monkeypatch.setattr(live, "HARD_STOP_SECONDS", 0.1)


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


def add_user(database_url: str, user_id: int, name: str, role: str) -> str:
    """The new user's access token."""

    async def insert() -> None:
        connection = await asyncpg.connect(database_url)
        await connection.execute(
            "INSERT INTO users (id, username, email, password_hash, role) VALUES ($1, $2, $3, $4, $5)",
            *(user_id, name, f"user{user_id}@example.com", await hash_password(PASSWORD), role),
        )
        await connection.close()

    asyncio.run(insert())
    return issue_access_token(TokenKey(SECRET, access_seconds=86_400), user_id)


def examples_that_succeed(database_url: str, origin: str) -> Requests:
    token = add_user(database_url, OWN_ID + 1, "who stored it", "admin")
    with httpx.Client(base_url=f"{origin}/v1", headers={"Authorization": f"Bearer {token}"}) as client:
        return requests_that_succeed(Store(client, database_url, OWN_ID))


def run_schemathesis(origin: str, tmp_path: Path, examples: dict[str, dict[str, Any]], *arguments: str) -> str:
    """Its report; fails the test where it found something."""
    (tmp_path / "examples.json").write_text(json.dumps(examples))
    environment = os.environ | {
        "SCHEMATHESIS_HOOKS": str(HOOKS),
        "EXAMPLES": str(tmp_path / "examples.json"),
        "SUCCEEDED": str(tmp_path / "succeeded"),
        "OWN_ID": str(OWN_ID),
    }
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIG), "run", f"{origin}/openapi.json"]
    options = ["--checks", "all", "--max-examples", EXAMPLES, "--no-color", "--seed", SEED, *arguments]
    done = subprocess.run(
        [*command, *options], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    print(done.stdout[-6000:])
    assert done.returncode == 0, done.stdout[-30_000:] + done.stderr
    return done.stdout


@pytest.mark.parametrize("role", ["viewer", "analyst", "admin"])
def test_the_service_keeps_its_openapi_document_for(role: str, database_url: str, tmp_path: Path) -> None:
    token = add_user(database_url, OWN_ID, role, role)
    with serving(database_url) as origin:
        examples = every_operation(origin) | examples_that_succeed(database_url, origin)
        bearer = f"Authorization: Bearer {token}"
        report = run_schemathesis(origin, tmp_path, examples, "--header", bearer, "--phases", PHASES)
        me = httpx.get(f"{origin}/v1/auth/me", headers={"Authorization": f"Bearer {token}"})
        assert me.json()["role"] == role  # it was let in to the end
        assert sorted(allowed(origin, role) - succeeded(tmp_path)) == []
    assert cases(report) > 100


def test_the_service_keeps_its_openapi_document_for_a_stranger(database_url: str, tmp_path: Path) -> None:
    with serving(database_url) as origin:
        examples = every_operation(origin) | examples_that_succeed(database_url, origin)
        phases = "examples,coverage" if LONG_RUN else "examples,fuzzing"
        report = run_schemathesis(origin, tmp_path, examples, "--phases", phases)
        assert sorted(allowed(origin, PUBLIC) - succeeded(tmp_path)) == []
    assert cases(report) > 100


def operation_ids(origin: str) -> dict[str, str]:
    """By method and path."""
    paths = httpx.get(f"{origin}/openapi.json", timeout=60).json()["paths"]  # its first making takes a while
    return {f"{m.upper()} {path}": o["operationId"] for path, item in paths.items() for m, o in item.items()}


def every_operation(origin: str) -> dict[str, dict[str, Any]]:
    """Each asked for with nothing: what has no required parameter and no body answers that."""
    return {operation_id: {} for name, operation_id in operation_ids(origin).items() if "{" not in name}


def allowed(origin: str, role: str) -> set[str]:
    """The operations of which the role must have seen a success; those that are public are the stranger's."""
    roles = {PUBLIC} if role == PUBLIC else set(ROLES[: ROLES.index(role) + 1])
    found = {operation_id for name, operation_id in operation_ids(origin).items() if RULES[name] in roles}
    return found - FOR_AN_EMPTY_SERVICE


def succeeded(tmp_path: Path) -> set[str]:
    return set((tmp_path / "succeeded").read_text().split())


def cases(report: str) -> int:
    found = re.search(r"(\d+) generated", report)
    assert found, report
    return int(found[1])
