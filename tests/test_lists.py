"""The lists of customers and services: filters, pages, totals, exports, and the indexes behind them."""

import csv
import io
from collections.abc import Callable
from datetime import date, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import asyncpg
import httpx
import openpyxl
import pyarrow.parquet
import pytest
from conftest import ClientAs

from logistics_indicators.exports import xlsx_file

FEW = """
INSERT INTO customers (id, nome, email, telefone)
SELECT i, 'Nome ' || i % 3, i || '@example.com', CASE WHEN i % 2 = 0 THEN '+55 ' || i END FROM generate_series(1, 10) i;
INSERT INTO polos (name, uf) VALUES ('CE - X', 'CE'), ('CE - Y', 'CE'), ('CEARÁ', NULL), ('SP - X', 'SP');
INSERT INTO angels (name) SELECT '=Angel ' || i FROM generate_series(0, 3) i;
INSERT INTO services (id, id_cliente, angel_id, polo_id, data_limite, data_de_atendimento)
SELECT i, i % 10 + 1, i % 4 + 1, i % 4 + 1,
       '2021-06-01'::date + i, CASE WHEN i % 5 > 0 THEN '2021-06-01 23:59:59'::timestamp + make_interval(days => i) END
FROM generate_series(1, 20) i
"""


@pytest.fixture
async def few(connection: asyncpg.Connection) -> None:
    await connection.execute(FEW)


async def ids(client: httpx.AsyncClient, path: str) -> list[int]:
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    rows = body["clientes"] if "clientes" in body else body["atendimentos"]
    assert len(rows) == body["total_por_pagina"]
    return [row["id"] for row in rows]


FILTERS: list[tuple[str, Callable[[int], bool]]] = [
    ("/v1/customers?id=3", lambda i: i == 3),
    ("/v1/customers?nome=Nome 1", lambda i: i % 3 == 1),
    ("/v1/customers?nome=nome 1", lambda i: False),
    ("/v1/customers?email=7@example.com", lambda i: i == 7),
    ("/v1/customers?telefone=%2B55 4", lambda i: i == 4),
    ("/v1/customers?nome=Nome 1&telefone=%2B55 4", lambda i: i == 4),
    ("/v1/customers?nome=", lambda i: False),
    ("/v1/customers?nome=' OR true --", lambda i: False),
    ("/v1/services?id=3", lambda i: i == 3),
    ("/v1/services?id_cliente=3", lambda i: i % 10 == 2),
    ("/v1/services?angel==Angel 2", lambda i: i % 4 == 2),
    ("/v1/services?polo=CE - X", lambda i: i % 4 == 0),
    ("/v1/services?polo=CE - X&polo=SP - X&polo=Z", lambda i: i % 4 in {0, 3}),
    ("/v1/services?angel==Angel 2&angel==Angel 1&id=1&id=2&id=3", lambda i: i in {1, 2}),
    ("/v1/services?angel_contem=ANGÉL 2", lambda i: i % 4 == 2),
    ("/v1/services?polo_contem=ceara", lambda i: i % 4 == 2),
    ("/v1/services?polo_contem=nowhere", lambda i: False),
    ("/v1/services?data_limite=2021-06-05&data_limite=2021-06-07", lambda i: i in {4, 6}),
    ("/v1/services?uf=CE&uf=SP", lambda i: i % 4 != 2),
    ("/v1/services?uf=CE", lambda i: i % 4 < 2),
    ("/v1/services?uf=RJ", lambda i: False),
    ("/v1/services?data_limite=2021-06-05", lambda i: i == 4),
    ("/v1/services?data_limite_de=2021-06-05", lambda i: i >= 4),
    ("/v1/services?data_limite_ate=2021-06-05", lambda i: i <= 4),
    ("/v1/services?data_limite_de=2021-06-05&data_limite_ate=2021-06-07", lambda i: 4 <= i <= 6),
    ("/v1/services?data_de_atendimento=2021-06-05T23:59:59", lambda i: i == 4),
    ("/v1/services?data_de_atendimento=2021-06-05 23:59:59", lambda i: i == 4),
    ("/v1/services?data_de_atendimento=2021-06-05+23:59:59", lambda i: i == 4),
    ("/v1/services?data_de_atendimento=2021-06-05T00:00:00", lambda i: False),
    ("/v1/services?data_de_atendimento_de=2021-06-05", lambda i: i >= 4 and i % 5 > 0),
    ("/v1/services?data_de_atendimento_de=2021-06-05T23:59:59", lambda i: i >= 4 and i % 5 > 0),
    ("/v1/services?data_de_atendimento_ate=2021-06-05", lambda i: i <= 4),
    ("/v1/services?data_de_atendimento_ate=2021-06-05T23:59:59", lambda i: i <= 4),
    ("/v1/services?data_de_atendimento_ate=2021-06-05T23:59:58", lambda i: i <= 3),
    ("/v1/services?data_de_atendimento_ate=2199-12-31", lambda i: i % 5 > 0),
    ("/v1/services?aberto=true", lambda i: i % 5 == 0),
    ("/v1/services?aberto=false", lambda i: i % 5 > 0),
    ("/v1/services?aberto=true&data_limite_ate=2021-06-11", lambda i: i in {5, 10}),
]


@pytest.mark.usefixtures("few")
async def test_a_list_its_total_and_its_export_find_what_the_filter_says(client: httpx.AsyncClient) -> None:
    for path, matches in FILTERS:
        last = 10 if "customers" in path else 20
        expected = [i for i in range(1, last + 1) if matches(i)]
        assert await ids(client, path) == expected, path
        total = await client.get(path.replace("?", "/total?"))
        assert total.json() == {"total": len(expected)}, path
        exported = await client.get(f"{path}&format=csv")
        rows = csv.DictReader(io.StringIO(exported.text, newline=""))
        assert [int(row["id"]) for row in rows] == expected, path


BAD_QUERIES = [
    "limit=0", "limit=1001", "limit=x", "limit=", "offset=-1", "offset=99999999999", "id=x", "uf=ceará", "uf=c1",
    "data_limite=05/06/2021", "data_limite_de=2021-06-05T00:00:00", "data_limite_ate=2021-13-01",
    "data_de_atendimento=2021-06-05", "data_de_atendimento_de=junho", "data_de_atendimento_ate=2021-06-05T10:00",
    "aberto=talvez", "angel=a%01b", "polo=" + "x" * 201, "format=pdf", "Angel=x", "angels=x",
    "limit=1&limit=2", "cursor=abc&offset=1", "limit=1&format=csv", "offset=1&format=xlsx",
    "cursor=x&format=parquet", "safe=excel",
]  # fmt: skip


async def test_a_query_that_cannot_be_taken_is_422_and_names_the_parameter(client: httpx.AsyncClient) -> None:
    for query in BAD_QUERIES:
        answer = await client.get(f"/v1/services?{query}")
        assert answer.status_code == 422, query
        assert answer.headers["Content-Type"] == "application/problem+json"
        place, name = answer.json()["errors"][0]["loc"]
        assert place == "query"
        assert name in parse_qs(query, keep_blank_values=True), query


async def test_a_misspelt_filter_of_a_total_is_refused_and_the_known_ones_are_named(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/customers/total?name=x")
    assert answer.status_code == 422
    known = "email, email_contem, id, nome, nome_comeca, nome_contem, telefone"
    assert answer.json()["errors"][0]["msg"] == f"unknown query parameter; there are: {known}"


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize(
    "path", ["/v1/services?limit=7", "/v1/services?limit=5&angel=%3DAngel%202", "/v1/services?limit=20"]
)
async def test_the_pages_together_are_the_list_each_row_once(client: httpx.AsyncClient, path: str) -> None:
    whole = await ids(client, path.replace("limit=7", "limit=1000").replace("limit=5", "limit=1000"))
    seen: list[int] = []
    url: str | None = path
    while url is not None:
        assert url.startswith("/v1/services?")
        answer = await client.get(url)
        rows = [row["id"] for row in answer.json()["atendimentos"]]
        assert rows, "a next page without rows"
        seen += rows
        url = answer.json().get("proxima_pagina")
        assert answer.headers.get("Link") == (None if url is None else f'<{url}>; rel="next"')
        assert answer.links.get("next", {}).get("url") == url
    assert seen == whole


@pytest.mark.usefixtures("few")
async def test_the_next_page_keeps_filters_and_limit_and_leaves_the_offset_behind(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/services", params={"angel": "=Angel 1", "limit": 2, "offset": 1, "polo": "CE - Y"})
    assert [row["id"] for row in answer.json()["atendimentos"]] == [5, 9]
    query = parse_qs(urlsplit(answer.json()["proxima_pagina"]).query)
    assert query == {"angel": ["=Angel 1"], "polo": ["CE - Y"], "limit": ["2"], "cursor": ["9"]}
    assert await ids(client, answer.json()["proxima_pagina"]) == [13, 17]


@pytest.mark.usefixtures("few")
async def test_rows_that_come_and_go_between_two_pages_shift_nothing(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    first = (await client.get("/v1/services?limit=3")).json()
    await connection.execute("DELETE FROM services WHERE id = 1")
    assert await ids(client, first["proxima_pagina"]) == [4, 5, 6]


async def test_a_number_in_an_address_has_one_spelling(client: httpx.AsyncClient) -> None:
    for number in ("%E2%80%831", "%0b1", "+1", "1.0", "1_0", "%D9%A1"):
        for path in (f"/v1/loads/{number}/rejects?limit=1", f"/v1/customers/{number}", f"/v1/services/{number}/origin"):
            answer = await client.get(path)
            assert answer.status_code == 422, path
            assert answer.json()["errors"][0]["msg"] == "must be a number in digits alone"


@pytest.mark.usefixtures("few")
async def test_an_offset_beyond_the_end_is_an_empty_page(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/customers?offset=10")
    assert answer.json() == {"clientes": [], "total_por_pagina": 0}
    assert (await client.get("/v1/customers?offset=9")).json()["total_por_pagina"] == 1


async def test_what_is_no_cursor_is_refused(client: httpx.AsyncClient) -> None:
    for bad in ["", "x", "-1", "+1", " 1", "1.0", "é", "%00", "AAAAAAAAAAkj", "9" * 19]:
        answer = await client.get("/v1/customers", params={"cursor": bad})
        assert (answer.status_code, answer.json()["errors"][0]["loc"]) == (422, ["query", "cursor"]), bad


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("path", ["/v1/customers", "/v1/services?uf=CE"])
async def test_the_exports_hold_the_rows_of_the_json_list(client: httpx.AsyncClient, path: str) -> None:
    body = (await client.get(path)).json()
    rows = body.get("clientes") or body["atendimentos"]
    join = "&" if "?" in path else "?"

    exported = await client.get(f"{path}{join}format=csv")
    for shown, row in zip(csv.DictReader(io.StringIO(exported.text, newline="")), rows, strict=True):
        assert shown == {name: _in_csv(value) for name, value in row.items()}

    sheet = openpyxl.load_workbook(io.BytesIO((await client.get(f"{path}{join}format=xlsx")).content)).worksheets[0]
    header, *cells = sheet.iter_rows(values_only=True)
    assert [_as_json(dict(zip(map(str, header), line, strict=True))) for line in cells] == rows

    table = pyarrow.parquet.read_table(io.BytesIO((await client.get(f"{path}{join}format=parquet")).content))
    assert [_as_json(row) for row in table.to_pylist()] == rows


def _in_csv(value: object) -> str:
    return "" if value is None else str(value)


def _as_json(row: dict[str, Any]) -> dict[str, Any]:
    """A row of another library as the wire has it. Excel's days are timestamps at midnight."""
    return {name: _day(name, value) for name, value in row.items()}


def _day(name: str, value: object) -> object:
    if isinstance(value, datetime) and name == "data_limite":
        return value.date().isoformat()
    return value.isoformat() if isinstance(value, date) else value


@pytest.mark.usefixtures("few")
async def test_an_xlsx_beyond_a_sheet_is_422_and_the_same_rows_go_as_csv(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xlsx_file, "MOST_ROWS", 19)
    answer = await client.get("/v1/services?format=xlsx")
    assert (answer.status_code, answer.json()["errors"][0]["loc"]) == (422, ["query", "format"])
    assert (await client.get("/v1/services?format=xlsx&aberto=true")).status_code == 200
    assert len((await client.get("/v1/services?format=csv")).text.splitlines()) == 21


LISTS = {
    "/v1/customers": "clientes", "/v1/services": "atendimentos", "/v1/polos": "polos", "/v1/loads": "loads",
    "/v1/users": "users", "/v1/audit": "audit",
}  # fmt: skip


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize(("path", "name"), LISTS.items())
async def test_every_list_has_one_dialect_of_pages(client_as: ClientAs, path: str, name: str) -> None:
    answer = await (await client_as("admin")).get(path, params={"limit": 1})
    body = answer.json()
    assert list(body)[:2] == [name, "total_por_pagina"]
    assert body["total_por_pagina"] == len(body[name])
    assert answer.links.get("next", {}).get("url") == body.get("proxima_pagina")


@pytest.mark.parametrize("path", ["/v1/customers", "/v1/polos", "/v1/users"])
async def test_a_page_after_the_largest_cursor_is_empty(client_as: ClientAs, path: str) -> None:
    answer = await (await client_as("admin")).get(path, params={"cursor": "9" * 18})
    assert (answer.status_code, answer.json()["total_por_pagina"]) == (200, 0)
