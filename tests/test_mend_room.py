"""What mends may read of a load's rejects, and what they may leave of them."""

from typing import Any

import asyncpg
import httpx
import pytest
from load_client import client_with, counts, load_file
from mending import HEADER, ask, lines, mended

from logistics_indicators.loads import rejects
from logistics_indicators.loads.mending import mend

BOUND = 128 * 1024
SMALL = HEADER + "".join(f"{n};;a@b;\n" for n in range(1, 101))
LONG_NAME = "\U0001f600" * 1000
"""4,000 bytes."""

LONG = {"nome": LONG_NAME}


def edits(first: int, last: int) -> dict[str, Any]:
    return {"edits": {str(line): LONG for line in range(first, last + 1)}}


async def left_by_mends(connection: asyncpg.Connection) -> int:
    return int(await connection.fetchval("SELECT COALESCE(sum(octet_length(now_row)), 0) FROM load_rejects"))


async def test_mends_leave_no_more_than_is_kept_of_a_load(connection: asyncpg.Connection, database_url: str) -> None:
    async with client_with(connection, database_url, load_rejects_bytes=BOUND) as client:
        load = await load_file(client, "customers", SMALL)
        by_rule = {"rule": {"where": {"column": "nome"}, "set": LONG}}
        for only_tried in (False, True):
            refused = await ask(client, load, by_rule, validate_only=only_tried)
            assert (refused.status_code, "LOAD_REJECTS_BYTES" in refused.json()["detail"]) == (422, True), refused.text
        assert await connection.fetchval("SELECT count(*) FROM loads") == 1
        assert counts(await mended(client, load, edits(2, 16))) == (15, 0, 0, 0, 15)
        assert (await ask(client, load, edits(17, 40))).status_code == 422
        assert counts(await mended(client, load, edits(2, 16))) == (15, 0, 0, 0, 15)
        assert counts(await mended(client, load, {"edits": {"17": {"nome": "Rui"}}})) == (1, 0, 0, 0, 1)
        assert 60_000 < await left_by_mends(connection) < BOUND
        assert await lines(client, load) == list(range(2, 102))


async def test_what_mends_leave_counts_among_what_is_kept_for_a_user(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    """The mends of the older load have taken its room: the rejects of the newest stay, and of mends the last."""
    load = await load_file(client, "customers", SMALL)
    await mended(client, load, edits(2, 16))
    await connection.execute("UPDATE loads SET rejects_bytes = 0 WHERE mends IS NOT NULL")
    newest = await load_file(client, "customers", SMALL)
    await rejects.make_room(connection, 70_000)
    assert len(await lines(client, load)) == 100
    await rejects.make_room(connection, 50_000)
    assert (await lines(client, load), len(await lines(client, newest))) == ([], 100)


async def test_rows_that_are_more_than_a_mend_may_have_are_not_read(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = await load_file(client, "customers", HEADER + "".join(f"{n};;{'a' * 1000};\n" for n in range(1, 21)))
    group = {"column": "nome"}
    monkeypatch.setattr(mend, "MOST_BYTES", 10_000)
    with monkeypatch.context() as patched:
        patched.setattr(mend, "_planned", lambda *_: pytest.fail("the rows were read"))
        bodies: list[dict[str, Any]] = [
            {"rule": {"where": group, "set": {}}},
            {"edits": {str(n): {} for n in range(2, 22)}},
        ]
        for body in bodies:
            refused = await ask(client, load, body)
            assert (refused.status_code, "10000 bytes" in refused.json()["detail"]) == (422, True), refused.text
    dropped = await ask(client, load, {"rule": {"where": group, "drop": True}})
    assert (dropped.status_code, dropped.json()["dropped"]) == (200, 20)


async def test_cells_of_many_lines_have_a_bound_of_their_own(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = await load_file(client, "customers", SMALL)
    monkeypatch.setattr(mend, "MOST_TEXT_LINES", 1000)
    refused = await ask(client, load, {"rule": {"where": {"column": "nome"}, "set": {"nome": "a\n" * 20}}})
    assert (refused.status_code, "line ends" in refused.json()["detail"]) == (422, True), refused.text
