"""Small bodies that would take minutes or gigabytes where a bound is missing. Each is answered, and what it is."""

import asyncio
import struct
import zipfile
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import asyncpg
import httpx
import pytest
from load_client import counts, load_file, rejects_of, send
from visits import random_visits, store

from logistics_indicators.errors import UnsupportedMediaType
from logistics_indicators.indicators.body_cache import MOST_BYTES, BodyCache
from logistics_indicators.loads.receiving import unpacking

HEADER = "id;nome;email;telefone\n"
VISITS = "id;id_cliente;angel;polo;data_limite;data_de_atendimento\n"
ROW = "1;Ana;a@mail.com;\n"


def zipped(method: int, *contents: bytes) -> bytes:
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        for number, content in enumerate(contents):
            archive.writestr(f"{number}.csv", content)
    return packed.getvalue()


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
async def test_a_zip_whose_pieces_python_cannot_bound_is_not_read(client: httpx.AsyncClient, method: int) -> None:
    answer = await send(client, "customers", zipped(method, (HEADER + ROW).encode() + b" " * 50_000_000))
    assert answer.status_code == 415
    deflated = zipped(zipfile.ZIP_DEFLATED, (HEADER + ROW).encode())
    assert (await send(client, "customers", deflated)).status_code == 202


async def test_a_zip_of_many_files_is_refused_by_its_end(client: httpx.AsyncClient) -> None:
    answer = await send(client, "customers", zipped(zipfile.ZIP_STORED, *([b""] * 1001)))
    assert answer.status_code == 415
    assert "too many files" in answer.json()["detail"]


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
async def test_blanks_in_the_cells_of_a_reject_are_passed_over_once(client: httpx.AsyncClient, delimiter: str) -> None:
    file = f"line;column;reason;{HEADER}1;{' ' * 1_000_000}x\n2;;;{ROW}".replace(";", delimiter)
    load = await load_file(client, "customers", file)
    assert counts(load) == (2, 1, 0, 0, 1)


async def test_blanks_in_a_date_are_passed_over_once(client: httpx.AsyncClient) -> None:
    await load_file(client, "customers", HEADER + ROW)
    dates = [f"1/1{' ' * 60_000}x", f"1/{' ' * 60_000}", f"2021-{' ' * 60_000}-1", f"1{' ' * 60_000}/1/2021 x"]
    load = await load_file(
        client, "services", VISITS + "".join(f"{n};1;a;SP - b;{d};\n" for n, d in enumerate(dates, 1))
    )
    assert {reject[2] for reject in await rejects_of(client, load["id"])} <= {"invalid_date", "too_long"}
    assert counts(load)[0::4] == (4, 4)


async def test_a_wide_header_over_short_rows_costs_what_the_rows_hold(client: httpx.AsyncClient) -> None:
    wide = HEADER.strip() + ";x" * 496
    assert (await send(client, "customers", f"{wide};y\n{ROW}")).status_code == 422
    load = await load_file(client, "customers", f"{wide}\n" + "a\n" * 200_000)
    assert counts(load)[0::4] == (200_000, 200_000)


async def test_a_header_that_repeats_a_name_is_refused_in_few_words(client: httpx.AsyncClient) -> None:
    answer = await send(client, "customers", "nome;email" + ";id" * 60_000 + f"\n{ROW}")
    assert answer.status_code == 422
    assert len(answer.content) < 5_000


@pytest.mark.parametrize("head", ["\n" * 262_144, ";\n" * 100_000, '"\n' * 100_000, "é;" * 100_000, "ﷺ;" * 60_000])
async def test_a_head_of_nothing_is_looked_at_once(client: httpx.AsyncClient, head: str) -> None:
    answer = await send(client, "customers", head)
    assert answer.status_code == 422
    assert len(answer.content) < 5_000


async def test_a_header_is_found_behind_any_number_of_blank_lines(client: httpx.AsyncClient) -> None:
    load = await load_file(client, "customers", "\n;;\n" * 20_000 + HEADER + ROW)
    assert counts(load) == (1, 1, 0, 0, 0)


async def test_marks_upon_marks_are_refused_before_they_are_put_in_order(client: httpx.AsyncClient) -> None:
    marks = "a" + "\u0301\u0316" * 30_000
    body = {"nome": marks, "email": "a@mail.com"}
    answer = await client.post("/v1/customers", json=body)
    assert answer.status_code == 422
    assert (await send(client, "customers", f"{marks}\n{ROW}")).status_code in (202, 422)
    load = await load_file(client, "customers", f"{HEADER}1;{marks[:15_000]};b@mail.com;\n{ROW}")
    assert [reject[2] for reject in await rejects_of(client, load["id"])] == ["too_long"]


@pytest.mark.parametrize(("entries", "size"), [(400_000, 100), (1, 10**9)])
def test_the_directory_of_a_zip64_is_bounded_too(entries: int, size: int) -> None:
    """The plain end record says one file; zipfile believes the other one."""
    wide = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, entries, entries, size, 0)
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, 0, 1)
    plain = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, 46, 0, 0)
    with pytest.raises(UnsupportedMediaType):
        unpacking._refuse_a_large_directory(BytesIO(b"x" * 100 + wide + locator + plain))


def test_kept_bodies_are_bounded_with_their_questions() -> None:
    cache = BodyCache()
    for number in range(5_000):
        cache.put(("1", "/v1/indicators/sla/angel", b"x" * 10_000 + str(number).encode()), b"{}")
    assert sum(len(key[2]) for key in cache._bodies) < MOST_BYTES


async def test_a_file_is_written_where_all_of_asyncio_s_threads_wait(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    await store(connection, random_visits(3, 50))
    with ThreadPoolExecutor(1) as one:
        asyncio.get_running_loop().set_default_executor(one)
        for path in ("/v1/indicators/sla/angel", "/v1/services"):
            async with asyncio.timeout(60):
                assert (await client.get(path, params={"format": "xlsx"})).status_code == 200
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor())
