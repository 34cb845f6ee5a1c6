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
from test_authorisation import PUBLIC, ROLES, RULES
from tus import BYTES, RESUMABLE, metadata

from logistics_indicators.accounts.passwords import hash_password
from logistics_indicators.accounts.tokens import TokenKey, issue_access_token
from logistics_indicators.app import create_app
from logistics_indicators.listening.protocol import BoundedHttpProtocol
from logistics_indicators.live import routes as live

CONFIG = Path(__file__).with_name("schemathesis.toml")
HOOKS = Path(__file__).with_name("schemathesis_hooks.py")
CUSTOMERS = "id;nome;email;telefone\n900001;Rui;rui@example.com;\n"
CUSTOMERS_TOO = "id;nome;email;telefone\n900002;Lia;lia@example.com;\n"
VISITS = "id;id_cliente;angel;polo;data_limite;data_de_atendimento\n1;900001;Íris;CE - A;30/06/2021;29/06/2021\n"
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


async def hand_over(database_url: str, upload_id: str) -> None:
    connection = await asyncpg.connect(database_url)
    await connection.execute("UPDATE uploads SET user_id = $1 WHERE id = $2", OWN_ID, upload_id)
    await connection.close()


# A stranger has no account that could have one.
HAND_OVER_TOKEN = "UPDATE api_tokens SET user_id = $1 WHERE id = $2 AND EXISTS (SELECT FROM users WHERE id = $1)"


async def give_token(database_url: str, token_id: int) -> None:
    connection = await asyncpg.connect(database_url)
    await connection.execute(HAND_OVER_TOKEN, OWN_ID, token_id)
    await connection.close()


HAND_OVER_LOAD = "UPDATE loads SET user_id = $1 WHERE id = $2 AND EXISTS (SELECT FROM users WHERE id = $1)"


async def number_loads_from(database_url: str, number: int) -> None:
    """The document's own examples name small ids: what they undo or confirm is to be none of ours."""
    connection = await asyncpg.connect(database_url)
    await connection.execute("SELECT setval(pg_get_serial_sequence('loads', 'id'), $1)", number)
    await connection.close()


async def give_load(database_url: str, load_id: int) -> None:
    connection = await asyncpg.connect(database_url)
    await connection.execute(HAND_OVER_LOAD, OWN_ID, load_id)
    await connection.close()


def examples_that_succeed(database_url: str, origin: str) -> dict[str, dict[str, Any]]:
    """By operationId, a request that must succeed, with what it needs already stored."""
    token = add_user(database_url, OWN_ID + 1, "who stored it", "admin")
    asyncio.run(number_loads_from(database_url, 1_000))
    with httpx.Client(base_url=f"{origin}/v1", headers={"Authorization": f"Bearer {token}"}) as client:

        def made(path: str, body: object) -> Any:
            answer = client.post(path, json=body)
            assert answer.is_success, answer.text
            return answer.json()

        def user(name: str) -> int:
            body = {"username": name, "email": f"{name}@example.com", "password": PASSWORD}
            return int(made("/users", body)["id"])

        def refresh_token(name: str) -> str:
            return str(made("/auth/login", {"username": name, "password": PASSWORD})["refresh_token"])

        def customer(number: int) -> int:
            return int(made("/customers", {"nome": "Íris", "email": f"c{number}@example.com"})["id"])

        def load(kind: str, text: str, **query: Any) -> int:
            headers = {"Content-Type": "text/csv"}
            answer = client.post(f"/{kind}/batch", content=text, headers=headers, params=query)
            assert answer.is_success, answer.text
            load_id = int(answer.json()["load"]["id"])
            while (found := client.get(f"/loads/{load_id}").json())["status"] in ("received", "loading"):
                time.sleep(0.05)
            assert found["status"] == "completed", found
            return load_id

        def token_of_user() -> int:
            made_so = client.post("/tokens", json={"name": "to be revoked"})
            assert made_so.status_code == 201, made_so.text
            asyncio.run(give_token(database_url, made_so.json()["id"]))
            return int(made_so.json()["id"])

        def upload() -> dict[str, str]:
            """The id of one that the user who asks has begun."""
            headers = RESUMABLE | {"Upload-Length": str(len(CUSTOMERS))} | metadata(kind="customers")
            answer = client.post("/uploads", headers=headers)
            assert answer.status_code == 201, answer.text
            asyncio.run(hand_over(database_url, answer.json()["id"]))
            return {"upload_id": answer.json()["id"]}

        for name in ("kept", "gone"):
            made_so = client.put(f"/presets/{name}", json={"kind": "customers"})
            assert made_so.status_code == 200, made_so.text
        kept, gone = customer(1), customer(2)
        visit = {"id_cliente": kept, "angel": "Íris", "polo": "CE - A", "data_limite": "2021-06-30"}
        service_id = made("/services", visit | {"data_de_atendimento": "2021-06-29T10:15:27"})["id"]
        with_reject = load("customers", CUSTOMERS + "x;Ana;a@example.com;\n")
        tried, looked_at, undone = (load("customers", CUSTOMERS_TOO, validate_only=True) for _ in range(3))
        asyncio.run(give_load(database_url, undone))
        day = made("/calendar", {"uf": "CE", "day": "2021-06-29", "name": "A day"})["id"]
        users = {name: user(name) for name in ("ana", "bea", "caio", "davi", "eva", "fabio")}
        return {
            "register": {"body": {"username": "gil", "email": "gil@example.com", "password": PASSWORD}},
            "login": {"body": {"username": "ana", "password": PASSWORD}, "media_type": "application/json"},
            "refresh": {"body": {"refresh_token": refresh_token("ana")}},
            "logout": {"body": {"refresh_token": refresh_token("ana")}},
            "open_session": {"body": {"username": "ana", "password": PASSWORD}},
            "refresh_session": {"cookies": {"refresh_token": refresh_token("ana")}},
            "end_session": {"cookies": {"refresh_token": refresh_token("ana")}},
            "change_password": {"body": {"current_password": PASSWORD, "new_password": PASSWORD + " again"}},
            "reset_password": {
                "body": {
                    "reset_token": made(f"/users/{users['bea']}/password-reset", None)["reset_token"],
                    "new_password": PASSWORD + " again",
                }
            },
            "create_user": {"body": {"username": "hugo", "email": "hugo@example.com", "password": PASSWORD}},
            "get_user": {"path_parameters": {"user_id": users["caio"]}},
            "change_user": {"path_parameters": {"user_id": users["davi"]}, "body": {"active": False}},
            "delete_user": {"path_parameters": {"user_id": users["eva"]}},
            "issue_password_reset": {"path_parameters": {"user_id": users["fabio"]}},
            "create_token": {"body": {"name": "a scheduler", "scopes": ["read"]}},
            "revoke_token": {"path_parameters": {"token_id": token_of_user()}},
            "create_customer": {"body": {"nome": "Íris", "email": "c3@example.com"}},
            "get_customer": {"path_parameters": {"customer_id": kept}},
            "replace_customer": {
                "path_parameters": {"customer_id": kept},
                "body": {"nome": "Íris", "email": "c4@example.com"},
            },
            "delete_customer": {"path_parameters": {"customer_id": gone}},
            "create_service": {"body": visit},
            "get_service": {"path_parameters": {"service_id": service_id}},
            "replace_service": {"path_parameters": {"service_id": service_id}, "body": visit},
            "load_customers": {"body": {"file": CUSTOMERS}, "media_type": "multipart/form-data"},
            "load_services": {"body": {"file": VISITS}, "media_type": "multipart/form-data"},
            "keep_preset": {"path_parameters": {"name": "another"}, "body": {"kind": "customers"}},
            "get_preset": {"path_parameters": {"name": "kept"}},
            "delete_preset": {"path_parameters": {"name": "gone"}},
            "create_upload": {"headers": RESUMABLE | {"Upload-Length": "9"} | metadata(kind="customers")},
            "ask_upload": {"path_parameters": upload()},
            "get_upload": {"path_parameters": upload()},
            "end_upload": {"path_parameters": upload(), "headers": RESUMABLE},
            "append_to_upload": {
                "path_parameters": upload(),
                "headers": RESUMABLE | {"Upload-Offset": "0"},
                "body": CUSTOMERS,
                "media_type": BYTES["Content-Type"],
            },
            "get_load": {"path_parameters": {"load_id": with_reject}},
            "list_rejects": {"path_parameters": {"load_id": with_reject}},
            "preview_load": {"path_parameters": {"load_id": looked_at}},
            "confirm_load": {"path_parameters": {"load_id": tried}},
            "mend_load": {"path_parameters": {"load_id": with_reject}, "body": {"edits": {"3": {}}}},
            "watch_load": {"path_parameters": {"load_id": with_reject}},
            "list_waiting": {"path_parameters": {"load_id": with_reject}},
            "cancel_waiting": {"path_parameters": {"load_id": with_reject}},
            "undo_load": {"path_parameters": {"load_id": undone}},
            "list_calendar": {"query": {"ano": 2021}},
            "create_calendar_day": {"body": {"uf": "CE", "day": "2021-07-01", "name": "Another day"}},
            "delete_calendar_day": {"path_parameters": {"day_id": day}},
            "change_indicator_settings": {"body": {"optional_days": ["carnaval"]}},
        }


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
