"""Visits that wait among the rejects of all loads, and mends whose visits wait."""

from typing import Any

import httpx
import pytest
from conftest import ClientAs
from load_client import Report, assert_indicators_are_exact, counts, load_file
from mending import VISITS, ask, lines, mended, tracked
from test_load_undo import undo, visits
from test_load_waiting import customers, settled, wait_with

NO_DATE = VISITS + "".join(f"{n};{customer};Ana;CE - X;A DEFINIR;-\n" for n, customer in ((1, 1), (2, 7), (3, 8)))
SET_DATE = {"rule": {"where": {"value": "A DEFINIR"}, "set": {"data_limite": "2021-06-30"}}}


@pytest.fixture
async def admin(client_as: ClientAs) -> httpx.AsyncClient:
    admin = await client_as("admin")
    await load_file(admin, "customers", "1;Iris;iris@mail.com;\n")
    return admin


async def listed(client: httpx.AsyncClient, **query: Any) -> list[tuple[int, int, str, str | None]]:
    """(load, line, state, value) over all pages."""
    found: list[tuple[int, int, str, str | None]] = []
    url: str | None = str(httpx.URL("/v1/rejects", params={"limit": 2} | query))
    while url:
        page = (await client.get(url)).json()
        found += [(r["load"], r["line"], r["state"], r["value"]) for r in page["rejects"]]
        url = page.get("proxima_pagina")
    return found


async def test_visits_that_wait_are_listed_and_counted_beside_the_rejects(admin: httpx.AsyncClient) -> None:
    one = await wait_with(admin, visits(1, 1, customer=7) + "x\n" + visits(2, 3, customer=8))
    two = await wait_with(admin, visits(4, 5) + visits(6, 6, customer=7))
    waiting = [(one["id"], 1, "waiting", "7"), (one["id"], 3, "waiting", "8"), (one["id"], 4, "waiting", "8")]
    assert sorted(await listed(admin, state="waiting")) == [*waiting, (two["id"], 3, "waiting", "7")]
    assert await listed(admin, state="waiting", load=two["id"]) == [(two["id"], 3, "waiting", "7")]
    assert len(await listed(admin, state="waiting", value="7", column="id_cliente")) == 2
    assert await listed(admin, state="waiting", kind="customers") == []
    assert await listed(admin) == [(one["id"], 2, "open", None)]
    assert sorted(await listed(admin, state="all", load=one["id"])) == sorted([*waiting, (one["id"], 2, "open", None)])
    counted = (await admin.get("/v1/rejects/counts?state=waiting")).json()
    assert (counted["rows"], counted["groups"]) == (4, 2)
    assert {(group["reason"], group["value"], group["rows"]) for group in counted["counts"]} == {
        ("unknown_customer", "7", 2),
        ("unknown_customer", "8", 2),
    }
    exported = (await admin.get("/v1/rejects?state=waiting&format=csv")).text
    assert exported.count("waiting") == 4

    await load_file(admin, "customers", customers(7))
    await settled(admin, one, 2)
    await settled(admin, two)
    assert sorted(await listed(admin, state="waiting")) == waiting[1:]
    await admin.delete(f"/v1/loads/{one['id']}/waiting")
    assert await listed(admin, state="waiting") == []
    assert sorted(await listed(admin)) == [
        (one["id"], line, "open", value) for line, value in ((2, None), (3, "8"), (4, "8"))
    ]


async def test_a_mend_lets_its_visits_wait_and_they_are_mended_once_their_customer_comes(
    admin: httpx.AsyncClient, connection: Any
) -> None:
    load = await load_file(admin, "services", NO_DATE)
    mend = await mended(admin, load, SET_DATE, unknown_customer="wait")
    assert (mend["unknown_customer"], mend["rows_waiting"], counts(mend)) == ("wait", 2, (3, 1, 0, 0, 0))
    assert [await lines(admin, load, state) for state in ("open", "mended", "waiting")] == [[], [2], [3, 4]]
    (first, _) = await tracked(admin, load, "waiting")
    assert (first["reason"], first["value"], first["row"]) == ("unknown_customer", "7", "2;7;Ana;CE - X;2021-06-30;-")
    assert (first["last_mend"], first["mended_by"], first["settled_at"]) == (mend["id"], None, None)
    assert await listed(admin, load=mend["id"], state="all") == []

    refused = await ask(admin, load, {"drops": [3]})
    assert (refused.status_code, "waits for its customer" in refused.json()["errors"][0]["msg"]) == (409, True)
    await load_file(admin, "customers", customers(7))
    assert counts(await settled(admin, mend, 1)) == (3, 2, 0, 0, 0)
    assert [await lines(admin, load, state) for state in ("open", "mended", "waiting")] == [[], [2, 3], [4]]
    await assert_indicators_are_exact(admin, connection)


async def test_what_waited_for_a_mend_and_is_rejected_in_the_end_is_open_again(admin: httpx.AsyncClient) -> None:
    load = await load_file(admin, "services", NO_DATE)
    mend = await mended(admin, load, SET_DATE, unknown_customer="wait")
    await load_file(admin, "services", visits(3, 3, "Rui"))
    await load_file(admin, "customers", customers(8))
    await settled(admin, mend, 1)
    assert [(r["line"], r["reason"]) for r in await tracked(admin, load)] == [(4, "duplicate_id")]
    await admin.delete(f"/v1/loads/{mend['id']}/waiting")
    found = [(r["line"], r["reason"], r["value"], r["row"]) for r in await tracked(admin, load)]
    assert found[0] == (3, "unknown_customer", "7", "2;7;Ana;CE - X;2021-06-30;-")
    assert [await lines(admin, load, state) for state in ("mended", "waiting")] == [[2], []]
    again = await mended(admin, load, {"edits": {"3": {"id_cliente": 1}}})
    assert counts(again) == (1, 1, 0, 0, 0)


async def test_the_undo_of_a_mend_forgets_what_waits_for_it(admin: httpx.AsyncClient, connection: Any) -> None:
    load = await load_file(admin, "services", NO_DATE)
    before = await tracked(admin, load)
    mend = await mended(admin, load, SET_DATE, unknown_customer="wait")
    assert (await undo(admin, mend)).status_code == 200
    reopened = [reject | {"last_mend": None} for reject in await tracked(admin, load)]
    assert reopened == before
    await load_file(admin, "customers", customers(7, 8))
    assert await lines(admin, load) == [2, 3, 4]
    await assert_indicators_are_exact(admin, connection)


async def test_a_dry_mend_says_how_many_would_wait_and_without_the_word_they_stay_open(
    admin: httpx.AsyncClient,
) -> None:
    load = await load_file(admin, "services", NO_DATE)
    dry = await mended(admin, load, SET_DATE, unknown_customer="wait", validate_only=True)
    assert (dry["rows_waiting"], counts(dry)) == (2, (3, 1, 0, 0, 0))
    assert await lines(admin, load) == [2, 3, 4]
    mend: Report = await mended(admin, load, SET_DATE)
    assert (mend["rows_waiting"], counts(mend)) == (0, (3, 1, 0, 0, 2))
    assert await lines(admin, load) == [3, 4]


async def test_customers_wait_for_nobody_when_they_are_mended_either(admin: httpx.AsyncClient) -> None:
    load = await load_file(admin, "customers", "id;nome;email\n5;Bia;nobody\n")
    body = {"edits": {"2": {"email": "bia@mail.com"}}}
    assert (await ask(admin, load, body, unknown_customer="wait")).status_code == 422
    assert counts(await mended(admin, load, body)) == (1, 1, 0, 0, 0)
