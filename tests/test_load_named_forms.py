"""NDJSON and Parquet files are loaded as their tables would be as CSV; hostile ones cost nobody."""

import gzip
import io
import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import asyncpg
import httpx
import polars as pl
import pyarrow
import pyarrow.parquet
import pytest
from conftest import ClientAs
from load_client import client_with, counts, finished, load_file, rejects_of, send
from test_load_batches import as_body
from test_load_workbooks import everything
from workbooks import packed

VISITS = """id_atendimento;id_cliente;angel;polo;data_limite;data_de_atendimento
10;1;Ana;SP - CAMPINAS;30/06/2021;29/06/2021 10:15:27
11;2;Bia;RS - X;30/06/2021;31/12/2021 23:59:59
12;3;Ana;RS - X;29/02/2024;-
13;9;Ana;RS - X;29/02/2024;-
14;1;-;RS - X;29/02/2024;-
15;1;Ana;RS - X;;-
"""
ROWS: dict[str, list[tuple[Any, ...]]] = {
    "customers": [
        (1, "Ana", "a@mail.com", 11987654321),
        (2, 'Íris "x"; y', "i@mail.com", None),
        (3, "Zoë", "z@mail.com", 5511),
    ],
    "services": [
        (10, 1, "Ana", "SP - CAMPINAS", date(2021, 6, 30), datetime(2021, 6, 29, 10, 15, 27)),
        (11, 2, "Bia", "RS - X", date(2021, 6, 30), datetime(2021, 12, 31, 23, 59, 59)),
        (12, 3, "Ana", "RS - X", date(2024, 2, 29), None),
        (13, 9, "Ana", "RS - X", date(2024, 2, 29), None),
        (14, 1, None, "RS - X", date(2024, 2, 29), None),
        (15, 1, "Ana", "RS - X", None, None),
    ],
}
NAMES = {
    "customers": ("id", "nome", "email", "telefone"),
    "services": ("id_atendimento", "id_cliente", "angel", "polo", "data_limite", "data_de_atendimento"),
}
CSV = {
    "customers": "id;nome;email;telefone\n1;Ana;a@mail.com;11987654321\n"
    '2;"Íris ""x""; y";i@mail.com;\n3;Zoë;z@mail.com;5511\n',
    "services": VISITS,
}


def table_of(kind: str) -> pl.DataFrame:
    return pl.DataFrame(ROWS[kind], schema=NAMES[kind], orient="row")


def as_ndjson(kind: str) -> bytes:
    rows = [dict(zip(NAMES[kind], row, strict=True)) for row in ROWS[kind]]
    return "\n".join(json.dumps(row, default=str) for row in rows).encode()


def by_polars(table: pl.DataFrame, **options: Any) -> bytes:
    out = io.BytesIO()
    table.write_parquet(out, **options)
    return out.getvalue()


def by_pyarrow(table: pl.DataFrame, **options: Any) -> bytes:
    out = io.BytesIO()
    pyarrow.parquet.write_table(table.to_arrow(), out, **options)
    return out.getvalue()


WRITERS: dict[str, Callable[[str], bytes]] = {
    "ndjson": as_ndjson,
    "ndjson, as gzip": lambda kind: gzip.compress(as_ndjson(kind)),
    "ndjson, in a zip": lambda kind: packed({"rows.ndjson": as_ndjson(kind)}),
    "parquet of polars": lambda kind: by_polars(table_of(kind)),
    "parquet of pyarrow": lambda kind: by_pyarrow(table_of(kind), compression="snappy", row_group_size=2),
    "parquet of floats": lambda kind: by_polars(table_of(kind).with_columns(pl.col(pl.Int64).cast(pl.Float64))),
    "parquet, in a zip": lambda kind: packed({"rows.parquet": by_polars(table_of(kind))}),
}


@pytest.mark.parametrize("writer", WRITERS)
async def test_the_same_rows_as_csv_and_in_this_form_give_the_same_load(
    client: httpx.AsyncClient, client_as: ClientAs, connection: asyncpg.Connection, writer: str
) -> None:
    as_csv = [await load_file(client, kind, CSV[kind]) for kind in ("customers", "services")]
    wanted, figures = await everything(connection), (await client.get("/v1/indicators/sla/angel")).json()["sla_angel"]
    rejects = await rejects_of(client, as_csv[1]["id"])
    assert [reason for _, _, reason, _ in rejects] == ["unknown_customer", "empty_field", "empty_field"]
    for load in reversed(as_csv):
        assert (await (await client_as("admin")).delete(f"/v1/loads/{load['id']}")).status_code == 200
    loads = [await load_file(client, kind, WRITERS[writer](kind)) for kind in ("customers", "services")]
    assert await everything(connection) == wanted
    assert (await client.get("/v1/indicators/sla/angel")).json()["sla_angel"] == figures
    assert [counts(load) for load in loads] == [counts(load) for load in as_csv]
    assert [(load["format"], load["warnings"]) for load in loads] == [(writer.split()[0].strip(","), [])] * 2
    again = [(line + 1, column, reason) for line, column, reason, _ in await rejects_of(client, loads[1]["id"])]
    assert again == [reject[:3] for reject in rejects]  # the names are no line here


async def test_a_line_that_is_no_object_of_plain_values_costs_itself(client: httpx.AsyncClient) -> None:
    ana = '{"id": 1, "nome": "Ana", "email": "a@mail.com", "tags": ["x"]}'
    lines = [ana, "", '{"id": 2, "nome": "Bia"', "7", '{"id": 3, "nome": {"a": 1}, "email": "b@mail.com"}']
    lines = [
        "\ufeff" + lines[0],
        *lines[1:4],
        *[json.dumps({"id": n, "nome": "C", "email": f"{n}@c.co"}) for n in range(5, 1010)],
    ]
    lines += [
        '{"id": 2000, "nome": {"a": 1}, "email": "b@mail.com"}',
        '{"id": 2001, "nome": "D", "email": "d@d.co", "new": 1}',
    ]
    lines += [
        '{"id": 2002, "id": 2003, "nome": "D", "email": "e@d.co"}',
        '{"id": 2004, "nome": "' + "x" * 3_000_000 + '"}',
    ]
    load = await load_file(client, "customers", "\r\n".join(lines))
    assert load["ignored"] == []
    assert load["warnings"] == ["Fields that hold objects or lists were passed over: tags."]
    rejects = [(line, reason) for line, _, reason, _ in await rejects_of(client, load["id"])]
    assert rejects == [
        (3, "missing_column"),
        (4, "missing_column"),
        (1010, "missing_column"),
        (1011, "extra_column"),
        (1012, "missing_column"),
        (1013, "too_long"),
    ]
    assert counts(load) == (1012, 1006, 0, 0, 6)


async def test_columns_of_these_forms_go_by_the_names_of_headers(client: httpx.AsyncClient) -> None:
    table = pl.DataFrame({"E-mail": ["a@b.co"], "Quem": ["Ana"], "Código": [Decimal("7.00")], "obs": [1.5]})
    load = await load_file(client, "customers", by_polars(table), columns="nome:Quem")
    assert counts(load) == (1, 1, 0, 0, 0)
    assert load["columns"] == {"email": "E-mail", "nome": "Quem", "id": "Código"}
    assert load["ignored"] == ["obs"]
    answer = await send(client, "customers", by_polars(table))
    assert (answer.status_code, "lacks nome" in answer.json()["detail"]) == (422, True)


async def test_truth_is_written_as_excel_writes_it(client: httpx.AsyncClient, connection: asyncpg.Connection) -> None:
    table = pl.DataFrame({"id": [1, 2, 3], "nome": [True, False, None], "email": [f"{n}@b.co" for n in range(3)]})
    assert counts(await load_file(client, "customers", by_polars(table))) == (3, 2, 0, 0, 1)
    stored = await connection.fetch("SELECT nome FROM customers ORDER BY id")
    assert [nome for (nome,) in stored] == ["TRUE", "FALSE"]


async def test_a_moment_with_a_zone_is_no_date(client: httpx.AsyncClient) -> None:
    await load_file(client, "customers", CSV["customers"])
    zoned = (
        table_of("services")
        .head(1)
        .with_columns(pl.lit(datetime(2021, 6, 29, 10, tzinfo=UTC)).alias(NAMES["services"][5]))
    )
    load = await load_file(client, "services", by_polars(zoned))
    rejects = await rejects_of(client, load["id"])
    assert rejects == [(1, "data_de_atendimento", "invalid_date", "2021-06-29 10:00:00+00:00")]


async def test_many_slices_and_row_groups_keep_their_order(client: httpx.AsyncClient) -> None:
    ids = pl.int_range(1, 45_001, eager=True)
    table = pl.DataFrame({"id": ids, "nome": ["Ana"] * 45_000, "email": ids.cast(pl.String) + "@mail.com"})
    broken = table.with_columns(
        pl.when(pl.col("id") == 44_999).then(pl.lit("nobody")).otherwise("email").alias("email")
    )
    load = await load_file(client, "customers", by_pyarrow(broken, row_group_size=7_000))
    assert counts(load) == (45_000, 44_999, 0, 0, 1)
    assert load["rejects"] == [{"reason": "invalid_email", "rows": 1, "first_line": 44_999}]


GOOD = by_polars(table_of("customers"))
NESTED = by_polars(table_of("customers").with_columns(nome=pl.struct("nome")))
WRONG: dict[str, tuple[bytes, int, str]] = {
    "cut off": (GOOD[:-10], 422, "broken"),
    "its middle changed": (GOOD[:40] + b"\xff" * 60 + GOOD[100:], 422, ""),
    "its end changed": (GOOD[:-200] + b"\xff" * 190 + GOOD[-10:], 422, ""),
    "a footer of 2 GB": (GOOD[:-8] + b"\xff\xff\xff\x7fPAR1", 422, "broken"),
    "too many columns": (by_polars(pl.DataFrame({f"c{n}": [1] for n in range(600)})), 422, "500 columns"),
    "a nested column that is needed": (NESTED, 422, "lacks nome"),
    "nothing but nested columns": (by_polars(pl.DataFrame({"a": [[1]]})), 422, "plain values"),
    "no column": (by_polars(pl.DataFrame()), 422, "plain values"),
    "ndjson without names of ours": (b'{"a": 1}\n{"a": 2}\n', 422, "not those of customers"),
    "ndjson without an object": (b'{"a": [1]}\n', 422, "plain values"),
    "ndjson with many names": (
        json.dumps({f"c{n}": 1 for n in range(60_000)}).encode() + b"\n{}" * 999,
        422,
        "500 names",
    ),
    "a list of objects": (as_body([{"id": 1}], "application/json"), 415, "NDJSON"),
    "a document of many lines": (json.dumps({"rows": []}, indent=1).encode(), 415, "NDJSON"),
}


@pytest.mark.parametrize("wrong", WRONG)
async def test_a_file_that_is_wrong_is_refused_with_a_reason(client: httpx.AsyncClient, wrong: str) -> None:
    content, status, words = WRONG[wrong]
    answer = await send(client, "customers", content)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")
    assert words in answer.json()["detail"]
    assert (await client.get("/v1/loads")).json()["loads"] == []


def bomb(rows: int) -> bytes:
    """Few kB that are very many rows."""
    table = pyarrow.table({
        "id": pyarrow.array([1] * rows, pyarrow.int32()),
        "nome": pyarrow.DictionaryArray.from_arrays(pyarrow.array([0] * rows, pyarrow.int32()), ["x" * 200]),
        "email": pyarrow.DictionaryArray.from_arrays(pyarrow.array([0] * rows, pyarrow.int32()), ["a@b.co"]),
    })  # fmt: skip
    out = io.BytesIO()
    pyarrow.parquet.write_table(table, out, compression="zstd")
    return out.getvalue()


async def test_a_bomb_of_parquet_ends_at_the_bound_of_a_file(connection: asyncpg.Connection, database_url: str) -> None:
    content = bomb(1_000_000)
    assert len(content) < 100_000
    async with client_with(connection, database_url, load_max_bytes=10_000_000) as client:
        answer = await send(client, "customers", content)
        assert (answer.status_code, "10000000 bytes" in answer.json()["detail"]) == (413, True)
        assert (await load_file(client, "customers", GOOD))["rows_inserted"] == 3


async def test_parquet_that_needs_too_much_memory_is_refused(connection: asyncpg.Connection, database_url: str) -> None:
    table = pl.DataFrame({"id": [1], "nome": ["x" * 300_000_000], "email": ["a@b.co"]})
    async with client_with(connection, database_url, load_reader_bytes=160 * 1024**2) as client:
        answer = await send(client, "customers", by_polars(table, compression="zstd"))
        assert (answer.status_code, "memory" in answer.json()["detail"]) == (422, True)
        assert (await load_file(client, "customers", GOOD))["rows_inserted"] == 3


@pytest.mark.parametrize("option", [{"delimiter": ";"}, {"encoding": "utf-8"}, {"sheet": "A"}, {"header": "none"}])
async def test_what_these_forms_do_not_have_is_refused(client: httpx.AsyncClient, option: dict[str, str]) -> None:
    for content in (GOOD, as_ndjson("customers")):
        answer = await send(client, "customers", content, **option)
        assert (answer.status_code, answer.json()["errors"][0]["loc"]) == (422, ["query", *option])


async def test_a_key_stands_for_a_file_of_these_forms_too(client: httpx.AsyncClient) -> None:
    async def sent(content: bytes) -> httpx.Response:
        headers = {"Idempotency-Key": "k", "Content-Type": "application/vnd.apache.parquet"}
        return await client.post("/v1/customers/batch", content=content, headers=headers)

    first, again, other = await sent(GOOD), await sent(GOOD), await sent(as_ndjson("customers"))
    assert first.json()["load"]["id"] == again.json()["load"]["id"]
    assert other.status_code == 422
    assert counts(await finished(client, first.json()["load"]["id"])) == (3, 3, 0, 0, 0)


def ndjson(*rows: dict[str, Any]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


async def test_in_an_update_a_field_that_no_object_has_is_kept_and_one_that_only_some_have_is_refused(
    client: httpx.AsyncClient,
) -> None:
    ana, bia = ({"id": n, "nome": name, "email": f"{name}@mail.com"} for n, name in ((1, "Ana"), (2, "Bia")))

    async def telephones() -> list[str | None]:
        return [(await client.get(f"/v1/customers/{n}")).json()["telefone"] for n in (1, 2)]

    sparse = ndjson(ana | {"telefone": "11"}, bia)
    assert counts(await load_file(client, "customers", sparse)) == (2, 2, 0, 0, 0)
    assert await telephones() == ["11", None]
    load = await load_file(client, "customers", ndjson(ana | {"nome": "Eva"}, bia), on_conflict="update")
    assert (counts(load), await telephones()) == ((2, 0, 1, 1, 0), ["11", None])
    late = ndjson(*[bia | {"telefone": "22"}] * 1500, ana)  # beyond what is looked at first
    for content in (ndjson(bia | {"telefone": "22"}, ana), late):
        refused = await send(client, "customers", content, on_conflict="update")
        assert (refused.status_code, "telefone" in refused.json()["detail"]) == (422, True)
        assert refused.json()["errors"][0]["loc"] == ["body", "file"]
    assert await telephones() == ["11", None]
    said = ndjson(bia | {"telefone": "22", "obs": 1}, ana | {"telefone": None})
    assert counts(await load_file(client, "customers", said, on_conflict="update")) == (2, 0, 2, 0, 0)
    assert await telephones() == [None, "22"]


async def test_a_line_with_a_name_twice_is_rejected_as_it_was_sent(client: httpx.AsyncClient) -> None:
    doubled = '{"id": 2, "nome": "Bia", "nome": "Eva", "email": "b@mail.com", "telefone": null}'
    rows = ['{"id": 1, "nome": "Ana", "email": "a@mail.com", "telefone": null}', doubled]
    load = await load_file(client, "customers", "\n".join(rows))
    assert counts(load) == (2, 1, 0, 0, 1)
    (reject,) = (await client.get(f"/v1/loads/{load['id']}/rejects")).json()["rejects"]
    assert (reject["line"], reject["reason"]) == (2, "missing_column")
    assert "Eva" in reject["row"]
    assert "Bia" in reject["row"]
