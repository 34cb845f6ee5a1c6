"""From a request to the spool: what is taken, what is refused, and that nothing is kept of what was cut short.

Bodies made to hurt are in test_security_uploads.py.
"""

import asyncio
import contextlib
import gzip
import hashlib
from collections.abc import AsyncIterator, Callable

import asyncpg
import httpx
import pytest
from conftest import ClientAs, client_of, make_settings, running_app
from listening import listening
from load_client import client_with, counts, finished, load_file, send, token_of

from logistics_indicators.loads.working.sweeping import sweep

ROWS = "".join(f"{n};Customer {n};c{n}@mail.com;{n}\n" for n in range(1, 101)).encode()
MORE_ROWS = "".join(f"{n};Customer {n};c{n}@mail.com;{n}\n" for n in range(1, 1001)).encode()
"""More than is looked at to tell what a file is."""
SMALL_CHUNKS = {"load_chunk_bytes": 512}
"""ROWS are several, MORE_ROWS are many."""

BATCH = "/v1/customers/batch"
CSV = {"Content-Type": "text/csv"}
SPOOLED = "SELECT (SELECT count(*) FROM loads) AS loads, (SELECT count(*) FROM load_chunks) AS chunks"


async def spooled(connection: asyncpg.Connection) -> tuple[int, int]:
    """(loads, chunks), those being received included."""
    return tuple(await connection.fetchrow(SPOOLED))


async def until(connection: asyncpg.Connection, condition: Callable[[tuple[int, int]], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition(await spooled(connection)):
            await asyncio.sleep(0.02)


class Upload:
    """A body of which the test decides when it goes on."""

    def __init__(self, *pieces: bytes) -> None:
        self._pieces = pieces
        self.reached = asyncio.Event()
        self.go_on = asyncio.Event()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for number, piece in enumerate(self._pieces):
            if number:
                self.reached.set()
                await self.go_on.wait()
            yield piece


async def test_a_received_file_is_answered_202_with_its_load_and_where_to_watch_it(client: httpx.AsyncClient) -> None:
    answer = await client.post(BATCH, files={"file": ("clientes.csv", ROWS, "text/csv")})
    assert answer.status_code == 202
    body = answer.json()
    assert body["message"] == "received load"
    load = body["load"]
    assert answer.headers["Location"] == f"/v1/loads/{load['id']}"
    assert (load["kind"], load["filename"], load["bytes"]) == ("customers", "clientes.csv", len(ROWS))
    assert load["sha256"] == hashlib.sha256(ROWS).hexdigest()
    assert (load["encoding"], load["delimiter"], load["validate_only"]) == ("utf-8", ";", False)
    ended = await finished(client, load["id"])
    assert (ended["status"], ended["progress"], ended["error"]) == ("completed", 1.0, None)
    assert ended["received_at"] <= ended["started_at"] <= ended["finished_at"]
    assert counts(ended) == (100, 100, 0, 0, 0)
    assert ended["user"].startswith("analyst-")


async def test_after_the_202_every_byte_is_in_the_database_and_another_process_can_load_it(
    database_url: str, connection: asyncpg.Connection
) -> None:
    async with client_with(connection, database_url, load_workers=0, load_chunk_bytes=200) as client:
        load = (await send(client, "customers", ROWS)).json()["load"]
        assert (load["status"], load["progress"]) == ("received", 0.0)
        chunks = await connection.fetch("SELECT body FROM load_chunks WHERE load_id = $1 ORDER BY seq", load["id"])
        assert len(chunks) > 10
    async with client_with(connection, database_url) as client:
        assert counts(await finished(client, load["id"])) == (100, 100, 0, 0, 0)
    assert await spooled(connection) == (1, 0)


@pytest.mark.parametrize(
    "kind",
    [
        *("text/csv", "text/csv; charset=windows-1252", "TEXT/CSV", "application/vnd.ms-excel"),
        *("application/octet-stream", "text/plain", "text/plain; charset=utf-8"),
    ],
)
async def test_every_type_that_clients_give_a_csv_file_is_taken(client: httpx.AsyncClient, kind: str) -> None:
    answer = await client.post(BATCH, files={"file": ("c.csv", ROWS, kind)})
    assert answer.status_code == 202, answer.text
    assert counts(await finished(client, answer.json()["load"]["id"]))[1] == 100


@pytest.mark.parametrize("kind", ["text/csv", "text/csv; charset=utf-8"])
async def test_a_bare_csv_body_is_taken(client: httpx.AsyncClient, kind: str) -> None:
    answer = await client.post(BATCH, content=ROWS, headers={"Content-Type": kind})
    assert answer.status_code == 202, answer.text
    load = await finished(client, answer.json()["load"]["id"])
    assert (load["filename"], load["bytes"]) == (None, len(ROWS))
    assert counts(load) == (100, 100, 0, 0, 0)


@pytest.mark.parametrize("kind", ["application/xml", "application/msword", "application/pdf", "image/png", "text/html"])
async def test_a_file_of_another_type_is_415(
    client: httpx.AsyncClient, connection: asyncpg.Connection, kind: str
) -> None:
    assert (await client.post(BATCH, files={"file": ("c.csv", ROWS, kind)})).status_code == 415
    assert (await client.post(BATCH, content=ROWS, headers={"Content-Type": kind})).status_code == 415
    assert await spooled(connection) == (0, 0)


async def test_no_file_is_422(client: httpx.AsyncClient, connection: asyncpg.Connection) -> None:
    assert (await client.post(BATCH)).status_code == 422
    assert (await client.post(BATCH, headers=CSV)).status_code == 422
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    assert (await client.post(BATCH, content=b"--b--\r\n", headers=headers)).status_code == 422
    answer = await client.post(BATCH, files={"arquivo": ("c.csv", ROWS, "text/csv")})
    assert answer.status_code == 422
    assert "file" in answer.text
    assert await spooled(connection) == (0, 0)


@pytest.mark.parametrize("content", [b"", b"\n\n \r\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\r\n"])
async def test_an_empty_file_is_422(client: httpx.AsyncClient, connection: asyncpg.Connection, content: bytes) -> None:
    answer = await client.post(BATCH, files={"file": ("c.csv", content, "text/csv")})
    assert answer.status_code == 422
    assert "empty" in answer.json()["detail"]
    assert (await client.post(BATCH, content=content, headers=CSV)).status_code == 422
    assert await spooled(connection) == (0, 0)


@pytest.mark.parametrize("rest", ["", "\n", "\n\n ; ; ;\n"])
@pytest.mark.parametrize("options", [{}, {"validate_only": True}, {"max_rejects": 3}])
async def test_a_load_from_which_no_row_was_read_has_failed_and_says_why(
    client: httpx.AsyncClient, rest: str, options: dict[str, object]
) -> None:
    load = await load_file(client, "customers", "id;nome;email;telefone" + rest, **options)
    assert load["status"] == "failed"
    assert "No row was read" in load["error"]
    assert counts(load) == (0, 0, 0, 0, 0)
    assert (await load_file(client, "customers", "1;Ana;ana@mail.com;1\n"))["status"] == "completed"


@pytest.mark.parametrize(
    "fields",
    [
        [("file", ("c.csv", ROWS, "text/csv")), ("file", ("d.csv", ROWS, "text/csv"))],
        [("file", ("c.csv", ROWS, "text/csv")), ("note", (None, b"hello"))],
        [("note", (None, b"hello")), ("file", ("c.csv", ROWS, "text/csv"))],
    ],
)
async def test_a_second_file_or_another_field_is_422_and_nothing_is_kept(
    client: httpx.AsyncClient, connection: asyncpg.Connection, fields: list[tuple[str, tuple[str, bytes, str]]]
) -> None:
    assert (await client.post(BATCH, files=fields)).status_code == 422
    assert await spooled(connection) == (0, 0)


async def test_an_unknown_option_is_422_and_names_those_there_are(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    answer = await send(client, "customers", ROWS, on_conflct="update")
    assert answer.status_code == 422
    assert "on_conflict" in answer.text
    assert (await send(client, "customers", ROWS, on_conflict="replace")).status_code == 422
    assert (await send(client, "customers", ROWS, max_rejects=-1)).status_code == 422
    assert await spooled(connection) == (0, 0)


async def test_a_file_as_large_as_may_be_is_taken_and_one_byte_more_is_413(
    database_url: str, connection: asyncpg.Connection
) -> None:
    async with client_with(connection, database_url, load_max_bytes=len(ROWS), **SMALL_CHUNKS) as client:
        packed = {"Content-Encoding": "gzip"}
        assert (await send(client, "customers", ROWS + b"1")).status_code == 413
        assert (await client.post(BATCH, content=ROWS + b"1", headers=CSV)).status_code == 413
        assert (await client.post(BATCH, content=gzip.compress(ROWS + b"1"), headers=CSV | packed)).status_code == 413
        assert await spooled(connection) == (0, 0)
        assert counts(await load_file(client, "customers", ROWS)) == (100, 100, 0, 0, 0)


@pytest.mark.parametrize("packed", [gzip.compress(ROWS), gzip.compress(ROWS[:777]) + gzip.compress(ROWS[777:])])
async def test_a_gzip_body_is_unpacked_of_one_member_or_of_two(client: httpx.AsyncClient, packed: bytes) -> None:
    answer = await client.post(BATCH, content=packed, headers=CSV | {"Content-Encoding": "gzip"})
    assert answer.status_code == 202, answer.text
    load = await finished(client, answer.json()["load"]["id"])
    assert (load["bytes"], load["sha256"]) == (len(ROWS), hashlib.sha256(ROWS).hexdigest())
    assert counts(load) == (100, 100, 0, 0, 0)


async def test_a_gzip_body_may_come_a_byte_at_a_time(client: httpx.AsyncClient) -> None:
    async def bytewise() -> AsyncIterator[bytes]:
        for byte in gzip.compress(ROWS):
            yield bytes([byte])

    answer = await client.post(BATCH, content=bytewise(), headers=CSV | {"Content-Encoding": "gzip"})
    assert counts(await finished(client, answer.json()["load"]["id"])) == (100, 100, 0, 0, 0)


async def test_a_multipart_body_may_come_a_byte_at_a_time(client: httpx.AsyncClient) -> None:
    sent = httpx.Request("POST", "http://test", files={"file": ("c.csv", ROWS, "text/csv")})
    body = sent.read()

    async def bytewise() -> AsyncIterator[bytes]:
        for byte in body:
            yield bytes([byte])

    answer = await client.post(BATCH, content=bytewise(), headers={"Content-Type": sent.headers["Content-Type"]})
    load = await finished(client, answer.json()["load"]["id"])
    assert (load["filename"], load["sha256"]) == ("c.csv", hashlib.sha256(ROWS).hexdigest())


@pytest.mark.parametrize(
    "packed", [gzip.compress(ROWS)[:-1], gzip.compress(ROWS)[:-200], ROWS, gzip.compress(ROWS) + b"x"]
)
async def test_a_gzip_body_that_is_damaged_is_400_and_nothing_is_kept(
    client: httpx.AsyncClient, connection: asyncpg.Connection, packed: bytes
) -> None:
    answer = await client.post(BATCH, content=packed, headers=CSV | {"Content-Encoding": "gzip"})
    assert answer.status_code == 400
    assert await spooled(connection) == (0, 0)


async def test_while_it_is_received_nobody_sees_a_load(database_url: str, connection: asyncpg.Connection) -> None:
    upload = Upload(MORE_ROWS[:20_000], MORE_ROWS[20_000:])
    async with client_with(connection, database_url, **SMALL_CHUNKS) as client:
        sending = asyncio.create_task(client.post(BATCH, content=upload, headers=CSV))
        await until(connection, lambda found: found[1] > 0)
        load_id = await connection.fetchval("SELECT id FROM loads")
        assert (await client.get("/v1/loads")).json()["loads"] == []
        for path in (f"/v1/loads/{load_id}", f"/v1/loads/{load_id}/rejects", f"/v1/loads/{load_id}/events"):
            assert (await client.get(path)).status_code == 404
        upload.go_on.set()
        answer = await sending
        assert answer.json()["load"]["id"] == load_id
        assert counts(await finished(client, load_id)) == (1000, 1000, 0, 0, 0)


@pytest.mark.parametrize("framing", ["Content-Length: 1000000", "Transfer-Encoding: chunked"])
@pytest.mark.parametrize("abort", [True, False])
async def test_nothing_is_left_of_a_client_that_goes_in_mid_upload(
    database_url: str, connection: asyncpg.Connection, framing: str, abort: bool
) -> None:
    async with running_app(make_settings(database_url, **SMALL_CHUNKS)) as app, listening(app) as port:
        token = await token_of(app, connection)
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        head = f"POST {BATCH} HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer {token}\r\n{framing}\r\n"
        writer.write(f"{head}Content-Type: text/csv\r\n\r\n".encode())
        writer.write(MORE_ROWS if "Length" in framing else b"%x\r\n%s\r\n" % (len(MORE_ROWS), MORE_ROWS))
        await until(connection, lambda found: found[0] == 1 and found[1] > 5)
        if abort:
            writer.transport.abort()
        else:
            writer.close()
        await until(connection, lambda found: found == (0, 0))
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
        async with client_of(app, token) as client:
            assert counts(await load_file(client, "customers", ROWS)) == (100, 100, 0, 0, 0)


async def test_a_stalled_upload_is_given_up_and_nothing_is_kept_of_it(
    database_url: str, connection: asyncpg.Connection
) -> None:
    upload = Upload(ROWS[:2000], ROWS[2000:])
    async with client_with(connection, database_url, load_stall_seconds=1, **SMALL_CHUNKS) as client:
        answer = await client.post(BATCH, content=upload, headers=CSV)
        assert upload.reached.is_set()
        assert answer.status_code == 408
        assert answer.headers["content-type"] == "application/problem+json"
        assert await spooled(connection) == (0, 0)
        assert counts(await load_file(client, "customers", ROWS)) == (100, 100, 0, 0, 0)


NO_ROOM = """
CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$
"""


@pytest.mark.parametrize(
    "when",
    [
        "BEFORE INSERT ON loads FOR EACH ROW",
        "BEFORE INSERT ON load_chunks FOR EACH ROW WHEN (new.seq = 0)",
        "BEFORE INSERT ON load_chunks FOR EACH ROW WHEN (new.seq >= 1)",
        "BEFORE UPDATE ON loads FOR EACH ROW WHEN (new.status = 'received')",
    ],
)
async def test_a_disk_that_fills_up_while_spooling_is_507_and_nothing_is_kept(
    database_url: str, connection: asyncpg.Connection, when: str
) -> None:
    await connection.execute(NO_ROOM)
    await connection.execute(f"CREATE TRIGGER no_room {when} EXECUTE FUNCTION no_room()")
    async with client_with(connection, database_url, **SMALL_CHUNKS) as client:
        answer = await send(client, "customers", ROWS)
        assert answer.status_code == 507
        assert answer.headers["content-type"] == "application/problem+json"
        assert await spooled(connection) == (0, 0)
        await connection.execute("DROP FUNCTION no_room CASCADE")
        assert counts(await load_file(client, "customers", ROWS)) == (100, 100, 0, 0, 0)


async def test_a_user_with_as_many_uploads_under_way_as_allowed_is_told_429_and_others_are_not(
    database_url: str, connection: asyncpg.Connection
) -> None:
    settings = make_settings(database_url, load_uploads_per_user=2)
    async with running_app(settings) as app, contextlib.AsyncExitStack() as stack:
        tokens = [await token_of(app, connection) for _ in range(2)]
        client, other = [await stack.enter_async_context(client_of(app, token)) for token in tokens]
        uploads = [Upload(ROWS[:500], ROWS[500:]) for _ in range(2)]
        sending = [asyncio.create_task(client.post(BATCH, content=upload, headers=CSV)) for upload in uploads]
        for upload in uploads:
            await upload.reached.wait()
        refused = await send(client, "customers", ROWS)
        assert refused.status_code == 429
        assert int(refused.headers["Retry-After"]) >= 1
        assert (await send(other, "customers", ROWS)).status_code == 202
        for upload in uploads:
            upload.go_on.set()
        assert [answer.status_code for answer in await asyncio.gather(*sending)] == [202, 202]
        for _ in range(3):  # refused and broken uploads give their place back, too
            assert (await send(client, "customers", "")).status_code == 422
        assert (await send(client, "customers", ROWS)).status_code == 202


OLD = """
WITH old AS (
    INSERT INTO loads (kind, status, touched_at)
    VALUES ('customers', 'receiving', now() - $1::interval) RETURNING id
)
INSERT INTO load_chunks (load_id, seq, first_line, body) SELECT id, 0, 1, '\\x31' FROM old RETURNING load_id
"""


async def test_the_upload_of_a_process_that_died_is_swept_away_and_a_live_one_stays(
    connection: asyncpg.Connection,
) -> None:
    await connection.fetchval(OLD.replace("$1::interval", "interval '10 minutes'"))
    alive = await connection.fetchval(OLD.replace("$1::interval", "interval '1 second'"))
    await sweep(connection, 90)
    assert [row["load_id"] for row in await connection.fetch("SELECT load_id FROM load_chunks")] == [alive]
    assert [row["id"] for row in await connection.fetch("SELECT id FROM loads")] == [alive]


async def test_a_starting_service_sweeps_what_a_dead_one_left(
    database_url: str, connection: asyncpg.Connection
) -> None:
    await connection.fetchval(OLD.replace("$1::interval", "interval '10 minutes'"))
    async with running_app(make_settings(database_url)):
        await until(connection, lambda found: found == (0, 0))


@pytest.mark.parametrize("kind", ["customers", "services"])
async def test_only_those_who_may_write_may_load(
    anonymous: httpx.AsyncClient, client_as: ClientAs, connection: asyncpg.Connection, kind: str
) -> None:
    rows = ROWS if kind == "customers" else b"1;1;ANA;SP - A;2021-06-30;-\n"
    assert (await send(anonymous, kind, rows)).status_code == 401
    assert (await send(await client_as("viewer"), kind, rows)).status_code == 403
    assert await spooled(connection) == (0, 0)
    for role in ("analyst", "admin"):
        assert (await send(await client_as(role), kind, rows)).status_code == 202


async def test_every_user_may_watch_a_load_and_only_an_admin_may_undo_it(
    anonymous: httpx.AsyncClient, client_as: ClientAs
) -> None:
    analyst, viewer, admin = [await client_as(role) for role in ("analyst", "viewer", "admin")]
    url = f"/v1/loads/{(await load_file(analyst, 'customers', ROWS))['id']}"
    for path in ("/v1/loads", url, f"{url}/rejects", f"{url}/events"):
        assert (await viewer.get(path)).status_code == 200
        assert (await anonymous.get(path)).status_code == 401
    assert [(await who.delete(url)).status_code for who in (anonymous, viewer, analyst)] == [401, 403, 403]
    assert (await viewer.get("/v1/customers/total")).json() == {"total": 100}
    assert (await admin.delete(url)).json()["status"] == "undone"
