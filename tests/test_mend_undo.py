"""Mends and undo together: what is undone leaves its rejects as they were before it."""

import asyncpg
import httpx
import pytest
from conftest import ClientAs
from load_client import Report, assert_indicators_are_exact, counts, load_file
from mending import VISITS, lines, mended, tracked
from test_load_undo import undo

ROWS = VISITS + "1;1;Ana;SP - X;A DEFINIR;-\n2;9;Ana;SP - X;A DEFINIR;-\n3;1;Ana;SP - X;?;-\n"
SET_DATE = {"rule": {"where": {"value": "A DEFINIR"}, "set": {"data_limite": "2021-06-30"}}}


@pytest.fixture
async def admin(client_as: ClientAs) -> httpx.AsyncClient:
    admin = await client_as("admin")
    await load_file(admin, "customers", "1;Ana;ana@mail.com;\n")
    return admin


async def cells(client: httpx.AsyncClient, load: Report) -> dict[int, tuple[str, str, str]]:
    """Of the open rejects, by line."""
    return {r["line"]: (r["reason"], r["value"], r["row"]) for r in await tracked(client, load)}


async def test_the_undo_of_a_mend_reopens_what_it_took_and_what_it_left_as_they_were_before_it(
    admin: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    load = await load_file(admin, "services", ROWS)
    sent = await cells(admin, load)
    first = await mended(admin, load, SET_DATE)
    assert counts(first) == (2, 1, 0, 0, 1)
    after_first = await cells(admin, load)
    assert after_first == {3: ("unknown_customer", "9", "2;9;Ana;SP - X;2021-06-30;-"), 4: sent[4]}

    second = await mended(admin, load, {"edits": {"3": {"id_cliente": 8}, "4": {"data_limite": "2021-07-01"}}})
    assert (await cells(admin, load)).keys() == {3}
    assert (await undo(admin, second)).status_code == 200
    assert await cells(admin, load) == after_first
    assert (await undo(admin, first)).status_code == 200
    assert await cells(admin, load) == sent
    assert counts(await mended(admin, load, SET_DATE)) == (2, 1, 0, 0, 1)
    await assert_indicators_are_exact(admin, connection)


async def test_the_undo_of_an_earlier_mend_leaves_what_a_later_one_made_of_its_rows(admin: httpx.AsyncClient) -> None:
    load = await load_file(admin, "services", ROWS)
    sent = await cells(admin, load)
    first = await mended(admin, load, SET_DATE)
    second = await mended(admin, load, {"edits": {"3": {"id_cliente": 8}}})
    left = (await cells(admin, load))[3]
    assert left == ("unknown_customer", "8", "2;8;Ana;SP - X;2021-06-30;-")
    assert (await undo(admin, first)).status_code == 200
    assert await cells(admin, load) == {2: sent[2], 3: left, 4: sent[4]}
    assert (await undo(admin, second)).status_code == 200
    assert await cells(admin, load) == sent


async def test_a_row_that_a_later_mend_took_is_open_as_it_was_sent_once_both_are_undone(
    admin: httpx.AsyncClient,
) -> None:
    load = await load_file(admin, "services", ROWS)
    sent = await cells(admin, load)
    first = await mended(admin, load, SET_DATE)
    second = await mended(admin, load, {"edits": {"3": {"id_cliente": 1}}})
    assert counts(second) == (1, 1, 0, 0, 0)
    assert (await undo(admin, first)).status_code == 200
    assert await lines(admin, load, "mended") == [3]
    assert (await undo(admin, second)).status_code == 200
    assert await cells(admin, load) == sent


async def test_a_mend_that_fails_leaves_its_rows_as_they_were(
    admin: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    load = await load_file(admin, "services", ROWS)
    sent = await cells(admin, load)
    await connection.execute(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$;"
        "CREATE TRIGGER refuse BEFORE UPDATE OF status ON loads FOR EACH ROW WHEN (NEW.status = 'completed')"
        " EXECUTE FUNCTION refuse()"
    )
    mend = await mended(admin, load, SET_DATE)
    assert mend["status"] == "failed"
    assert await cells(admin, load) == sent
