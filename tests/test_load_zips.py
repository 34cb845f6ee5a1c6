"""A zip with several tables: each a load of its own, in order, all of them or none."""

import asyncpg
import httpx
import pytest
from load_client import client_with, counts, finished, send
from test_load_named_forms import as_ndjson, by_polars, table_of
from test_load_workbooks import everything
from workbooks import by_xlsxwriter, packed

from logistics_indicators.loads.receiving import tables

HEADER = ["id", "nome", "email", "telefone"]


def csv_of(number: int, telefone: str = "") -> str:
    return f"id;nome;email;telefone\n{number};Ana;a{number}@mail.com;{telefone}\n"


async def test_each_table_of_a_zip_is_a_load_in_its_order(client: httpx.AsyncClient) -> None:
    book = by_xlsxwriter([HEADER, [1, "Bia", "a1@mail.com", 7], [2, "Bia", "b2@mail.com", None]])
    files = {"maio/b.csv": csv_of(1), "a.xlsx": book, "c.csv": csv_of(1, "9"), "leia-me.pdf": b"%PDF-"}
    answer = await send(client, "customers", packed(files), on_conflict="update")
    assert answer.status_code == 202, answer.text
    assert answer.json()["load"] == answer.json()["loads"][0]
    loads = [await finished(client, load["id"]) for load in answer.json()["loads"]]
    assert [load["filename"] for load in loads] == ["b.csv", "a.xlsx", "c.csv"]
    assert [load["format"] for load in loads] == ["csv", "xlsx", "csv"]
    assert [counts(load) for load in loads] == [(1, 1, 0, 0, 0), (2, 1, 1, 0, 0), (1, 0, 1, 0, 0)]
    assert (await client.get("/v1/customers/1")).json() == {
        "id": 1,
        "nome": "Ana",
        "email": "a1@mail.com",
        "telefone": "9",
    }


async def test_every_form_may_be_in_a_zip(client: httpx.AsyncClient) -> None:
    files = {"a.ndjson": as_ndjson("customers"), "b.parquet": by_polars(table_of("customers")), "c.tsv": csv_of(9)}
    answer = await send(client, "customers", packed(files))
    loads = [await finished(client, load["id"]) for load in answer.json()["loads"]]
    assert [load["format"] for load in loads] == ["ndjson", "parquet", "csv"]
    assert [load["rows_inserted"] + load["rows_unchanged"] for load in loads] == [3, 3, 1]


async def test_a_file_that_is_no_zip_has_one_load(client: httpx.AsyncClient) -> None:
    for content in (csv_of(1).encode(), packed({"a.csv": csv_of(1)})):
        answer = (await send(client, "customers", content)).json()
        assert (answer["loads"], answer["load"]["filename"]) == ([answer["load"]], "file.csv")


VISITS = "id;id_cliente;angel;polo;data_limite;data_de_atendimento\n1;1;A;SP;30/06/2021;-\n"
WRONG: dict[str, tuple[dict[str, str | bytes], int, str]] = {
    "another kind": ({"a.csv": csv_of(1), "b.csv": VISITS}, 422, "b.csv: The file is one of services"),
    "an empty one": ({"a.csv": csv_of(1), "b.csv": ""}, 422, "b.csv: The file is empty"),
    "a broken workbook": ({"a.csv": csv_of(1), "b.xlsx": packed({"xl/workbook.xml": "<"})}, 422, "b.xlsx: "),
    "a zip in a zip": ({"a.csv": csv_of(1), "b.csv": packed({"c.csv": csv_of(2)})}, 415, "archive in an archive"),
    "too many": ({f"{n}.csv": csv_of(n) for n in range(101)}, 415, "more than 100 tables"),
    "no table by name": ({"a.txt": csv_of(1), "b.txt": csv_of(2)}, 415, "none is named as a table"),
}


@pytest.mark.parametrize("wrong", WRONG)
async def test_of_a_zip_with_a_table_that_is_wrong_nothing_is_loaded(
    client: httpx.AsyncClient, connection: asyncpg.Connection, wrong: str
) -> None:
    files, status, words = WRONG[wrong]
    answer = await send(client, "customers", packed(files))
    assert (answer.status_code, words in answer.json()["detail"]) == (status, True), answer.text
    assert (await client.get("/v1/loads")).json()["loads"] == []
    assert await connection.fetchval("SELECT count(*) FROM loads") == 0
    assert await everything(connection) == [[], []]


async def test_the_tables_of_a_zip_are_bounded_together(connection: asyncpg.Connection, database_url: str) -> None:
    table = "id;nome;email\n" + "".join(f"{n};Ana;a{n}@mail.com\n" for n in range(1, 2001))
    async with client_with(connection, database_url, load_max_bytes=2 * len(table)) as client:
        three, two = (packed({f"{n}.csv": table for n in range(many)}) for many in (3, 2))
        assert (await send(client, "customers", three)).status_code == 413
        answer = await send(client, "customers", two)
        assert [counts(await finished(client, load["id"]))[0] for load in answer.json()["loads"]] == [2000, 2000]


async def test_tables_that_are_no_csv_are_fewer_in_a_zip(
    client: httpx.AsyncClient, connection: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "MOST_APART", 1)
    one = {"a.csv": csv_of(1), "b.ndjson": as_ndjson("customers"), "c.csv": csv_of(2)}
    assert (await send(client, "customers", packed(one))).status_code == 202
    refused = await send(client, "customers", packed(one | {"d.ndjson": as_ndjson("customers")}))
    assert (refused.status_code, "more than 1 tables" in refused.json()["detail"]) == (415, True)
    assert await connection.fetchval("SELECT count(*) FROM loads") == 3


async def test_a_key_stands_for_one_table(client: httpx.AsyncClient) -> None:
    async def sent(files: dict[str, str]) -> httpx.Response:
        headers = {"Idempotency-Key": "k", "Content-Type": "application/zip"}
        return await client.post("/v1/customers/batch", content=packed(files), headers=headers)

    one, several = {"a.csv": csv_of(1)}, {"a.csv": csv_of(1), "b.csv": csv_of(2)}
    for expected, files in ((422, several), (202, one), (202, one), (422, several)):
        answer = await sent(files)
        assert answer.status_code == expected
    assert answer.json()["errors"][0]["loc"] == ["header", "Idempotency-Key"]
    assert len((await client.get("/v1/loads")).json()["loads"]) == 1


async def test_a_zip_that_is_sent_again_is_unchanged(client: httpx.AsyncClient) -> None:
    content = packed({"a.csv": csv_of(1), "b.csv": csv_of(2)})
    for expected in ((1, 1, 0, 0, 0), (1, 0, 0, 1, 0)):
        answer = await send(client, "customers", content)
        assert [counts(await finished(client, load["id"])) for load in answer.json()["loads"]] == [expected] * 2


NOT_READ = (
    "Files of the zip that are no tables by their names were not read: {}. "
    "Names of tables end in .csv, .tsv, .xlsx, .ndjson, .jsonl, .parquet."
)


@pytest.mark.parametrize("several", [False, True])
async def test_a_load_tells_which_files_of_its_zip_were_not_read(client: httpx.AsyncClient, several: bool) -> None:
    files = {"jan.txt": csv_of(1), "fev.csv": csv_of(2), "sub/mar.csv.gz": b"\x1f\x8b", "__MACOSX/fev.csv": b"x"}
    files |= {"abr.csv": csv_of(3)} if several else {}
    answer = await send(client, "customers", packed(files))
    loads = [await finished(client, load["id"]) for load in answer.json()["loads"]]
    told = [NOT_READ.format("jan.txt, sub/mar.csv.gz")]
    assert [load["warnings"] for load in loads] == ([told, []] if several else [told])


async def test_tables_of_one_name_are_told_apart_by_their_folders(client: httpx.AsyncClient) -> None:
    files = {"jan/a.csv": csv_of(1), "fev/../a.csv": csv_of(2), "fev/b.csv": csv_of(3)}
    answer = await send(client, "customers", packed(files))
    assert [load["filename"] for load in answer.json()["loads"]] == ["jan/a.csv", "fev/../a.csv", "b.csv"]
    answer = await send(client, "customers", packed({"jan/a.csv": csv_of(1), "fev/a.csv": ""}))
    assert answer.json()["detail"].startswith("fev/a.csv: The file is empty")
