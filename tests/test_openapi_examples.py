"""Every example in the OpenAPI document was sent and answered: tests/story tells it again, and nothing may differ.

UPDATE_EXAMPLES=1 pytest tests/test_openapi_examples.py writes what is told now.
"""

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import asyncpg
import orjson
import pytest
from conftest import client_of, make_settings, running_app
from fastapi import FastAPI
from load_client import empty_tables
from story import refused, usual
from story.recording import ALWAYS, Recorder

import logistics_indicators.documentation
from logistics_indicators.app import create_app
from logistics_indicators.settings import Settings

FILE = Path(str(logistics_indicators.documentation.__file__)).with_name("examples.json")
PEOPLE = ("ana", "bia", "browser", "nobody")
NOT_ALWAYS = {"link"}
"""Only where a next page has rows."""


@pytest.fixture
async def app(database_url: str) -> AsyncIterator[FastAPI]:
    """Quick to lose patience, and merging nothing by itself."""
    settings = make_settings(
        database_url, body_seconds=0.5, login_attempts_per_account=3, rollup_fold_seconds=60, database_pool_size=10
    )
    async with running_app(settings) as running:
        yield running


@pytest.fixture
async def recorder(app: FastAPI) -> AsyncIterator[Recorder]:
    async with AsyncExitStack() as stack:
        clients = {name: await stack.enter_async_context(client_of(app)) for name in PEOPLE}
        yield Recorder(app.openapi(), clients)


async def test_the_story_is_told_as_the_document_has_it(
    app: FastAPI, recorder: Recorder, connection: asyncpg.Connection
) -> None:
    await usual.tell(recorder)
    await refused.tell(recorder, app)
    await empty_tables(connection)
    await recorder.ask("load_demo", "Into an empty service")
    assert headers_that_differ(recorder, app.openapi()) == []
    told = orjson.dumps(recorder.recorded(), option=orjson.OPT_INDENT_2) + b"\n"
    if "UPDATE_EXAMPLES" in os.environ:
        FILE.write_bytes(told)
    assert orjson.loads(told) == orjson.loads(FILE.read_bytes()), "UPDATE_EXAMPLES=1 writes the file anew"


def headers_that_differ(recorder: Recorder, document: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Sent and in no document, or in the document of a success and never sent."""
    found = []
    for (operation_id, status), sent in recorder.headers.items():
        method, path = recorder.routes[operation_id]
        responses = document["paths"][path][method.lower()]["responses"]
        documented = {name.lower() for name in responses.get(status, responses["default"])["headers"]}
        found += [(operation_id, status, f"not documented: {name}") for name in sent - documented - ALWAYS]
        if status.startswith("2"):
            found += [(operation_id, status, f"never sent: {name}") for name in documented - sent - ALWAYS - NOT_ALWAYS]
    return found


def test_every_body_and_every_answer_has_an_example(document: dict[str, Any]) -> None:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            where = f"{method} {path}"
            for media in operation.get("requestBody", {}).get("content", {}).values():
                assert media.get("examples"), where
            for status, response in operation["responses"].items():
                for media in response.get("content", {}).values():
                    assert media.get("examples") or media.get("example"), (where, status)


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    found: dict[str, Any] = create_app(Settings()).openapi()
    return found
