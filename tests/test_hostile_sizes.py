"""Small bodies that would take minutes or gigabytes where a bound is missing. Each is answered, and what it is."""

import io
import zipfile

import httpx
import pytest
from load_client import counts, load_file, rejects_of, send

HEADER = "id;nome;email;telefone\n"
VISITS = "id;id_cliente;angel;polo;data_limite;data_de_atendimento\n"
ROW = "1;Ana;a@mail.com;\n"


def zipped(method: int, *contents: bytes) -> bytes:
    packed = io.BytesIO()
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
