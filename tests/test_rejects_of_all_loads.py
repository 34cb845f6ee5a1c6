"""GET /v1/rejects: what was not taken of any load, by filter, in pages, counted and as files."""

import csv
import io
from typing import Any

import asyncpg
import httpx
import openpyxl
import pytest
from conftest import ClientAs
from load_client import load_file

HEADER = "id;nome;email;telefone\n"
VISITS = "id;id_cliente;angel;polo;data_limite;data_de_atendimento\n"


async def rejects(client: httpx.AsyncClient, **query: Any) -> list[dict[str, Any]]:
    answer = await client.get("/v1/rejects", params={"limit": 1000} | query)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["rejects"])


async def places(client: httpx.AsyncClient, **query: Any) -> list[tuple[int, int]]:
    """(load, line)"""
    return [(reject["load"], reject["line"]) for reject in await rejects(client, **query)]


@pytest.fixture
async def loads(client: httpx.AsyncClient) -> tuple[int, int]:
    """Ids of a load of customers, rejects in lines 3 and 4, and one of visits, in lines 2, 3 and 5."""
    customers = HEADER + "1;Ana;ana@mail.com;\n2;Bia;nobody;1\n3;Caio\n"
    first = await load_file(client, "customers", customers)
    visits = VISITS + "1;1;A;SP - X;A DEFINIR;-\n2;9;A;SP - X;2021-06-30;-\n3;1;A;SP - X;2021-06-30;-\n"
    second = await load_file(client, "services", visits + "4;1;A;SP - X;A DEFINIR;-\n")
    return first["id"], second["id"]


async def test_rejects_of_all_loads_are_listed_with_what_is_wrong(
    client: httpx.AsyncClient, loads: tuple[int, int]
) -> None:
    first, second = loads
    found = await rejects(client)
    assert [(r["load"], r["kind"], r["line"], r["column"], r["reason"], r["value"], r["row"]) for r in found] == [
        (first, "customers", 3, "email", "invalid_email", "nobody", "2;Bia;nobody;1"),
        (first, "customers", 4, "email", "missing_column", None, "3;Caio"),
        (second, "services", 2, "data_limite", "invalid_date", "A DEFINIR", "1;1;A;SP - X;A DEFINIR;-"),
        (second, "services", 3, "id_cliente", "unknown_customer", "9", "2;9;A;SP - X;2021-06-30;-"),
        (second, "services", 5, "data_limite", "invalid_date", "A DEFINIR", "4;1;A;SP - X;A DEFINIR;-"),
    ]
    untouched = {"state": "open", "mended_by": None, "last_mend": None, "dropped_by": None, "settled_at": None}
    assert all(untouched.items() <= reject.items() for reject in found)


async def test_the_cells_of_a_reject_are_those_of_the_files_own_columns(client: httpx.AsyncClient) -> None:
    content = 'Nome,obs,E-mail,Codigo\n"Silva, Bia",x,nobody,7\n"left open,x,caio@mail.com,8\n'
    await load_file(client, "customers", content, columns="id:Codigo")
    await load_file(client, "customers", HEADER + "3;Caio\n")
    cells = [reject["cells"] for reject in await rejects(client, cells=True)]
    assert cells[0] == {"nome": "Silva, Bia", "email": "nobody", "id": "7"}
    assert list(cells[0]) == ["nome", "email", "id"]
    assert cells[-1] == {"id": "3", "nome": "Caio", "email": None, "telefone": None}
    assert "cells" not in (await rejects(client))[0]


async def test_each_filter_leaves_what_it_names(client: httpx.AsyncClient, loads: tuple[int, int]) -> None:
    first, second = loads
    assert await places(client, load=first) == [(first, 3), (first, 4)]
    assert await places(client, kind="services") == [(second, 2), (second, 3), (second, 5)]
    assert await places(client, reason="missing_column") == [(first, 4)]
    assert await places(client, column="id_cliente") == [(second, 3)]
    assert await places(client, value="A DEFINIR") == [(second, 2), (second, 5)]
    assert await places(client, value="a definir") == []
    assert await places(client, kind="services", reason="invalid_date", load=first) == []
    assert await places(client, state="mended") == await places(client, state="dropped") == []
    assert len(await places(client, state="all")) == 5


@pytest.mark.parametrize(
    "query", [{"colunm": "email"}, {"column": "e-mail"}, {"column": "hub"}, {"reason": "ugly"}, {"state": "lost"}]
)
async def test_a_filter_that_is_not_known_is_told_so(client: httpx.AsyncClient, query: dict[str, str]) -> None:
    assert (await client.get("/v1/rejects", params=query)).status_code == 422
    assert (await client.get("/v1/rejects/counts", params=query)).status_code == 422


async def test_groups_are_counted_most_rows_first(client: httpx.AsyncClient, loads: tuple[int, int]) -> None:
    answer = (await client.get("/v1/rejects/counts", params={"limit": 2})).json()
    assert (answer["groups"], answer["rows"]) == (4, 5)
    assert answer["counts"] == [
        {"reason": "invalid_date", "column": "data_limite", "value": "A DEFINIR", "rows": 2},
        {"reason": "invalid_email", "column": "email", "value": "nobody", "rows": 1},
    ]
    of_first = (await client.get("/v1/rejects/counts", params={"load": loads[0]})).json()
    assert (of_first["groups"], of_first["rows"]) == (2, 2)
    nothing = (await client.get("/v1/rejects/counts", params={"value": "nothing"})).json()
    assert nothing == {"counts": [], "groups": 0, "rows": 0}


async def test_pages_lead_from_one_to_the_next_and_lose_nothing(
    client: httpx.AsyncClient, loads: tuple[int, int]
) -> None:
    url: str | None = "/v1/rejects?limit=2&kind=services"
    seen, pages = [], 0
    while url:
        answer = await client.get(url)
        page = answer.json()
        assert page["total_por_pagina"] == len(page["rejects"]) <= 2
        seen += [reject["line"] for reject in page["rejects"]]
        url = page.get("proxima_pagina")
        assert answer.headers.get("Link") == (f'<{url}>; rel="next"' if url else None)
        pages += 1
    assert (seen, pages) == ([2, 3, 5], 2)


async def test_a_page_of_long_rows_ends_at_about_2_mib(client: httpx.AsyncClient) -> None:
    wide = "".join(f"x;{'y' * 60_000};a@mail.com;1\n" for _ in range(80))
    await load_file(client, "customers", HEADER + wide)
    answer = await client.get("/v1/rejects", params={"limit": 1000})
    assert len(answer.content) < 3 * 2**20
    lines = [reject["line"] for reject in answer.json()["rejects"]]
    while following := answer.json().get("proxima_pagina"):
        answer = await client.get(following)
        lines += [reject["line"] for reject in answer.json()["rejects"]]
    assert lines == list(range(2, 82))


async def test_files_hold_all_rows_of_the_filter(client: httpx.AsyncClient, loads: tuple[int, int]) -> None:
    text = (await client.get("/v1/rejects", params={"format": "csv", "kind": "services"})).text
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(row["line"], row["reason"], row["row"]) for row in rows] == [
        ("2", "invalid_date", "1;1;A;SP - X;A DEFINIR;-"),
        ("3", "unknown_customer", "2;9;A;SP - X;2021-06-30;-"),
        ("5", "invalid_date", "4;1;A;SP - X;A DEFINIR;-"),
    ]
    answer = await client.get("/v1/rejects", params={"format": "xlsx"})
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).worksheets[0]
    cells = list(sheet.iter_rows(values_only=True))
    assert (cells[0][:4], len(cells)) == (("id", "load", "kind", "line"), 6)
    refused = await client.get("/v1/rejects", params={"format": "csv", "limit": 2})
    assert refused.status_code == 422


async def test_a_row_longer_than_a_workbooks_cell_is_cut_there_and_whole_elsewhere(client: httpx.AsyncClient) -> None:
    row = f"x;{'y' * 60_000};a@mail.com;1"
    await load_file(client, "customers", HEADER + row + "\n")
    answer = await client.get("/v1/rejects", params={"format": "xlsx"})
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).worksheets[0]
    assert sheet.cell(2, sheet.max_column).value == row[:32_767]
    assert row in (await client.get("/v1/rejects", params={"format": "csv"})).text


async def test_what_was_only_tried_or_was_undone_or_failed_has_no_open_rejects(
    client_as: ClientAs, connection: asyncpg.Connection
) -> None:
    admin = await client_as("admin")
    bad = HEADER + "1;Ana;ana@mail.com;\n2;Bia;nobody;1\n"
    await load_file(admin, "customers", bad, validate_only=True)
    await load_file(admin, "customers", bad, max_rejects=0)
    assert await rejects(admin, state="all") == []
    load = await load_file(admin, "customers", bad)
    assert await places(admin) == [(load["id"], 3)]
    await admin.delete(f"/v1/loads/{load['id']}")
    assert await rejects(admin, state="all") == []
    assert await connection.fetchval("SELECT count(*) FROM load_rejects") == 3


@pytest.mark.parametrize("row", ["2;Bia;bia@mail.com;1", '2;"Bia";bia@mail.com;1'])
async def test_a_missing_column_without_a_name_of_ours_is_null_and_its_group_can_be_mended(
    client: httpx.AsyncClient, row: str
) -> None:
    header = HEADER.replace("\n", ";;obs\n")
    load = await load_file(client, "customers", f"{header}1;Ana;ana@mail.com;;;\n{row}\n3;Caio\n")
    groups = (await client.get("/v1/rejects/counts", params={"reason": "missing_column"})).json()["counts"]
    assert sorted((group["column"] or "", group["column"] is None) for group in groups) == [
        ("", True),
        ("email", False),
    ]
    found = [(reject["line"], reject["column"]) for reject in await rejects(client)]
    assert found == [(3, None), (4, "email")]
    assert (await rejects(client, column="email"))[0]["line"] == 4
    where = {"reason": "missing_column", "column": None}
    mended = await client.post(f"/v1/loads/{load['id']}/mend", json={"rule": {"where": where, "drop": True}})
    assert (mended.status_code, mended.json()["dropped"]) == (200, 2)
