"""Resumable uploads by tus 1.0, request by request. A real client is in test_uploads_client.py."""

import asyncio
import hashlib
from collections.abc import AsyncIterator

import asyncpg
import httpx
import pytest
from conftest import ClientAs, client_of, make_settings, running_app
from fastapi import FastAPI
from load_client import client_with, counts, finished, load_file, send
from tus import BYTES, CUSTOMERS, RESUMABLE, append, checksum, create, created, load_id_of, metadata, offset_of

from logistics_indicators.loads.uploads import appending, storing

HALF = len(CUSTOMERS) // 2


async def no_bytes_are_kept(connection: asyncpg.Connection) -> None:
    assert await connection.fetchval("SELECT count(*) FROM upload_parts") == 0


async def test_a_file_in_pieces_becomes_the_load_that_it_would_be_in_one(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    address = await created(client, len(CUSTOMERS), filename="clientes.csv")
    for start in range(0, len(CUSTOMERS), 1000):
        assert await offset_of(client, address) == start
        answer = await append(client, address, start, CUSTOMERS[start : start + 1000])
        assert answer.status_code == 204
        assert answer.headers["upload-offset"] == str(min(start + 1000, len(CUSTOMERS)))
        assert answer.headers["upload-expires"].endswith("GMT")
        assert answer.headers["tus-resumable"] == "1.0.0"
    load = await finished(client, load_id_of(answer))
    assert (load["filename"], load["bytes"]) == ("clientes.csv", len(CUSTOMERS))
    assert load["sha256"] == hashlib.sha256(CUSTOMERS).hexdigest()
    assert counts(load) == (300, 300, 0, 0, 0)
    await no_bytes_are_kept(connection)


async def test_the_upload_tells_its_load(client: httpx.AsyncClient) -> None:
    address = await created(client, len(CUSTOMERS))
    load_id = load_id_of(await append(client, address, 0, CUSTOMERS))
    upload = (await client.get(address)).json()
    assert (upload["status"], upload["load_id"], upload["error"]) == ("loaded", load_id, None)
    head = await client.head(address, headers=RESUMABLE)
    assert head.headers["location"] == f"/v1/loads/{load_id}"
    assert head.headers["upload-offset"] == head.headers["upload-length"] == str(len(CUSTOMERS))
    assert head.headers["cache-control"] == "no-store"


async def test_the_last_answer_may_be_asked_for_again_and_there_is_one_load(client: httpx.AsyncClient) -> None:
    address = await created(client, len(CUSTOMERS))
    load_id = load_id_of(await append(client, address, 0, CUSTOMERS))
    assert load_id_of(await append(client, address, len(CUSTOMERS), b"")) == load_id
    assert len((await client.get("/v1/loads")).json()["loads"]) == 1


async def test_a_file_may_come_with_the_request_that_begins_the_upload(client: httpx.AsyncClient) -> None:
    headers = BYTES | {"Upload-Length": str(len(CUSTOMERS))} | metadata(kind="customers")
    first = await client.post("/v1/uploads", content=CUSTOMERS[:HALF], headers=headers)
    assert (first.status_code, first.headers["upload-offset"]) == (201, str(HALF))
    assert first.json()["status"] == "receiving"
    load_id = load_id_of(await append(client, first.headers["location"], HALF, CUSTOMERS[HALF:]))
    whole = await client.post("/v1/uploads", content=CUSTOMERS, headers=headers)
    assert (whole.status_code, whole.json()["status"]) == (201, "loaded")
    assert whole.json()["load_id"] > load_id
    assert counts(await finished(client, whole.json()["load_id"])) == (300, 0, 0, 300, 0)


async def test_what_is_asked_of_the_load_is_asked_in_the_metadata(client: httpx.AsyncClient) -> None:
    await load_file(client, "customers", "1;Ana;a@mail.com;\n")
    content = "Nome,Código,Correio\nBia,1,b@mail.com\nRui,2,c@mail.com\n".encode("cp850")
    asked = {"columns": "email:Correio", "delimiter": ",", "encoding": "cp850", "on_conflict": "update"}
    address = await created(client, len(content), **asked, validate_only="true")
    load = await finished(client, load_id_of(await append(client, address, 0, content)))
    assert (load["validate_only"], load["on_conflict"], load["encoding"], load["delimiter"]) == (
        True, "update", "cp850", ",",
    )  # fmt: skip
    assert counts(load) == (2, 1, 1, 0, 0)
    assert (await client.get("/v1/customers/1")).json()["nome"] == "Ana"


@pytest.mark.parametrize(
    ("asked", "name", "msg"),
    [
        ({"kind": "clients"}, "kind", "there are: customers, services"),
        ({"delimiter": "|"}, "delimiter", "Input should be"),
        ({"on_conflict": "replace"}, "on_conflict", "Input should be 'reject' or 'update'"),
        ({"max_rejects": "-1"}, "max_rejects", "greater than or equal to 0"),
        ({"validate_only": "perhaps"}, "validate_only", "valid boolean"),
        ({"columns": "anjo:Agente"}, "columns", "unknown column anjo"),
        ({"columns": "id:Código", "header": "none"}, "columns", "columns names those of a header"),
        ({"delimeter": ","}, "delimeter", "unknown name; there are: columns, delimiter"),
    ],
)
async def test_what_cannot_be_asked_is_told_before_a_byte_is_sent(
    client: httpx.AsyncClient, asked: dict[str, str], name: str, msg: str
) -> None:
    answer = await create(client, 10, **asked)
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["loc"] == ["header", "Upload-Metadata", name]
    assert msg in error["msg"]


@pytest.mark.parametrize("told", ["kind", "kind !!!", "kind Y3VzdG9tZXJz,kind Y3VzdG9tZXJz", ",", "kind /w==", ""])
async def test_metadata_that_cannot_be_read_are_told(client: httpx.AsyncClient, told: str) -> None:
    headers = RESUMABLE | {"Upload-Length": "10", "Upload-Metadata": told}
    answer = await client.post("/v1/uploads", headers=headers)
    assert answer.status_code == 422
    error = answer.json()["errors"][0]
    assert error["loc"][1] == "Upload-Metadata"
    assert answer.json()["detail"] == error["msg"]
    assert error["msg"].startswith(("kind ", "Upload-Metadata ")), "what is wrong has a subject"


async def test_a_file_that_can_be_no_load_gets_the_answer_of_a_batch_route_and_keeps_it(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    for content in (b"%PDF-1.7 " + b"x" * 100, b"one\ntwo\n", b"\x1f\x8bno gzip at all", b"\n\n"):
        expected = await send(client, "customers", content)
        address = await created(client, len(content))
        for answer in (
            await append(client, address, 0, content),
            await append(client, address, len(content), b""),
        ):
            assert answer.status_code == expected.status_code
            assert answer.json() == expected.json()
        upload = (await client.get(address)).json()
        assert (upload["status"], upload["error"]["status"]) == ("refused", expected.status_code)
    await no_bytes_are_kept(connection)
    assert (await client.get("/v1/loads")).json()["loads"] == []


async def test_bytes_that_begin_elsewhere_are_409_and_told_where_to_go_on(client: httpx.AsyncClient) -> None:
    address = await created(client, len(CUSTOMERS))
    await append(client, address, 0, CUSTOMERS[:HALF])
    for offset in (0, HALF - 1, HALF + 1, len(CUSTOMERS), 2**40):
        answer = await append(client, address, offset, CUSTOMERS[HALF:])
        assert (answer.status_code, answer.headers["upload-offset"]) == (409, str(HALF))
    load_id_of(await append(client, address, HALF, CUSTOMERS[HALF:]))


@pytest.mark.parametrize("algorithm", ["sha256", "sha1"])
async def test_bytes_with_another_checksum_are_460_and_none_of_them_is_kept(
    client: httpx.AsyncClient, connection: asyncpg.Connection, algorithm: str
) -> None:
    address = await created(client, len(CUSTOMERS))
    first, second = CUSTOMERS[:HALF], CUSTOMERS[HALF:]
    assert (await append(client, address, 0, first, checksum(first, algorithm))).status_code == 204
    answer = await append(client, address, HALF, second, checksum(first, algorithm))
    assert (answer.status_code, answer.json()["title"]) == (460, "Checksum Mismatch")
    assert await offset_of(client, address) == HALF
    kept = await connection.fetchval("SELECT sum(octet_length(body)) FROM upload_parts")
    assert kept == HALF
    load = await finished(client, load_id_of(await append(client, address, HALF, second, checksum(second, algorithm))))
    assert counts(load) == (300, 300, 0, 0, 0)


@pytest.mark.parametrize("header", ["md5 1B2M2Y8AsgTpgAmY7PhCfg==", "sha256", "sha1 ", "sha256 no!", ""])
async def test_a_checksum_that_cannot_be_read_is_400(client: httpx.AsyncClient, header: str) -> None:
    address = await created(client, 10)
    answer = await append(client, address, 0, b"x", {"Upload-Checksum": header})
    assert answer.status_code == 400
    assert await offset_of(client, address) == 0


class Gate:
    """A body of which the second piece waits until it is opened."""

    def __init__(self, first: bytes, second: bytes) -> None:
        self.first, self.second = first, second
        self.begun, self.opened = asyncio.Event(), asyncio.Event()

    async def body(self) -> AsyncIterator[bytes]:
        yield self.first
        self.begun.set()
        await self.opened.wait()
        yield self.second


async def test_of_two_requests_at_once_the_second_is_423_and_the_first_goes_on(client: httpx.AsyncClient) -> None:
    address = await created(client, len(CUSTOMERS))
    gate = Gate(CUSTOMERS[:HALF], CUSTOMERS[HALF:])
    first = asyncio.create_task(append(client, address, 0, gate.body()))
    await gate.begun.wait()
    second = await append(client, address, 0, CUSTOMERS)
    assert (second.status_code, second.headers["retry-after"]) == (423, "1")
    gate.opened.set()
    assert counts(await finished(client, load_id_of(await first))) == (300, 300, 0, 0, 0)
    assert len((await client.get("/v1/loads")).json()["loads"]) == 1


async def test_a_request_that_fell_silent_is_overtaken_and_changes_nothing_any_more(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    address = await created(client, len(CUSTOMERS))
    gate = Gate(CUSTOMERS[:HALF], CUSTOMERS[HALF:])
    first = asyncio.create_task(append(client, address, 0, gate.body()))
    await gate.begun.wait()
    await connection.execute("UPDATE uploads SET held_until = clock_timestamp() - interval '1 s'")  # time goes by
    load_id = load_id_of(await append(client, address, 0, CUSTOMERS))
    gate.opened.set()
    assert (await first).status_code in (409, 423)
    assert counts(await finished(client, load_id)) == (300, 300, 0, 0, 0)
    assert len((await client.get("/v1/loads")).json()["loads"]) == 1


async def test_a_request_that_stands_still_is_408_and_what_came_is_kept(
    connection: asyncpg.Connection, database_url: str
) -> None:
    async with client_with(connection, database_url, load_stall_seconds=1) as client:
        address = await created(client, len(CUSTOMERS))
        assert (await append(client, address, 0, Gate(CUSTOMERS[:HALF], b"").body())).status_code == 408
        assert await offset_of(client, address) == HALF
        load_id_of(await append(client, address, HALF, CUSTOMERS[HALF:]))


async def test_another_process_goes_on_where_the_first_stopped(
    client: httpx.AsyncClient, connection: asyncpg.Connection, database_url: str
) -> None:
    address = await created(client, len(CUSTOMERS))
    await append(client, address, 0, CUSTOMERS[:HALF])
    token = client.headers["Authorization"].removeprefix("Bearer ")
    async with running_app(make_settings(database_url)) as other, client_of(other, token) as there:
        assert await offset_of(there, address) == HALF
        load_id = load_id_of(await append(there, address, HALF, CUSTOMERS[HALF:]))
    assert (await finished(client, load_id))["sha256"] == hashlib.sha256(CUSTOMERS).hexdigest()


async def test_a_whole_upload_whose_process_died_becomes_a_load_by_itself(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    address = await created(client, len(CUSTOMERS))
    await append(client, address, 0, CUSTOMERS[:HALF])
    # As a process leaves it that dies between the last byte and the load.
    insert = "INSERT INTO upload_parts SELECT id, received, $1 FROM uploads"
    async with connection.transaction():
        await connection.execute(insert, CUSTOMERS[HALF:])
        await connection.execute(
            "UPDATE uploads SET received = length, holder = gen_random_uuid(), held_until = clock_timestamp(), "
            "expires_at = clock_timestamp() - interval '1 s'"
        )
    async with asyncio.timeout(60):
        while (upload := (await client.get(address)).json())["status"] != "loaded":
            assert upload["status"] == "whole"
            await asyncio.sleep(0.05)
    load = await finished(client, upload["load_id"])
    assert (load["sha256"], counts(load)) == (hashlib.sha256(CUSTOMERS).hexdigest(), (300, 300, 0, 0, 0))
    assert len((await client.get("/v1/loads")).json()["loads"]) == 1
    await no_bytes_are_kept(connection)


@pytest.mark.parametrize(
    ("what", "status"),
    [("UPDATE users SET role = 'viewer'", 403), ("UPDATE users SET active = false", 401), ("DELETE FROM users", 401)],
)
async def test_an_upload_whose_user_may_load_no_more_is_refused_and_its_bytes_go(
    client: httpx.AsyncClient, client_as: ClientAs, connection: asyncpg.Connection, what: str, status: int
) -> None:
    """Someone else sends its last bytes; else nobody could."""
    admin = await client_as("admin")
    address = await created(client, len(CUSTOMERS))
    assert (await append(client, address, 0, CUSTOMERS[:100])).status_code == 204
    await connection.execute(f"{what} WHERE role = 'analyst'")
    await append(admin, address, 100, CUSTOMERS[100:])
    upload = (await admin.get(address)).json()
    assert (upload["status"], upload["error"]["status"]) == ("refused", status)
    assert await connection.fetchval("SELECT count(*) FROM upload_parts") == 0
    assert await connection.fetchval("SELECT count(*) FROM loads") == 0


async def test_an_upload_that_expired_is_404_and_its_bytes_go(
    app: FastAPI, client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    expired, going_on = await created(client, len(CUSTOMERS)), await created(client, len(CUSTOMERS))
    for address in (expired, going_on):
        await append(client, address, 0, CUSTOMERS[:HALF])
    await connection.execute(
        "UPDATE uploads SET expires_at = clock_timestamp() - interval '1 s' WHERE id::text = $1", expired[-36:]
    )
    assert (await client.head(expired, headers=RESUMABLE)).status_code == 404
    assert (await append(client, expired, HALF, CUSTOMERS[HALF:])).status_code == 404
    assert await storing.sweep(app.state.pool) == 1
    assert await connection.fetchval("SELECT sum(octet_length(body)) FROM upload_parts") == HALF
    load_id_of(await append(client, going_on, HALF, CUSTOMERS[HALF:]))


async def test_an_upload_given_up_is_gone_with_its_bytes(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    address = await created(client, len(CUSTOMERS))
    await append(client, address, 0, CUSTOMERS[:HALF])
    assert (await client.delete(address, headers=RESUMABLE)).status_code == 204
    await no_bytes_are_kept(connection)
    assert (await client.head(address, headers=RESUMABLE)).status_code == 404
    assert (await append(client, address, HALF, CUSTOMERS[HALF:])).status_code == 404


async def test_the_load_stays_when_its_upload_is_taken_away(client: httpx.AsyncClient) -> None:
    address = await created(client, len(CUSTOMERS))
    load_id = load_id_of(await append(client, address, 0, CUSTOMERS))
    assert (await client.delete(address, headers=RESUMABLE)).status_code == 204
    assert counts(await finished(client, load_id)) == (300, 300, 0, 0, 0)


async def test_a_file_that_is_too_large_or_empty_is_told_before_a_byte_is_sent(
    connection: asyncpg.Connection, database_url: str
) -> None:
    async with client_with(connection, database_url, load_max_bytes=1000) as client:
        assert (await client.options("/v1/uploads")).headers["tus-max-size"] == "1000"
        assert (await create(client, 1001)).status_code == 413
        assert (await create(client, 0)).status_code == 422
        assert (await create(client, 1000)).status_code == 201


async def test_more_bytes_than_were_spoken_of_are_413(client: httpx.AsyncClient) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b"x" * 100

    address = await created(client, 150)
    for content in (b"x" * 151, endless()):
        assert (await append(client, address, 0, content)).status_code == 413
    assert await offset_of(client, address) <= 150


async def test_uploads_count_in_the_share_of_a_user_and_become_loads_within_it(
    connection: asyncpg.Connection, database_url: str
) -> None:
    changes = {"load_workers": 0, "load_spool_bytes_per_user": len(CUSTOMERS) + 100}
    async with client_with(connection, database_url, **changes) as client:
        address, second = await created(client, len(CUSTOMERS)), await created(client, len(CUSTOMERS))
        await append(client, address, 0, CUSTOMERS[:-10])
        load_id_of(await append(client, address, len(CUSTOMERS) - 10, CUSTOMERS[-10:]))
        await append(client, second, 0, CUSTOMERS[:200])
        answer = await append(client, second, 200, CUSTOMERS[200:])
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "30")
        assert (await create(client, 10)).status_code == 429
        assert await offset_of(client, second) == 200


async def test_a_user_has_so_many_uploads_that_are_not_whole(client: httpx.AsyncClient, client_as: ClientAs) -> None:
    first = await created(client, 10)
    for _ in range(storing.MOST_WAITING - 1):
        await created(client, 10)
    assert (await create(client, 10)).status_code == 429
    await created(await client_as("analyst"), 10)
    await client.delete(first, headers=RESUMABLE)
    await created(client, 10)


async def test_an_upload_is_its_owner_s_and_the_admins_(client: httpx.AsyncClient, client_as: ClientAs) -> None:
    address = await created(client, len(CUSTOMERS))
    for role in ("analyst", "viewer"):
        other = await client_as(role)
        assert (await other.head(address, headers=RESUMABLE)).status_code == 403
        assert (await append(other, address, 0, CUSTOMERS)).status_code == 403
        assert (await other.delete(address, headers=RESUMABLE)).status_code == 403
    admin = await client_as("admin")
    load = await finished(admin, load_id_of(await append(admin, address, 0, CUSTOMERS)))
    mine = (await client.get("/v1/auth/me")).json()["username"]
    assert load["user"] == mine


async def test_a_stranger_s_body_is_not_read(anonymous: httpx.AsyncClient) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b"x"
        raise AssertionError("more was asked for")

    answer = await append(anonymous, "/v1/uploads/8d1f1f8e-0000-4000-8000-000000000000", 0, body())
    assert (answer.status_code, answer.headers["tus-resumable"]) == (401, "1.0.0")


async def test_another_version_or_none_is_412_and_told_which_is_spoken(client: httpx.AsyncClient) -> None:
    address = await created(client, 10)
    for version in ({}, {"Tus-Resumable": "0.2.2"}):
        for method in ("POST", "PATCH", "DELETE", "HEAD"):
            if method == "HEAD" and not version:
                continue  # reading an upload takes no tus
            path = "/v1/uploads" if method == "POST" else address
            answer = await client.request(method, path, headers=version)
            assert (answer.status_code, answer.headers["tus-version"]) == (412, "1.0.0"), method


async def test_what_of_tus_is_spoken_is_told_to_anybody(anonymous: httpx.AsyncClient) -> None:
    answer = await anonymous.options("/v1/uploads")
    assert answer.status_code == 204
    assert set(answer.headers["tus-extension"].split(",")) == {
        "creation", "creation-with-upload", "termination", "expiration", "checksum",
    }  # fmt: skip
    assert answer.headers["tus-checksum-algorithm"] == "sha256,sha1"


async def test_a_network_without_patch_sends_it_as_post(client: httpx.AsyncClient, client_as: ClientAs) -> None:
    address = await created(client, len(CUSTOMERS))
    override = BYTES | {"Upload-Offset": "0", "X-HTTP-Method-Override": "PATCH"}
    stranger = await (await client_as("viewer")).post(address, content=CUSTOMERS, headers=override)
    assert stranger.status_code == 403
    load_id_of(await client.post(address, content=CUSTOMERS, headers=override))
    headless = await client.post(address, headers=RESUMABLE | {"X-HTTP-Method-Override": "HEAD"})
    assert (headless.status_code, headless.json()["status"]) == (405, 405)


@pytest.mark.parametrize("header", ["Upload-Defer-Length", "Upload-Concat"])
async def test_what_of_tus_is_not_spoken_is_told_and_not_passed_over(client: httpx.AsyncClient, header: str) -> None:
    headers = RESUMABLE | metadata(kind="customers") | {"Upload-Length": "10", header: "1"}
    assert (await client.post("/v1/uploads", headers=headers)).status_code == 400


async def test_a_number_of_tus_has_digits_alone(client: httpx.AsyncClient) -> None:
    for length in ("+10", "10.0", "1_0"):
        answer = await client.post(
            "/v1/uploads", headers=RESUMABLE | metadata(kind="customers") | {"Upload-Length": length}
        )
        assert (answer.status_code, "digits" in answer.json()["detail"]) == (400, True)
    address = await created(client, 10)
    assert (await append(client, address, 0, b"x", {"Upload-Offset": "+0"})).status_code == 400
    assert await offset_of(client, address) == 0


@pytest.mark.parametrize("far", [str(2**53 - 1), str(2**53 + 1), "9" * 20, "0" * 30 + "9" * 16, "9" * 5000])
async def test_a_number_beyond_any_file_is_answered_as_any_that_is_too_large(
    client: httpx.AsyncClient, far: str
) -> None:
    asked = RESUMABLE | metadata(kind="customers")
    refused = await client.post("/v1/uploads", headers=asked | {"Upload-Length": far})
    assert (refused.status_code, refused.json()["title"]) == (413, "Content Too Large")
    address = await created(client, 10)
    assert (await append(client, address, 0, b"x", {"Upload-Offset": far})).status_code == 409


@pytest.mark.parametrize("none", ["ten", "-1", ""])
async def test_a_length_that_is_no_number_is_422(client: httpx.AsyncClient, none: str) -> None:
    asked = RESUMABLE | metadata(kind="customers")
    assert (await client.post("/v1/uploads", headers=asked | {"Upload-Length": none})).status_code == 422


async def test_bytes_of_another_type_are_415(client: httpx.AsyncClient) -> None:
    address = await created(client, 10)
    assert (await append(client, address, 0, b"x", {"Content-Type": "text/csv"})).status_code == 415
    assert (await append(client, address, 0, b"x", {"Content-Encoding": "gzip"})).status_code == 415
    headers = RESUMABLE | metadata(kind="customers") | {"Upload-Length": "10", "Content-Type": "text/csv"}
    assert (await client.post("/v1/uploads", content=b"x", headers=headers)).status_code == 415


async def test_an_upload_that_begins_with_bytes_that_cannot_be_taken_is_not_begun(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    headers = BYTES | {"Upload-Length": str(len(CUSTOMERS))} | metadata(kind="customers") | checksum(b"other")
    assert (await client.post("/v1/uploads", content=CUSTOMERS, headers=headers)).status_code == 460
    assert await connection.fetchval("SELECT count(*) FROM uploads") == 0


async def test_an_idempotency_key_makes_two_uploads_one_load(client: httpx.AsyncClient) -> None:
    loads = set()
    for _ in range(2):
        address = await created(client, len(CUSTOMERS), idempotency_key="monday")
        loads.add(load_id_of(await append(client, address, 0, CUSTOMERS)))
        assert (await client.get(address)).json()["load_id"] in loads
    assert len(loads) == 1


async def test_a_user_has_so_many_requests_that_bring_bytes_at_once(
    connection: asyncpg.Connection, database_url: str
) -> None:
    async with client_with(connection, database_url, load_uploads_per_user=1) as client:
        gate = Gate(CUSTOMERS[:HALF], CUSTOMERS[HALF:])
        address, other = await created(client, len(CUSTOMERS)), await created(client, len(CUSTOMERS))
        first = asyncio.create_task(append(client, address, 0, gate.body()))
        await gate.begun.wait()
        assert (await append(client, other, 0, CUSTOMERS)).status_code == 429
        gate.opened.set()
        load_id_of(await first)


async def test_what_came_before_a_silence_is_kept_while_the_request_goes_on(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(appending, "PART_SECONDS", 0.05)
    address = await created(client, len(CUSTOMERS))
    was_seen = asyncio.Event()

    async def silent_in_between() -> AsyncIterator[bytes]:
        yield CUSTOMERS[:HALF]
        await was_seen.wait()
        yield CUSTOMERS[HALF:]

    sending = asyncio.create_task(append(client, address, 0, silent_in_between()))
    async with asyncio.timeout(30):
        while await offset_of(client, address) < HALF:
            await asyncio.sleep(0.02)
    assert await offset_of(client, address) == HALF
    was_seen.set()
    load = await finished(client, load_id_of(await sending))
    assert load["rows_inserted"] == 300
