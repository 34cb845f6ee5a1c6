"""What a load warns of beside its rejects: signs that rows were read otherwise than they were meant."""

import httpx
import pytest
from load_client import client_with, finished, load_file, rejects_of, send

ROWS = "".join(f"{n};Ana {n};a{n}@mail.com;1\n" for n in range(2, 40))
QUOTED = (
    "Line {} (and {} more) inside of quotes looks like a row of its own: if a quote is missing before it, close it."
)
RETURN = "Line {} holds a carriage return that ends no line: save the file with one kind of line ends."


async def warnings(client: httpx.AsyncClient, content: str | bytes, **options: object) -> list[str]:
    load: dict[str, list[str]] = await load_file(client, "customers", content, **options)
    return load["warnings"]


async def test_rows_that_a_forgotten_quote_made_part_of_a_cell_are_told(client: httpx.AsyncClient) -> None:
    file = f'1;"Ana;a1@mail.com;1\n{ROWS}40;TV 50";a40@mail.com;1\n41;Eva;e@mail.com;1\n'
    assert QUOTED.format(2, 38) in await warnings(client, file)


async def test_a_cell_of_several_lines_is_nothing_to_tell(client: httpx.AsyncClient) -> None:
    assert await warnings(client, '1;"Ana\nEva; Rui\nLia";a1@mail.com;1\n"2";Bia;b@mail.com;"1\n2"\n') == []


@pytest.mark.parametrize("chunk", [64, 100_000])
async def test_a_return_that_ends_no_line_is_told_with_its_line(
    client: httpx.AsyncClient, database_url: str, connection: object, chunk: int
) -> None:
    file = f"{ROWS}50;Ana\rEva;a@mail.com;1\n51;Eva;e@mail.com;1\r\n" + '52;"Rui\rLia";r@mail.com;\n'
    async with client_with(connection, database_url, load_chunk_bytes=chunk) as cut:
        assert await warnings(cut, file) == [RETURN.format(39)]


async def test_rows_of_utf_8_among_others_are_told(client: httpx.AsyncClient) -> None:
    file = "1;José;a1@mail.com;1\n".encode() + "2;João;a2@mail.com;\n3;Lúcia;a3@mail.com;\n4;Zé;a4@mail.com;\n".encode(
        "cp1252"
    )
    assert [text.split(",")[0] for text in await warnings(client, file)] == ["Some rows are UTF-8"]
    told = await warnings(client, file, encoding="cp1252", validate_only=True)
    assert not any("UTF-8" in text for text in told)


@pytest.mark.parametrize(
    ("name", "encoding"),
    [
        ("latin1", "iso-8859-1"),
        ("CP1252", "windows-1252"),
        ("UTF8", "utf-8"),
        ("utf-8-sig", "utf-8"),
        ("CP-1252", "windows-1252"),
    ],
)
async def test_an_encoding_goes_by_its_other_names_too(client: httpx.AsyncClient, name: str, encoding: str) -> None:
    assert (await load_file(client, "customers", ROWS, encoding=name))["encoding"] == encoding


@pytest.mark.parametrize("name", ["", "klingon", "x" * 3000, "rot13", "utf-7", "\x00"])
async def test_an_encoding_that_we_do_not_read_is_422(client: httpx.AsyncClient, name: str) -> None:
    assert (await send(client, "customers", ROWS, encoding=name)).status_code == 422


async def test_the_charset_of_a_content_type_counts_where_it_cannot_be_seen(client: httpx.AsyncClient) -> None:
    for charset, row in (("cp850", "1;José;a@mail.com;1\n"), ("iso-8859-1", "1;José;a@mail.com;1\n")):
        content = row.encode("cp850" if charset == "cp850" else "utf-8")
        told = f"text/csv; charset={charset}"
        for body in (
            {"content": content, "headers": {"Content-Type": told}},
            {"files": {"file": ("c", content, told)}},
        ):
            answer = await client.post("/v1/customers/batch", **body)
            load = await finished(client, answer.json()["load"]["id"])
            assert (load["rows_inserted"] + load["rows_unchanged"], await rejects_of(client, load["id"])) == (1, [])
            assert load["encoding"] == ("cp850" if charset == "cp850" else "utf-8")
