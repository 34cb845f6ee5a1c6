"""What a client may ask of a load: update, validate only, a bound on rejects, the same again."""

import asyncio
from typing import Any

import asyncpg
import httpx
import pytest
from conftest import ClientAs
from load_client import (
    assert_indicators_are_exact,
    client_with,
    counts,
    finished,
    load_file,
    rejects_of,
    send,
    until_nothing_is_spooled,
)
from test_load_reasons import CUSTOMERS, IRIS, SERVICES

from logistics_indicators.loads.working.reporting import warnings_of

BATCH = "/v1/customers/batch"
CHUNKS = pytest.mark.parametrize("chunk_bytes", [64, 8 * 1024 * 1024])


async def table(connection: asyncpg.Connection, name: str) -> list[tuple[Any, ...]]:
    """Rows of customers or services, without the load they came with."""
    select = {
        "customers": "id, nome, email, telefone FROM customers",
        "services": "id, id_cliente, angel, polo, data_limite::text, data_de_atendimento::text FROM visits",
    }[name]
    return [tuple(row) for row in await connection.fetch(f"SELECT {select} ORDER BY id")]


def customers(*rows: str) -> str:
    return "".join(f"{row}\n" for row in rows)


def visits(*rows: tuple[int, str, str, str]) -> str:
    return "".join(f"{n};1;{angel};CE - X;{limit};{done}\n" for n, angel, limit, done in rows)


@CHUNKS
async def test_update_changes_stored_visits_and_the_indicators_follow(
    database_url: str, connection: asyncpg.Connection, chunk_bytes: int
) -> None:
    async with client_with(connection, database_url, load_chunk_bytes=chunk_bytes) as client:
        await load_file(client, "customers", IRIS)
        await load_file(
            client,
            "services",
            visits(*((n, "Ana", "2021-06-30", "2021-06-29 10:00:00") for n in range(1, 6))),
        )
        load = await load_file(
            client,
            "services",
            visits(
                (1, "Ana", "2021-06-30", "2021-06-29 10:00:00"),
                (2, "Ana", "2021-06-30", "2021-07-02 10:00:00"),  # now late
                (3, "Eva", "2021-06-30", "2021-06-29 10:00:00"),  # another angel
                (4, "Ana", "2021-06-30", "-"),  # not made after all
                (6, "Rui", "2021-06-30", "2021-06-29 10:00:00"),
            ),
            on_conflict="update",
        )
        assert (load["on_conflict"], counts(load)) == ("update", (5, 1, 3, 1, 0))
        rows = (await client.get("/v1/indicators/sla/angel?sort_field=angel&desc=false")).json()["sla_angel"]
        found = {r["angel"]: (r["total_de_atendimentos"], r["total_de_atendimentos_no_prazo"]) for r in rows}
        assert found == {"Ana": (3, 2), "Eva": (1, 1), "Rui": (1, 1)}
        await assert_indicators_are_exact(client, connection)


@CHUNKS
async def test_with_update_the_first_row_of_an_id_in_the_file_wins(
    database_url: str, connection: asyncpg.Connection, chunk_bytes: int
) -> None:
    async with client_with(connection, database_url, load_chunk_bytes=chunk_bytes) as client:
        await load_file(client, "customers", customers("1;Íris;iris@mail.com;", "2;Bia;bia@mail.com;"))
        load = await load_file(
            client,
            "customers",
            customers(
                "1;Íris da Silva;iris@mail.com;",
                "2;Bia;bia@mail.com;",  # as it stands: its first row, too
                "3;Eva;eva@mail.com;",
                "1;Other;iris@mail.com;",
                "2;Other;bia@mail.com;",
                "3;Other;eva@mail.com;",
                "1;Íris da Silva;iris@mail.com;",
                "1;Íris;iris@mail.com;",
            ),
            on_conflict="update",
        )
        assert counts(load) == (8, 1, 1, 2, 4)
        assert [(line, reason) for line, _, reason, _ in await rejects_of(client, load["id"])] == [
            (line, "duplicate_id") for line in (4, 5, 6, 8)
        ]
        assert [row[1] for row in await table(connection, "customers")] == ["Íris da Silva", "Bia", "Eva"]


@CHUNKS
async def test_with_update_an_email_may_move_from_one_customer_to_another_in_file_order(
    database_url: str, connection: asyncpg.Connection, chunk_bytes: int
) -> None:
    async with client_with(connection, database_url, load_chunk_bytes=chunk_bytes) as client:
        await load_file(client, "customers", customers(*(f"{n};Customer {n};c{n}@mail.com;" for n in (1, 2, 3, 4))))
        load = await load_file(
            client,
            "customers",
            customers(
                "4;Customer 4;c1@mail.com;",  # not free yet
                "1;Customer 1;new@mail.com;",
                "2;Customer 2;c1@mail.com;",
                "3;Customer 3;c2@mail.com;",
                "5;Customer 5;c3@mail.com;",
                "6;Customer 6;c3@mail.com;",  # not free any more
            ),
            on_conflict="update",
        )
        assert await rejects_of(client, load["id"]) == [
            (1, "email", "duplicate_email", "c1@mail.com"),
            (6, "email", "duplicate_email", "c3@mail.com"),
        ]
        assert counts(load) == (6, 1, 3, 0, 2)
        assert [(row[0], row[2]) for row in await table(connection, "customers")] == [
            (1, "new@mail.com"),
            (2, "c1@mail.com"),
            (3, "c2@mail.com"),
            (4, "c4@mail.com"),
            (5, "c3@mail.com"),
        ]


async def test_with_update_a_bad_row_leaves_the_stored_one_as_it_was(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    await load_file(client, "customers", IRIS)
    await load_file(client, "services", visits((1, "Ana", "2021-06-30", "-"), (2, "Ana", "2021-06-30", "-")))
    before = await table(connection, "services")
    load = await load_file(
        client, "services", "1;99;Eva;CE - X;2021-06-30;-\n2;1;Eva;CE - X;2021-06-31;-\n", on_conflict="update"
    )
    assert [reason for _, _, reason, _ in await rejects_of(client, load["id"])] == ["unknown_customer", "invalid_date"]
    assert counts(load) == (2, 0, 0, 0, 2)
    assert await table(connection, "services") == before


@CHUNKS
@pytest.mark.parametrize("on_conflict", ["reject", "update"])
async def test_validate_only_gives_the_report_of_the_load_and_writes_nothing(
    database_url: str, connection: asyncpg.Connection, chunk_bytes: int, on_conflict: str
) -> None:
    """Duplicates within the file, far apart, and against what is stored are in the report, too."""
    more = "".join(f"{n};Customer {n};c{n}@mail.com;\n" for n in range(100, 120))
    files: dict[str, bytes | str] = {
        "customers": CUSTOMERS
        + more
        + "100;Other;o@mail.com;\n200;Other;c101@mail.com;\n102;Customer 102;c102@mail.com;\n",
        "services": SERVICES + visits((1, "Rui", "2021-06-30", "-"), (50, "Rui", "2021-06-30", "-")).encode(),
    }
    async with client_with(connection, database_url, load_chunk_bytes=chunk_bytes) as client:
        await load_file(client, "customers", "1;Íris Lima;iris@mail.com;11987654321\n21;Eva;eva@mail.com;\n")
        await load_file(client, "services", visits((1, "Ana", "2021-06-30", "2021-06-29 10:15:27")))
        for kind, content in files.items():
            rows = await table(connection, kind)
            version = (await client.get("/v1/indicators/sla/angel")).json()
            checked = await load_file(client, kind, content, validate_only=True, on_conflict=on_conflict)
            assert (checked["status"], checked["validate_only"], checked["progress"]) == ("completed", True, 1.0)
            assert await table(connection, kind) == rows
            assert (await client.get("/v1/indicators/sla/angel")).json() == version
            await until_nothing_is_spooled(connection)

            real = await load_file(client, kind, content, on_conflict=on_conflict)
            report = ("rows_read", "rows_inserted", "rows_updated", "rows_unchanged", "rows_rejected")
            for name in (*report, "rejects", "dates", "encoding", "delimiter"):
                assert checked[name] == real[name], (kind, name)
            assert await rejects_of(client, checked["id"]) == await rejects_of(client, real["id"])
            assert await table(connection, kind) != rows


@CHUNKS
@pytest.mark.parametrize("kind", ["customers", "services"])
async def test_a_load_with_more_rejects_than_allowed_fails_says_so_and_leaves_nothing(
    database_url: str, connection: asyncpg.Connection, chunk_bytes: int, kind: str
) -> None:
    content, rejected = {"customers": (CUSTOMERS.encode(), 18), "services": (SERVICES, 16)}[kind]
    async with client_with(connection, database_url, load_chunk_bytes=chunk_bytes) as client:
        if kind == "services":
            await load_file(client, "customers", IRIS)
        load = await load_file(client, kind, content, max_rejects=rejected - 1)
        assert (load["status"], load["max_rejects"]) == ("failed", rejected - 1)
        assert str(rejected - 1) in load["error"]
        read, *parts = counts(load)
        assert (parts[:2], read) == ([0, 0], sum(parts)), "nothing of it is stored"
        assert await table(connection, kind) == []
        await until_nothing_is_spooled(connection)
        assert (await client.get("/v1/indicators/sla/angel")).json()["sla_angel"] == []

        load = await load_file(client, kind, content, max_rejects=rejected)
        assert (load["status"], load["error"]) == ("completed", None)
        assert load["rows_rejected"] == rejected
        assert len(await rejects_of(client, load["id"])) == rejected
        assert len(await table(connection, kind)) == load["rows_inserted"] > 0
        await assert_indicators_are_exact(client, connection)


async def test_no_rejects_at_all_may_be_asked_for(client: httpx.AsyncClient, connection: asyncpg.Connection) -> None:
    load = await load_file(client, "customers", IRIS + "x;Bia;bia@mail.com;\n", max_rejects=0)
    assert load["status"] == "failed"
    assert await table(connection, "customers") == []
    assert (await load_file(client, "customers", IRIS, max_rejects=0))["status"] == "completed"


async def send_keyed(
    client: httpx.AsyncClient, key: str, content: str = CUSTOMERS, kind: str = "customers"
) -> httpx.Response:
    files = {"file": ("file.csv", content.encode(), "text/csv")}
    return await client.post(f"/v1/{kind}/batch", files=files, headers={"Idempotency-Key": key})


async def test_the_same_key_and_file_give_the_first_load_and_no_second_one(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    first = await send_keyed(client, "k")
    ended = await finished(client, first.json()["load"]["id"])
    again = await send_keyed(client, "k")
    assert (again.status_code, again.headers["Location"]) == (202, first.headers["Location"])
    assert again.json()["load"] == ended
    assert await connection.fetchval("SELECT count(*) FROM loads") == 1
    await until_nothing_is_spooled(connection)


async def test_the_same_key_at_the_same_time_gives_one_load(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    answers = await asyncio.gather(*(send_keyed(client, "k") for _ in range(4)))
    assert {answer.status_code for answer in answers} == {202}
    found = {answer.json()["load"]["id"] for answer in answers}
    assert len(found) == 1
    load = await finished(client, found.pop())
    assert counts(load) == (23, 4, 0, 1, 18)
    assert await connection.fetchval("SELECT count(*) FROM loads") == 1


async def test_the_same_key_with_another_file_is_422_and_nothing_is_kept(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    first = await send_keyed(client, "k", IRIS)
    await finished(client, first.json()["load"]["id"])
    for answer in (await send_keyed(client, "k", CUSTOMERS), await send_keyed(client, "k", IRIS, "services")):
        assert answer.status_code == 422
        assert "Idempotency-Key" in answer.text
    assert await connection.fetchval("SELECT count(*) FROM loads") == 1


async def test_a_key_is_its_user_s_own(client_as: ClientAs) -> None:
    one, other = await client_as("analyst"), await client_as("analyst")
    first, second = await send_keyed(one, "k", IRIS), await send_keyed(other, "k", CUSTOMERS)
    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json()["load"]["id"] != second.json()["load"]["id"]


async def test_a_key_whose_upload_was_refused_can_be_used_again(client: httpx.AsyncClient) -> None:
    assert (await send_keyed(client, "k", "")).status_code == 422
    assert (await send_keyed(client, "k", IRIS)).status_code == 202


@CHUNKS
@pytest.mark.parametrize("on_conflict", ["reject", "update"])
async def test_the_same_file_again_changes_nothing_and_says_so(
    database_url: str, connection: asyncpg.Connection, chunk_bytes: int, on_conflict: str
) -> None:
    content = visits(*((n, f"Angel {n}", "2021-06-30", "2021-06-29 10:00:00") for n in range(1, 20)))
    async with client_with(connection, database_url, load_chunk_bytes=chunk_bytes) as client:
        await load_file(client, "customers", IRIS)
        first = await load_file(client, "services", content, on_conflict=on_conflict)
        assert (counts(first), first["warnings"]) == ((19, 19, 0, 0, 0), [])
        before, rows = (await client.get("/v1/indicators/sla/angel")).json(), await table(connection, "services")
        again = await load_file(client, "services", content, on_conflict=on_conflict)
        assert counts(again) == (19, 0, 0, 19, 0)
        assert any("nothing changed" in warning for warning in again["warnings"])
        assert (await client.get("/v1/indicators/sla/angel")).json() == before
        assert await table(connection, "services") == rows


@pytest.mark.parametrize(("rows", "warned"), [(1_048_574, False), (1_048_575, True), (1_048_576, False)])
def test_a_file_as_long_as_an_excel_sheet_may_have_been_cut_and_the_load_says_so(rows: int, warned: bool) -> None:
    warnings = warnings_of(
        {
            "warnings": [],
            "rows_read": rows,
            "rows_unchanged": 0,
            "rows_rejected": 0,
            "rejects_stored": 0,
            "rejects": [],
            "unknown_customer": "reject",
        }
    )
    assert any("1,048,575" in warning for warning in warnings) is warned


async def test_a_load_waiting_for_a_worker_can_be_watched_and_is_not_ready(
    database_url: str, connection: asyncpg.Connection
) -> None:
    async with client_with(connection, database_url, load_workers=0) as client:
        answer = await send(client, "customers", CUSTOMERS)
        watched = await client.get(answer.headers["Location"])
        assert (watched.json()["status"], watched.json()["rows_read"]) == ("received", 0)
        assert int(watched.headers["Retry-After"]) >= 1
        assert watched.json()["started_at"] is watched.json()["finished_at"] is None


async def test_a_column_that_the_file_does_not_have_is_kept_and_is_no_difference(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    await load_file(client, "customers", "id;nome;email;telefone\n1;Ana;a@mail.com;11\n2;Bia;b@mail.com;22\n")
    short = "id;nome;email\n1;Ana;a@mail.com\n2;Eva;b@mail.com\n3;Rui;r@mail.com\n"
    assert counts(await load_file(client, "customers", short)) == (3, 1, 0, 1, 1)
    for validate_only in (True, False):
        load = await load_file(client, "customers", short, on_conflict="update", validate_only=validate_only)
        assert counts(load) == (3, 0, 1, 2, 0)
    rows = await connection.fetch("SELECT nome, telefone FROM customers ORDER BY id")
    assert [tuple(row) for row in rows] == [("Ana", "11"), ("Eva", "22"), ("Rui", None)]


@pytest.mark.parametrize(
    "otherwise",
    [{"header": "none"}, {"encoding": "cp850"}, {"delimiter": ","}, {"columns": "nome:Apelido"}],
)
async def test_a_key_answers_for_no_file_that_is_to_be_read_otherwise(
    client: httpx.AsyncClient, otherwise: dict[str, str]
) -> None:
    file = "id;nome;Apelido;email\n1;Ana;Aninha;ana@mail.com\n"

    async def sent(**options: str) -> httpx.Response:
        return await client.post(
            "/v1/customers/batch",
            content=file,
            params=options,
            headers={"Content-Type": "text/csv", "Idempotency-Key": "a key"},
        )

    first = await sent()
    for options in ({}, {"encoding": "utf-8", "delimiter": ";"}, {"columns": "nome:NOME"}):
        assert (await sent(**options)).json()["load"]["id"] == first.json()["load"]["id"]
    assert (await sent(**otherwise)).status_code == 422


async def test_a_post_gets_no_id_that_a_load_brought_though_its_row_is_gone_since(client: httpx.AsyncClient) -> None:
    """A link that was kept to a deleted customer leads to nobody, not to another."""
    await load_file(client, "customers", "7;Ana;ana@mail.com;\n5;Bia;bia@mail.com;\n")
    assert (await client.delete("/v1/customers/7")).status_code == 200
    made = await client.post("/v1/customers", json={"nome": "Eva", "email": "eva@mail.com"})
    assert made.json()["id"] == 8


async def test_of_an_address_the_case_of_a_to_z_alone_means_nothing(client: httpx.AsyncClient) -> None:
    await load_file(client, "customers", "1;Ana;ÉVA@mail.com;\n2;Bia;BIA@mail.com;\n")
    load = await load_file(
        client, "customers", "3;C;Éva@Mail.com;\n4;D;éva@mail.com;\n5;E;bia@mail.com;\n6;F;Éva@mail.com;\n"
    )
    assert await rejects_of(client, load["id"]) == [
        (1, "email", "duplicate_email", "Éva@Mail.com"),
        (3, "email", "duplicate_email", "bia@mail.com"),
        (4, "email", "duplicate_email", "Éva@mail.com"),
    ]
    assert load["rows_inserted"] == 1
