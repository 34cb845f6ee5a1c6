"""Every reason for which a row is not taken; what the report says; mending it and sending it again."""

import csv
import io
from collections.abc import Callable

import asyncpg
import httpx
import pytest
from load_client import client_with, counts, load_file, rejects_of

Expected = list[tuple[int, str | None, str, str | None]]
Row = dict[str, str]

FULL = "é" * 200
LONG = "é" * 201
LONG_EMAIL = "e" * 246 + "@mail.com"
MAX_ID = 2**53 - 1

CUSTOMERS = f"""\
id;nome;email;telefone
1;Íris;iris@mail.com;11987654321
2;Bia;bia@mail.com
3;Bia;bia@mail.com;1;9
x4;Bia;bia@mail.com;1
0;Bia;bia@mail.com;1
{MAX_ID + 1};Bia;bia@mail.com;1
-7;Bia;bia@mail.com;1
8.0;Bia;bia@mail.com;1
;Bia;bia@mail.com;1
10;;bia@mail.com;1
11;Bia;  ;1
12;Bia;bia.mail.com;1
13;Bia;bia@mail;1
14;Bia;bia silva@mail.com;1
15;{LONG};bia@mail.com;1
16;Bia;{LONG_EMAIL};1
17;Bia;bia@mail.com;{"1" * 41}
1;Other;other@mail.com;1
19;Other;iris@mail.com;1
20;{FULL};{LONG_EMAIL[1:]};{"1" * 40}
21;Eva;eva@mail.com;
1;Íris;iris@mail.com;11987654321
{MAX_ID};Rui;rui@mail.com;1
"""
CUSTOMERS_REJECTED: Expected = [
    (3, "telefone", "missing_column", None),
    (4, None, "extra_column", "9"),
    (5, "id", "invalid_id", "x4"),
    (6, "id", "invalid_id", "0"),
    (7, "id", "invalid_id", str(MAX_ID + 1)),
    (8, "id", "invalid_id", "-7"),
    (9, "id", "invalid_id", "8.0"),
    (10, "id", "empty_field", ""),
    (11, "nome", "empty_field", ""),
    (12, "email", "empty_field", ""),
    (13, "email", "invalid_email", "bia.mail.com"),
    (14, "email", "invalid_email", "bia@mail"),
    (15, "email", "invalid_email", "bia silva@mail.com"),
    (16, "nome", "too_long", LONG),
    (17, "email", "too_long", LONG_EMAIL),
    (18, "telefone", "too_long", "1" * 41),
    (19, "id", "duplicate_id", "1"),
    (20, "email", "duplicate_email", "iris@mail.com"),
]

GOOD = "CE - SOBRAL;30/06/2021;29/06/2021 10:15:27"
SERVICES = f"""\
id_atendimento;id_cliente;angel;polo;data_limite;data_de_atendimento
1;1;Ana;{GOOD}
2;1;Ana;CE - SOBRAL;30/06/2021
3;1;Ana;{GOOD};x;y
one;1;Ana;{GOOD}
5;one;Ana;{GOOD}
;1;Ana;{GOOD}
7;;Ana;{GOOD}
8;1;;{GOOD}
9;1;Ana; ;30/06/2021;29/06/2021 10:15:27
10;1;Ana;CE - SOBRAL;;29/06/2021 10:15:27
11;1;Ana;CE - SOBRAL;31/06/2021;29/06/2021 10:15:27
12;1;Ana;CE - SOBRAL;30/06/2021;06/29/2021 10:15
13;1;{LONG};{GOOD}
14;1;Ana;{LONG};30/06/2021;29/06/2021 10:15:27
15;999;Ana;{GOOD}
1;1;Eva;{GOOD}
17;1;An\udc80;{GOOD}
18;1;Íris;{GOOD}
1;1;Ana;{GOOD}
{MAX_ID};1;Rui;CE - SOBRAL;30/06/2021;-
""".encode("utf-8", "surrogateescape")
SERVICES_REJECTED: Expected = [
    (3, "data_de_atendimento", "missing_column", None),
    (4, None, "extra_column", "x;y"),
    (5, "id", "invalid_id", "one"),
    (6, "id_cliente", "invalid_id", "one"),
    (7, "id", "empty_field", ""),
    (8, "id_cliente", "empty_field", ""),
    (9, "angel", "empty_field", ""),
    (10, "polo", "empty_field", ""),
    (11, "data_limite", "empty_field", ""),
    (12, "data_limite", "invalid_date", "31/06/2021"),
    (13, "data_de_atendimento", "invalid_date", "06/29/2021 10:15"),
    (14, "angel", "too_long", LONG),
    (15, "polo", "too_long", LONG),
    (16, "id_cliente", "unknown_customer", "999"),
    (17, "id", "duplicate_id", "1"),
    (18, "angel", "encoding", "An\ufffd"),
]
REASONS = {
    *("missing_column", "extra_column", "invalid_id", "empty_field", "too_long", "invalid_email", "invalid_date"),
    *("unknown_customer", "duplicate_id", "duplicate_email", "encoding"),
}
IRIS = "1;Íris;iris@mail.com;11987654321\n"


async def ids(connection: asyncpg.Connection, table: str) -> list[int]:
    return [row["id"] for row in await connection.fetch(f"SELECT id FROM {table} ORDER BY id")]


async def rejects_csv(client: httpx.AsyncClient, load_id: int) -> list[Row]:
    answer = await client.get(f"/v1/loads/{load_id}/rejects", params={"format": "csv"})
    assert answer.headers["content-type"].startswith("text/csv")
    text = answer.content.decode("utf-8-sig")
    rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=";", restkey="surplus", restval="")
    names = {"id_atendimento": "id"}
    return [{names.get(name, name): value for name, value in row.items() if name != "surplus"} for row in rows]


def as_csv(rows: list[Row]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0].keys(), delimiter=";", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def test_the_files_of_this_page_have_every_reason_of_the_contract() -> None:
    assert {reason for _, _, reason, _ in CUSTOMERS_REJECTED + SERVICES_REJECTED} == REASONS


async def test_every_bad_customer_is_rejected_with_line_column_reason_and_value_and_costs_no_other(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    load = await load_file(client, "customers", CUSTOMERS)
    assert await rejects_of(client, load["id"]) == CUSTOMERS_REJECTED
    assert counts(load) == (23, 4, 0, 1, 18)
    assert await ids(connection, "customers") == [1, 20, 21, MAX_ID]
    assert (await client.get("/v1/customers/1")).json()["nome"] == "Íris"


async def test_every_bad_visit_is_rejected_with_line_column_reason_and_value_and_costs_no_other(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    await load_file(client, "customers", IRIS)
    load = await load_file(client, "services", SERVICES)
    assert await rejects_of(client, load["id"]) == SERVICES_REJECTED
    assert counts(load) == (20, 3, 0, 1, 16)
    assert load["encoding"] == "utf-8"
    assert await ids(connection, "services") == [1, 18, MAX_ID]


@pytest.mark.parametrize("workers", [1, 4])
async def test_the_report_is_the_same_however_the_file_was_cut(
    database_url: str, connection: asyncpg.Connection, workers: int
) -> None:
    async with client_with(connection, database_url, load_chunk_bytes=64, load_workers=workers) as client:
        customers = await load_file(client, "customers", CUSTOMERS)
        services = await load_file(client, "services", SERVICES)
        assert await rejects_of(client, customers["id"]) == CUSTOMERS_REJECTED
        assert await rejects_of(client, services["id"]) == SERVICES_REJECTED
        assert counts(customers) == (23, 4, 0, 1, 18)
        assert counts(services) == (20, 3, 0, 1, 16)


async def test_the_summary_groups_the_rejects_by_reason_with_their_first_line(client: httpx.AsyncClient) -> None:
    load = await load_file(client, "customers", CUSTOMERS)
    assert {(entry["reason"], entry["rows"], entry["first_line"]) for entry in load["rejects"]} == {
        ("missing_column", 1, 3),
        ("extra_column", 1, 4),
        ("invalid_id", 5, 5),
        ("empty_field", 3, 10),
        ("invalid_email", 3, 13),
        ("too_long", 3, 16),
        ("duplicate_id", 1, 19),
        ("duplicate_email", 1, 20),
    }
    assert sum(entry["rows"] for entry in load["rejects"]) == load["rows_rejected"]


async def test_a_reject_shows_its_row_as_it_came(client: httpx.AsyncClient) -> None:
    load = await load_file(client, "customers", 'id;nome;email;telefone\n1; "Íris" ;iris ; 11\n2;"a;""b""\nc";x;\n')
    page = (await client.get(f"/v1/loads/{load['id']}/rejects")).json()
    assert [reject["row"] for reject in page["rejects"]] == ['1; "Íris" ;iris ; 11', '2;"a;""b""\nc";x;']


async def test_rejects_are_paged_in_file_order_and_filtered_by_reason(client: httpx.AsyncClient) -> None:
    load = await load_file(client, "customers", CUSTOMERS)
    lines: list[int] = []
    url: str | None = f"/v1/loads/{load['id']}/rejects?limit=5"
    pages = 0
    while url:
        page = (await client.get(url)).json()
        assert page["total_por_pagina"] == len(page["rejects"]) <= 5
        lines += [reject["line"] for reject in page["rejects"]]
        url = page.get("proxima_pagina")
        pages += 1
    assert pages == 4
    assert lines == [line for line, *_ in CUSTOMERS_REJECTED]

    url = f"/v1/loads/{load['id']}/rejects?limit=2&reason=invalid_id"
    found: list[tuple[int, str]] = []
    while url:
        page = (await client.get(url)).json()
        found += [(reject["line"], reject["reason"]) for reject in page["rejects"]]
        url = page.get("proxima_pagina")
    assert found == [(line, "invalid_id") for line in range(5, 10)]
    assert (await client.get(f"/v1/loads/{load['id']}/rejects?reason=ugly")).status_code == 422


MEND_CUSTOMER: dict[str, Callable[[Row], Row]] = {
    "missing_column": lambda row: {"telefone": "1"},
    "extra_column": lambda row: {"telefone": row["telefone"].partition(";")[0]},
    "invalid_id": lambda row: {"id": "90" + row["line"]},
    "empty_field": lambda row: {row["column"]: row[row["column"]].strip() or "80" + row["line"]},
    "too_long": lambda row: {row["column"]: "short"},
    "invalid_email": lambda row: {},
    "duplicate_id": lambda row: {"id": "90" + row["line"]},
    "duplicate_email": lambda row: {},
}
MEND_VISIT: dict[str, Callable[[Row], Row]] = {
    "missing_column": lambda row: {"data_de_atendimento": "29/06/2021"},
    "extra_column": lambda row: {"data_de_atendimento": row["data_de_atendimento"].partition(";")[0]},
    "invalid_id": lambda row: {row["column"]: "1"} if row["column"] != "id" else {"id": "4"},
    "empty_field": lambda row: {row["column"]: {"id": "6", "id_cliente": "1"}.get(row["column"], "x")},
    "invalid_date": lambda row: {row["column"]: "2021-06-30"},
    "too_long": lambda row: {row["column"]: "short"},
    "unknown_customer": lambda row: {"id_cliente": "1"},
    "duplicate_id": lambda row: {"id": "16"},
    "encoding": lambda row: {row["column"]: "Anã"},
}


async def test_the_mended_rejects_of_customers_load_clean(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    load = await load_file(client, "customers", CUSTOMERS)
    rejects = await rejects_csv(client, load["id"])
    assert [(int(r["line"]), r["column"] or None, r["reason"]) for r in rejects] == [
        expected[:3] for expected in CUSTOMERS_REJECTED
    ]
    assert rejects[3] | {"line": ""} == {
        **{"id": "0", "nome": "Bia", "email": "bia@mail.com", "telefone": "1"},
        **{"line": "", "column": "id", "reason": "invalid_id"},
    }
    # every one of them had an email of its own in mind
    mended = [row | MEND_CUSTOMER[row["reason"]](row) | {"email": f"m{row['line']}@mail.com"} for row in rejects]
    again = await load_file(client, "customers", as_csv(mended))
    assert counts(again) == (18, 18, 0, 0, 0), await rejects_of(client, again["id"])
    assert len(await ids(connection, "customers")) == 4 + 18


async def test_the_mended_rejects_of_visits_load_clean(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    await load_file(client, "customers", IRIS)
    load = await load_file(client, "services", SERVICES)
    rejects = await rejects_csv(client, load["id"])
    assert [(int(r["line"]), r["column"] or None, r["reason"]) for r in rejects] == [
        expected[:3] for expected in SERVICES_REJECTED
    ]
    mended = [row | MEND_VISIT[row["reason"]](row) for row in rejects]
    mended[8] |= {"data_limite": "30/06/2021"}  # the empty deadline of line 11
    again = await load_file(client, "services", as_csv(mended))
    assert counts(again) == (16, 16, 0, 0, 0), await rejects_of(client, again["id"])
    assert await ids(connection, "services") == [*range(1, 19), MAX_ID]
    open_visits = await connection.fetch("SELECT id FROM services WHERE data_de_atendimento IS NULL")
    assert [row["id"] for row in open_visits] == [MAX_ID]


async def test_the_rejects_of_a_file_without_rejects_are_only_a_header(client: httpx.AsyncClient) -> None:
    load = await load_file(client, "customers", IRIS)
    assert (await client.get(f"/v1/loads/{load['id']}/rejects")).json()["rejects"] == []
    answer = await client.get(f"/v1/loads/{load['id']}/rejects", params={"format": "csv"})
    assert answer.text == "\ufeffline;column;reason;id;nome;email;telefone\n"


async def test_an_exact_copy_of_a_row_is_unchanged_and_another_row_of_its_id_a_duplicate(
    client: httpx.AsyncClient,
) -> None:
    await load_file(client, "customers", IRIS)
    first = await load_file(client, "services", "1;1;Ana;CE - SOBRAL;30/06/2021;29/06/2021 10:15:27\n")
    assert counts(first) == (1, 1, 0, 0, 0)
    second = await load_file(
        client,
        "services",
        "2;1;Ana;CE - SOBRAL;30/06/2021;-\n"
        "1;1;Ana;CE - SOBRAL;2021-06-30;2021-06-29T10:15:27\n"  # the same values, spelt otherwise
        "2;1;Ana;CE - SOBRAL;30/06/2021;\n"
        "1;1;Ana;CE - SOBRAL;30/06/2021;29/06/2021 10:15:28\n"
        "2;1;Ana;CE - SOBRAL;30/06/2021;30/06/2021\n",
    )
    assert counts(second) == (5, 1, 0, 2, 2)
    assert await rejects_of(client, second["id"]) == [(4, "id", "duplicate_id", "1"), (5, "id", "duplicate_id", "2")]


async def test_a_row_rejected_for_another_reason_does_not_claim_its_id_or_email(client: httpx.AsyncClient) -> None:
    customers = await load_file(client, "customers", f"1;{LONG};iris@mail.com;1\n1;Íris;iris@mail.com;1\n")
    assert counts(customers) == (2, 1, 0, 0, 1)
    services = await load_file(
        client,
        "services",
        "1;1;Ana;CE - SOBRAL;30/02/2021;-\n1;99;Ana;CE - SOBRAL;30/06/2021;-\n1;1;Eva;CE - SOBRAL;30/06/2021;-\n",
    )
    assert counts(services) == (3, 1, 0, 0, 2)
    assert (await client.get("/v1/services/1")).json()["angel"] == "Eva"


async def test_a_row_refused_for_its_email_leaves_its_id_to_a_later_row(client: httpx.AsyncClient) -> None:
    load = await load_file(client, "customers", IRIS + "2;Bia;iris@mail.com;1\n2;Bia;bia@mail.com;1\n")
    assert counts(load) == (3, 2, 0, 0, 1)
    assert await rejects_of(client, load["id"]) == [(2, "email", "duplicate_email", "iris@mail.com")]


async def test_a_byte_that_no_text_can_hold_costs_its_row_alone(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    load = await load_file(client, "customers", "1;Í\0ris;iris@mail.com;1\n2;Bia;bia@mail.com;\n")
    assert load["status"] == "completed"
    assert counts(load) == (2, 1, 0, 0, 1)
    assert await rejects_of(client, load["id"]) == [(1, "nome", "encoding", "Í\ufffdris")]
    assert await ids(connection, "customers") == [2]
