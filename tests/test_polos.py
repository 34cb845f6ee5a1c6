"""A polo's state: read from its name, or set by an admin; the same one wherever a state counts."""

from typing import Any

import asyncpg
import httpx
import pytest
from conftest import ClientAs
from fastapi import FastAPI
from load_client import load_file
from visits import store, visit

from logistics_indicators.indicators.calendar.business_days import city_of
from logistics_indicators.states import SEPARATORS, STATES, state_in_name

SP = [
    "SP - CAMPINAS",
    "sp - x",
    "SP-X",
    "SP  - X",
    "SP – X",
    "SP/SANTOS",
    "SP",
    "sp",
    "SP: X",
    "SP | X",
    "SP_X",
    "SP.X",
]
NONE = ["XX - LUA", "BR - SEDE", "CENTRO", "SPX - A", "SP CENTRO", "1 - SP", "ESPERANÇA", "SÃO PAULO", "S P - X", "-SP"]


@pytest.mark.parametrize("uf", STATES)
def test_every_state_is_read_before_every_separator_in_any_case(uf: str) -> None:
    assert len(STATES) == len(set(STATES)) == 27
    for separator in SEPARATORS:
        for blank in ("", " ", "  "):
            for name in (f"{uf}{blank}{separator}{blank}X", f"{uf.lower()}{blank}{separator}{blank}010"):
                assert state_in_name(name) == uf
                assert state_in_name(name.replace(uf, "XX").replace(uf.lower(), "br")) is None
    assert state_in_name(uf) == state_in_name(uf.lower()) == uf


def test_only_a_state_alone_or_before_a_separator_is_one() -> None:
    assert {state_in_name(name) for name in SP} == {"SP"}
    assert {state_in_name(name) for name in NONE} == {None}


def test_the_city_is_read_behind_every_separator() -> None:
    for separator in SEPARATORS:
        assert city_of(f"SE {separator} ARACAJU 010") == city_of(f"se{separator}ARACAJU") == "ARACAJU"


async def fill(client: httpx.AsyncClient, connection: asyncpg.Connection) -> dict[str, int]:
    """A visit on 9 July 2021, SP's holiday, at each polo; their ids by name."""
    await connection.execute("INSERT INTO customers (id, nome, email) VALUES (1, 'a', 'a@b.co')")
    dates = "2021-07-09;2021-07-09 10:00:00"
    rows = "".join(f"{i};1;Angel {i};{polo};{dates}\n" for i, polo in enumerate([*SP, *NONE], 1))
    load = await load_file(client, "services", rows)
    assert load["rows_rejected"] == 0
    return dict(await connection.fetch("SELECT name, id FROM polos"))


async def totals(client: httpx.AsyncClient, uf: str) -> dict[str, int]:
    """Visits that uf= finds, in each place where there is one."""

    async def get(path: str, **query: Any) -> Any:
        answer = await client.get(path, params={"uf": uf} | query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    exported = (await client.get("/v1/services", params={"uf": uf, "format": "csv"})).text
    by_uf = {
        row["uf"]: row["total_de_atendimentos"] for row in (await client.get("/v1/indicators/sla/uf")).json()["sla_uf"]
    }
    return {
        "list": len((await get("/v1/services", limit=1000))["atendimentos"]),
        "total": (await get("/v1/services/total"))["total"],
        "csv": len(exported.splitlines()) - 1,
        "sla": sum(row["total_de_atendimentos"] for row in (await get("/v1/indicators/sla/polo"))["sla_polo"]),
        "productivity": sum(
            row["total_de_atendimentos"] for row in (await get("/v1/indicators/productivity"))["produtividade"]
        ),
        "sla/uf": by_uf.get(uf, 0),
    }


async def test_uf_finds_exactly_the_polos_of_the_state_everywhere(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    await fill(client, connection)
    names = {" ".join(name.split()) for name in SP}
    assert set((await totals(client, "SP")).values()) == {len(SP)}
    for uf in ("AC", "SE", "TO"):
        assert set((await totals(client, uf)).values()) == {0}
    page = (await client.get("/v1/polos", params={"uf": "SP", "limit": 1000})).json()
    assert {polo["polo"] for polo in page["polos"]} == names
    sla = (await client.get("/v1/indicators/sla/uf")).json()["sla_uf"]
    assert {row["uf"]: row["total_de_atendimentos"] for row in sla} == {"SP": len(SP), None: len(NONE)}


async def test_a_load_warns_of_the_polos_without_a_state_until_one_is_set(
    client: httpx.AsyncClient, client_as: ClientAs, connection: asyncpg.Connection
) -> None:
    await connection.execute("INSERT INTO customers (id, nome, email) VALUES (1, 'a', 'a@b.co')")
    rows = "1;1;A;CENTRO;2021-07-09;\n2;1;A;XX - LUA;2021-07-09;\n3;1;A;SP/X;2021-07-09;\nx;1;A;NORTE;2021-07-09;\n"
    dry = await load_file(client, "services", rows, validate_only=True)
    load = await load_file(client, "services", rows)
    begin = "2 polos without a state, found by no uf: CENTRO, XX - LUA. "
    assert [load["warnings"][0][: len(begin)], dry["warnings"]] == [begin, load["warnings"]]
    admin = await client_as("admin")
    for polo in (await admin.get("/v1/polos", params={"sem_uf": "true"})).json()["polos"]:
        assert (await admin.put(f"/v1/polos/{polo['id']}", json={"uf": "RJ"})).status_code == 200
    again = await load_file(client, "services", rows)
    assert [warning for warning in again["warnings"] if "state" in warning] == []


async def test_an_admin_sets_a_state_and_every_figure_follows_at_once(
    client_as: ClientAs, client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    ids = await fill(client, connection)
    admin = await client_as("admin")
    figures = "/v1/indicators/productivity/polo?calendario=uf&start_date=2021-07-09&end_date=2021-07-09&polo=CENTRO"
    before = await admin.get(figures)
    assert before.json()["produtividade_polo"][0]["dias_uteis"] == 1
    answer = await admin.put(f"/v1/polos/{ids['CENTRO']}", json={"uf": "SP"})
    assert answer.json() == {"id": ids["CENTRO"], "polo": "CENTRO", "uf": "SP", "uf_fixada": True}
    after = await admin.get(figures, headers={"If-None-Match": before.headers["etag"]})
    assert after.status_code == 200
    assert after.json()["data_version"] > before.json()["data_version"]
    assert after.json()["produtividade_polo"][0]["dias_uteis"] == 0  # 9 July is SP's day
    assert set((await totals(client, "SP")).values()) == {len(SP) + 1}
    place = {"polo": "CENTRO", "day": "2021-07-12", "name": "Dia de Centro"}
    assert (await admin.post("/v1/calendar", json=place)).status_code == 201
    days = (await admin.get("/v1/calendar?ano=2021&uf=SP")).json()["calendario"]
    assert [day["polo"] for day in days if day["polo"]] == ["CENTRO"]
    back = await admin.put(f"/v1/polos/{ids['CENTRO']}", json={"uf": None})
    assert (back.json()["uf"], back.json()["uf_fixada"]) == (None, False)
    assert set((await totals(client, "SP")).values()) == {len(SP)}
    audit = (await admin.get("/v1/audit?action=polo_state_set")).json()["audit"]
    assert [entry["detail"] for entry in audit] == [
        {"polo": "CENTRO", "before": "SP", "after": "none"},
        {"polo": "CENTRO", "before": "none", "after": "SP"},
    ]


async def test_another_state_than_the_names_may_be_set_and_a_later_load_keeps_it(
    client_as: ClientAs, client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    ids = await fill(client, connection)
    admin = await client_as("admin")
    await admin.put(f"/v1/polos/{ids['SP/SANTOS']}", json={"uf": "RJ"})
    await load_file(client, "services", "99;1;A;SP/SANTOS;2021-07-09;2021-07-09 10:00\n")
    assert set((await totals(client, "RJ")).values()) == {2}
    assert set((await totals(client, "SP")).values()) == {len(SP) - 1}


async def test_a_state_that_is_set_already_changes_nothing(
    client_as: ClientAs, client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    ids = await fill(client, connection)
    admin = await client_as("admin")
    version = (await admin.get("/v1/indicators/sla/uf")).json()["data_version"]
    assert (await admin.put(f"/v1/polos/{ids['CENTRO']}", json={"uf": None})).status_code == 200
    assert (await admin.get("/v1/indicators/sla/uf")).json()["data_version"] == version
    assert (await admin.get("/v1/audit?action=polo_state_set")).json()["audit"] == []


@pytest.mark.parametrize("body", [{"uf": "XX"}, {"uf": "sp"}, {"uf": ""}, {}, {"uf": "SP", "polo": "X"}, {"uf": 1}])
async def test_what_is_no_state_of_brazil_is_422(client_as: ClientAs, body: dict[str, Any]) -> None:
    admin = await client_as("admin")
    assert (await admin.put("/v1/polos/1", json=body)).status_code == 422
    assert (await admin.put("/v1/polos/1", json={"uf": "SP"})).status_code == 404


@pytest.mark.parametrize("uf", ["XX", "BR", "sp", "Sp", "S", "SPA", ""])
async def test_a_filter_for_what_is_no_state_is_422_everywhere_and_names_the_states(
    app: FastAPI, client: httpx.AsyncClient, uf: str
) -> None:
    paths = [
        path
        for path, item in app.openapi()["paths"].items()
        if any(parameter["name"] == "uf" for parameter in item.get("get", {}).get("parameters", []))
    ]
    assert len(paths) > 15
    for path in paths:
        year = {"ano": "2021"} if path == "/v1/calendar" else {}
        answer = await client.get(path, params={"uf": uf} | year)
        assert answer.status_code == 422, path
        assert answer.json()["errors"][0]["loc"] == ["query", "uf"]
        assert "AC, AL, AM" in answer.json()["errors"][0]["msg"]
        assert (
            await client.get(path, params={"uf": "TO", "ano": "2021"} if "cal" in path else {"uf": "TO"})
        ).is_success


async def test_polos_are_paged(client: httpx.AsyncClient, connection: asyncpg.Connection) -> None:
    await store(connection, [visit("A", f"P {i}", "2021-07-09", None) for i in range(5)])
    names, path = [], "/v1/polos?limit=2"
    while path:
        page = (await client.get(path)).json()
        names += [polo["polo"] for polo in page["polos"]]
        path = page.get("proxima_pagina", "")
    assert sorted(names) == [f"P {i}" for i in range(5)]
    assert (await client.get("/v1/polos", params={"offset": 4})).json()["total_por_pagina"] == 1
