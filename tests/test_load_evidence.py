"""Files that are not what they look like at first: no value is lost for another row's fault, and no guess is silent."""

import io
import json

import httpx
import polars as pl
import pytest
import xlsxwriter
from load_client import client_with, counts, load_file, rejects_of, send
from workbooks import by_openpyxl, packed

ANA, RUI = (
    {"id": n, "nome": name, "email": f"{name}@mail.com", "telefone": "11"} for n, name in ((1, "Ana"), (3, "Rui"))
)


def ndjson(*rows: object) -> str:
    return "\n".join(map(json.dumps, rows))


@pytest.mark.parametrize("field", ["telefone", "email"])
async def test_a_nested_value_costs_its_own_row_alone(client: httpx.AsyncClient, field: str) -> None:
    bad = {"id": 2, "nome": "Bia", "email": "b@mail.com", "telefone": "11"} | {field: {"ddd": 11}}
    load = await load_file(client, "customers", ndjson(ANA, bad, RUI))
    assert (counts(load), load["warnings"]) == ((3, 2, 0, 0, 1), [])
    assert [reject[::2] for reject in await rejects_of(client, load["id"])] == [(2, "missing_column")]
    assert (await client.get("/v1/customers")).json()["clientes"] == [ANA, RUI]


async def test_a_field_that_is_nested_wherever_it_has_a_value_is_passed_over(client: httpx.AsyncClient) -> None:
    rows = [ANA | {"telefone": None}, RUI | {"telefone": ["11"]}]
    load = await load_file(client, "customers", ndjson(*rows))
    assert counts(load) == (2, 2, 0, 0, 0)
    assert load["warnings"] == ["Fields that hold objects or lists were passed over: telefone."]


@pytest.mark.parametrize("chunk", [64, 100_000])
async def test_letters_of_a_bad_row_say_the_encoding_too(database_url: str, connection: object, chunk: int) -> None:
    """Cut inside of its last letter, as a file is whose copy was broken off."""
    file = "id;email;nome\n1;a@mail.com;Ana\n2;b@mail.com;Bia\n3;j@mail.com;João da Conceiç".encode()[:-1]
    async with client_with(connection, database_url, load_chunk_bytes=chunk) as client:
        load = await load_file(client, "customers", file)
        assert (load["encoding"], counts(load)) == ("utf-8", (3, 2, 0, 0, 1))
        (reject,) = await rejects_of(client, load["id"])
        assert reject[:3] == (4, "nome", "encoding")


async def test_rows_of_windows_1252_stay_so(client: httpx.AsyncClient) -> None:
    file = "id;email;nome\n1;a@mail.com;José\n2;b@mail.com;João da Conceição – Nº 7\n".encode("cp1252")
    assert (await load_file(client, "customers", file))["encoding"] == "windows-1252"
    names = [customer["nome"] for customer in (await client.get("/v1/customers")).json()["clientes"]]
    assert names == ["José", "João da Conceição – Nº 7"]


VISITS = "id;id_cliente;angel;polo;data_limite;data_de_atendimento\n"
MONTHS_FIRST = "Line 3 (and 2 more) has a date that is one only with the month before the day."


@pytest.mark.parametrize("chunk", [64, 100_000])
async def test_dates_that_are_some_only_with_the_month_first_are_told(
    database_url: str, connection: object, chunk: int
) -> None:
    rows = ["06/01/2021;-", "06/13/2021;06/01/2021", "06/30/2021;-", "06/02/2021;6/ 14/21 10:15", "40/13/2021;-"]
    file = VISITS + "".join(f"{n};1;Ana;SP - X;{row}\n" for n, row in enumerate(rows, 1))
    async with client_with(connection, database_url, load_chunk_bytes=chunk) as client:
        await load_file(client, "customers", "id;nome;email\n1;Ana;a@mail.com\n")
        load = await load_file(client, "services", file)
        assert counts(load) == (5, 1, 0, 0, 4)
        assert [warning[: len(MONTHS_FIRST)] for warning in load["warnings"]] == [MONTHS_FIRST]
        load = await load_file(client, "services", VISITS + "9;1;Ana;SP - X;40/13/2021;-\n10;1;Ana;SP - X;9/6/2021;-\n")
        assert load["warnings"] == []


def workbook(**sheets: list[list[object]]) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
    return out.getvalue()


ROWS: list[list[object]] = [["id", "nome", "email"], [1, "Ana", "a@mail.com"]]
OTHERS = "Only the sheet Capa was read, not Dados, Notas: ?sheet= names another."
NOT_READ: dict[str, tuple[pl.DataFrame | bytes | str, str, str]] = {
    "a column of bytes": (
        pl.DataFrame({"id": [1], "nome": [b"Ana"], "email": ["a@mail.com"]}),
        "It lacks nome.",
        "Columns that hold no plain values were passed over: nome.",
    ),
    "nested values alone": (
        ndjson({"id": 1, "nome": {"first": "Ana"}, "email": "a@mail.com"}),
        "It lacks nome.",
        "Fields that hold objects or lists were passed over: nome.",
    ),
    "a cover": (workbook(Capa=[["Relatório"], ["2021"]], Dados=ROWS, Notas=[]), "Read: Relatório.", OTHERS),
    "an empty first sheet": (workbook(Capa=[], Dados=ROWS, Notas=[]), "The sheet Capa is empty.", OTHERS),
}


@pytest.mark.parametrize("case", NOT_READ)
async def test_what_was_not_read_is_told_where_a_file_is_refused(client: httpx.AsyncClient, case: str) -> None:
    content, lacking, not_read = NOT_READ[case]
    if isinstance(content, pl.DataFrame):
        out = io.BytesIO()
        content.write_parquet(out)
        content = out.getvalue()
    answer = await send(client, "customers", content)
    assert answer.status_code == 422, answer.text
    detail = answer.json()["detail"]
    assert lacking in detail
    assert detail.endswith(not_read)
    assert "delimiter" not in detail.lower()
    assert ("header=none" in detail) == (case == "a cover")
    assert answer.json()["errors"] == [{"loc": ["body", "file"], "msg": detail}]


async def test_the_sheet_that_an_error_names_is_taken(client: httpx.AsyncClient) -> None:
    content = workbook(Capa=[["Relatório"]], Dados=ROWS)
    assert counts(await load_file(client, "customers", content, sheet="Dados")) == (1, 1, 0, 0, 0)


@pytest.mark.parametrize("cut", [3, 100, 1000])
async def test_a_workbook_that_was_cut_is_422_as_a_broken_one(client: httpx.AsyncClient, cut: int) -> None:
    answer = await send(client, "customers", workbook(Dados=ROWS)[:-cut])
    assert (answer.status_code, answer.json()["detail"][:23]) == (422, "The workbook is broken:")
    assert (await send(client, "customers", packed({"a.csv": "id;nome;email\n"})[:-3])).status_code == 400


async def test_a_formula_whose_result_nobody_saved_hides_no_date(client: httpx.AsyncClient) -> None:
    await load_file(client, "customers", "id;nome;email\n1;Ana;a@mail.com\n")
    rows: list[list[object]] = [
        [*VISITS.strip().split(";"), "obs"],
        [1, 1, "Ana", "SP - X", "30/06/2021", "=NOW()", None],
        [2, 1, "Ana", "SP - X", "30/06/2021", None, "=NOW()"],
    ]
    load = await load_file(client, "services", by_openpyxl(rows))
    assert counts(load) == (2, 1, 0, 0, 1)
    assert await rejects_of(client, load["id"]) == [(2, "data_de_atendimento", "invalid_date", "#VALUE!")]


MOMENTS = ["1900-01-01T00:00:01", "1900-01-01T00:00:00", "1900-02-28T23:59:59", "1900-03-01T00:00:00"]


async def test_the_first_days_of_excel_come_back_from_an_exported_workbook(client: httpx.AsyncClient) -> None:
    await load_file(client, "customers", "id;nome;email\n1;Ana;a@mail.com\n")
    for moment in [*MOMENTS, "2021-06-29T10:15:27", "2199-12-31T23:59:59"]:
        visit = {"id_cliente": 1, "angel": "Ana", "polo": "SP - X", "data_limite": moment[:10]}
        answer = await client.post("/v1/services", json=visit | {"data_de_atendimento": moment})
        assert answer.status_code == 201, answer.text
    exported = await client.get("/v1/services", params={"format": "xlsx"})
    load = await load_file(client, "services", exported.content)
    assert (load["format"], counts(load)) == ("xlsx", (6, 0, 0, 6, 0))


ADDRESSES = ["o'neil@x.com.br", "+c1@mail.com", "a.b_c@x_y.com", "é@ção.com", "a@x-y.com", "jo/x=y@sub.x.com", "1@2.3"]
NO_ADDRESSES = ["'a@x.com'", "a@x.com'", "'a@x.com", "a@o'x.com", "a@x.com/", "a@x.com?subject=x", "a@*.com"]
NO_ADDRESSES += ["a@-x.com", "a@x-.com", "a@x.com-"]


async def test_signs_around_an_address_are_none_of_it(client: httpx.AsyncClient) -> None:
    file = "id;nome;email\n" + "".join(f"{n};Ana;{text}\n" for n, text in enumerate([*ADDRESSES, *NO_ADDRESSES], 2))
    load = await load_file(client, "customers", file)
    assert [reject[1:] for reject in await rejects_of(client, load["id"])] == [
        ("email", "invalid_email", text) for text in NO_ADDRESSES
    ]
    assert load["rows_inserted"] == len(ADDRESSES)
    for text in NO_ADDRESSES:
        assert (await client.post("/v1/customers", json={"nome": "Ana", "email": text})).status_code == 422
    answer = await client.post("/v1/customers", json={"nome": "Ana", "email": "d'or@x.com"})
    assert answer.status_code == 201, answer.text
