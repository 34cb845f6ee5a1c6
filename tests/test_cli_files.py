"""The command line with files and names as they come: one readable line and an exit code, never a traceback."""

import gzip
import io
import json
import os
import pty
import stat
import zipfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import asyncpg
import httpx
import pytest
from command_line import PASSWORD, Run, run_command
from conftest import make_settings, running_app
from listening import free_port, listening, somebody_else
from typer.testing import CliRunner

from logistics_indicators.cli import app as command_line
from logistics_indicators.client.connecting import ServiceError
from logistics_indicators.client.files import kind_of_file
from logistics_indicators.client.inert import InertBytes, inert, inert_json
from logistics_indicators.client.loading import save_rejects
from logistics_indicators.client.loading_options import LoadOptions
from logistics_indicators.client.outputs import written_file
from logistics_indicators.loads.kinds import Kind
from logistics_indicators.unfinished import FOR_US, unfinished

CUSTOMERS = "id;nome;email;telefone\n1;Ana;ana@mail.com;119\n"


def zipped(name: str, content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(name, content)
    return out.getvalue()


Make = Callable[[Path], object]


@pytest.mark.parametrize(
    ("make", "said"),
    [
        pytest.param(lambda p: None, "No such file or directory", id="missing"),
        pytest.param(lambda p: p.mkdir(), "no plain file", id="folder"),
        pytest.param(os.mkfifo, "no plain file", id="pipe"),
        pytest.param(lambda p: p.symlink_to("/dev/zero"), "no plain file", id="device"),
        pytest.param(lambda p: p.symlink_to(p), "symbolic links", id="loop"),
        pytest.param(lambda p: p.write_bytes(b"PK\x03\x04 no zip"), "", id="broken zip"),
        pytest.param(lambda p: p.write_bytes(zipped("xl/workbook.xml", b"<x/>")), "workbook", id="xlsx"),
        pytest.param(lambda p: p.write_bytes(b"%PDF-1.7\n" + os.urandom(2000)), "a PDF document", id="pdf"),
        pytest.param(lambda p: p.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000)), "xls", id="xls"),
        pytest.param(lambda p: p.write_bytes(b"<html><table>"), "HTML", id="html"),
        pytest.param(lambda p: p.write_bytes(b"\x01\x02\x03" * 500), "binary data", id="binary"),
        pytest.param(lambda p: p.write_bytes(gzip.compress(b"%PDF-1.7")), "a PDF document", id="packed pdf"),
        pytest.param(lambda p: p.write_bytes(gzip.compress(b"x" * 99999)[:60]), "gzip", id="cut gzip"),
    ],
)
def test_what_is_no_table_is_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, make: Make, said: str
) -> None:
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "no database is needed"))
    file = tmp_path / "clientes.csv"
    make(file)
    outcome = CliRunner().invoke(command_line, ["load", str(file)])
    assert isinstance(outcome.exception, SystemExit)
    (line,) = outcome.stderr.splitlines()
    assert outcome.exit_code == 2
    assert line.startswith("Error: ")
    assert said in line
    assert file.name in line


async def test_with_the_kind_given_the_service_itself_refuses_in_one_line(locally: Run, tmp_path: Path) -> None:
    file = tmp_path / "clientes.csv"
    file.write_bytes(b"%PDF-1.7")
    outcome = await locally("load", file, "--kind", "customers")
    assert outcome.code == 2
    assert outcome.err.strip().splitlines()[-1].startswith("Error: clientes.csv: The file looks like a PDF document")


async def test_an_empty_file_and_a_table_without_our_columns_get_the_service_s_words(
    locally: Run,
    tmp_path: Path,
) -> None:
    file = tmp_path / "clientes.csv"
    file.touch()
    assert "clientes.csv: " in (await locally("load", file)).err.splitlines()[-1]
    assert "The file is empty." in (await locally("load", file)).err.splitlines()[-1]
    file.write_text("a;b\nc;d\n")
    said = (await locally("load", file)).err.splitlines()[-1]
    assert "No header with the columns id, nome, email was found" in said


async def test_a_file_that_is_too_large_is_refused_over_http_with_the_service_s_words(
    database_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "clientes.csv"
    file.write_text(CUSTOMERS + "2;Bia;bia@mail.com;119\n" * 400_000)
    async with running_app(make_settings(database_url, load_max_bytes=100_000)) as app, listening(app) as port:
        url = f"http://127.0.0.1:{port}"
        user = {"username": "ana", "email": "ana@example.com", "password": PASSWORD}
        async with httpx.AsyncClient(base_url=url) as client:
            assert (await client.post("/v1/auth/register", json=user)).status_code == 201
        outcome = await run_command("load", file, "--url", url, "--username", "ana", LOGISTICS_PASSWORD=PASSWORD)
    assert outcome.code == 2
    last = outcome.err.strip().splitlines()[-1]
    assert last == "Error: clientes.csv: The file is larger than this service takes: 100000 bytes, unpacked."


async def test_a_refused_file_stops_those_behind_it_and_those_before_it_are_followed(
    locally: Run,
    tmp_path: Path,
    connection: asyncpg.Connection,
) -> None:
    for name, text in (("a.csv", CUSTOMERS), ("b.csv", ""), ("c.csv", CUSTOMERS)):
        (tmp_path / name).write_text(text)
    outcome = await locally("load", *(tmp_path / name for name in ("a.csv", "b.csv", "c.csv")), "--kind", "customers")
    assert (outcome.code, outcome.err.strip().splitlines()[-1]) == (2, "Error: b.csv: The file is empty.")
    assert "completed" in outcome.out
    assert await connection.fetchval("SELECT count(*) FROM loads WHERE status = 'completed'") == 1


async def test_an_empty_file_is_told_as_one(locally: Run, tmp_path: Path) -> None:
    (tmp_path / "x.csv").touch()
    outcome = await locally("load", tmp_path / "x.csv")
    assert (outcome.code, outcome.err) == (2, "Error: x.csv: The file is empty.\n")


async def test_columns_header_encoding_and_delimiter_reach_the_service(
    locally: Run,
    tmp_path: Path,
    connection: asyncpg.Connection,
) -> None:
    file = tmp_path / "x.csv"
    file.write_bytes("Nr,Wer,Post\n1,José,jose@mail.com\n".encode("cp850"))
    outcome = await locally("load", file, "--columns", "id:Nr,nome:Wer,email:Post", "--encoding", "cp850")
    assert outcome.code == 0, outcome.err
    file.write_text("Nr\tAna\tana@mail.com\t119\n2\tBia\tbia@mail.com\t119\n")
    words = ("--header", "none", "--delimiter", "tab", "--kind", "customers")
    outcome = await locally("load", file, *words)
    assert outcome.code == 0, outcome.err
    found = await connection.fetch("SELECT id, nome FROM customers ORDER BY id")
    assert [tuple(row) for row in found] == [(1, "José"), (2, "Bia")]
    assert await connection.fetchval("SELECT rows_rejected FROM loads ORDER BY id DESC LIMIT 1") == 1


@pytest.mark.parametrize(
    "name",
    [
        "a\x1b[2J\x1b]0;owned\x07.clientes.csv",
        "a\u202evsc.clientes.csv",
        "[bold]a[red].clientes.csv",
        "a\nb.clientes.csv",
        os.fsdecode(b"a\xff.clientes.csv"),
    ],
)
async def test_a_hostile_file_name_is_shown_inert(
    locally: Run,
    tmp_path: Path,
    name: str,
) -> None:
    file = tmp_path / name
    file.write_text(CUSTOMERS + "2;Bia;none;1\n")
    for outcome in (
        await locally("load", file, "--rejects", tmp_path / "rejects"),
        await locally("load", tmp_path / f"not {name}"),
    ):
        shown = outcome.out + outcome.err
        assert "Traceback" not in shown
        assert all(c.isprintable() or c == "\n" for c in shown)
        assert "clientes.csv" in shown


async def test_rejects_that_cannot_be_written_are_told_in_a_line(locally: Run, tmp_path: Path) -> None:
    file = tmp_path / "clientes.csv"
    file.write_text(CUSTOMERS + "2;Bia;none;1\n")
    outcome = await locally("load", file, "--rejects", file)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.endswith("--rejects names a folder, and this is none.\n")


def test_what_is_no_service_of_ours_is_told_in_a_line(tmp_path: Path) -> None:
    file = tmp_path / "clientes.csv"
    file.write_text(CUSTOMERS)

    def to(url: str) -> str:
        words = ["load", str(file), "--url", url, "--username", "ana"]
        outcome = CliRunner().invoke(command_line, words, env={"LOGISTICS_PASSWORD": "x"})
        assert isinstance(outcome.exception, SystemExit), url
        assert outcome.exit_code == 2
        (line,) = outcome.stderr.splitlines()
        return line

    with somebody_else() as (port, _):
        assert "is no Logistics Indicators service" in to(f"http://127.0.0.1:{port}")
    for url in ("nonsense", "http://[::1", "ftp://example.com", "http://a b/", f"http://127.0.0.1:{free_port()}"):
        assert to(url).startswith(f"Error: {url} cannot be reached")


async def test_a_database_that_is_not_there_is_told_in_a_line(tmp_path: Path) -> None:
    file = tmp_path / "clientes.csv"
    file.write_text(CUSTOMERS)
    outcome = await run_command(
        *("load", file),
        DATABASE_URL=f"postgresql://nobody@127.0.0.1:{free_port()}/none",
        JWT_SECRET_KEY="a-secret-of-the-tests-alone-0123456789",
        DATABASE_WAIT_SECONDS="0",
    )
    assert "Traceback" not in outcome.err
    assert outcome.err.strip().splitlines()[-1].startswith("Error: ")
    assert outcome.code == 2


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (CUSTOMERS.replace("\n", "\r").encode(), Kind.customers),
        (CUSTOMERS.encode("utf-16"), Kind.customers),
        (gzip.compress(CUSTOMERS.encode()), Kind.customers),
        (zipped("x.csv", CUSTOMERS.encode()), Kind.customers),
        (b"sep=;\n" + CUSTOMERS.encode(), Kind.customers),
        (b"Relatorio;;;;;\nCodigo;Cliente;Agente;Hub;Prazo;Realizado\n1;2;A;SP - X;01/01/2021;-\n", Kind.services),
    ],
    ids=["CR", "UTF-16", "gzip", "zip", "sep", "title"],
)
async def test_a_file_s_kind_is_seen_as_the_service_sees_it(tmp_path: Path, content: bytes, kind: Kind) -> None:
    (tmp_path / "x").write_bytes(content)
    assert await kind_of_file(tmp_path / "x", LoadOptions()) is kind


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[31mb", "a\ufffd[31mb"),
        ("a\nb\t c", "a b c"),
        ("José\xa0Sá", "José Sá"),
        ("a\u202eb", "a\ufffdb"),
        (None, "None"),
    ],
)
def test_a_text_that_is_shown_is_one_line_without_controls(text: str | None, shown: str) -> None:
    assert inert(text) == shown


HOSTILE = "Ana\x1b]0;x\x07\x9b31m\u202e\r\n\U000e0041José\t;\n"


def test_a_file_that_is_printed_in_a_terminal_moves_nothing_there() -> None:
    out = io.BytesIO()
    printed = InertBytes(out)
    sent = f"\ufeff{HOSTILE}".encode()
    assert sum(printed.write(sent[place : place + 1]) for place in range(len(sent))) == len(sent)
    assert out.getvalue().decode() == "Ana\ufffd]0;x\ufffd\ufffd31m\ufffd\n\ufffdJosé\t;\n"


def test_json_that_is_printed_says_the_same_and_moves_nothing() -> None:
    shown = inert_json(json.dumps({"nome": HOSTILE}, ensure_ascii=False, indent=2))
    assert json.loads(shown) == {"nome": HOSTILE}
    assert "José" in shown
    assert all(character.isprintable() or character == "\n" for character in shown)


def test_a_link_in_the_way_of_a_file_is_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    monkeypatch.setattr("secrets.token_hex", lambda _: "guessed")
    (tmp_path / "x.csv.guessed.unfinished").symlink_to(victim)
    with pytest.raises(FileExistsError), unfinished(tmp_path / "x.csv"):
        pass
    assert victim.read_text() == "mine"


def test_a_file_is_there_whole_or_not_at_all_and_for_its_owner_where_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(UnicodeEncodeError), unfinished(tmp_path / "x") as path:
        path.write_text("half of it\ud800", encoding="utf-8")
    assert not list(tmp_path.iterdir())
    with unfinished(tmp_path / "x", FOR_US) as path:
        path.write_text("whole")
    assert (tmp_path / "x").read_text() == "whole"
    assert stat.S_IMODE((tmp_path / "x").stat().st_mode) == 0o600


async def test_rejects_that_break_off_leave_what_was_there(tmp_path: Path) -> None:
    async def half() -> AsyncIterator[bytes]:
        yield b"id;nome\n1;A"
        raise httpx.ReadError("reset")

    file = tmp_path / "to mend.csv"
    file.write_text("mended by hand")
    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=half()))
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
        with pytest.raises(ServiceError, match="broke off"):
            await save_rejects(client, {"id": 1}, file, force=True)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("to mend.csv", "mended by hand")]


def test_a_terminal_s_device_is_written_into_and_obeys_nothing_of_it() -> None:
    screen, terminal = pty.openpty()
    try:
        with written_file(Path(os.ttyname(terminal))) as file:
            file.write(b"Ana\x1b[2J")
        shown = os.read(screen, 100).decode()
        assert shown.startswith("Ana")
        assert "\x1b" not in shown
    finally:
        os.close(screen)
        os.close(terminal)


def test_a_descriptor_of_a_shell_is_written_into() -> None:
    """As `--output >(gzip > x.gz)` names it."""
    read_end, write_end = os.pipe()
    try:
        with written_file(Path(f"/dev/fd/{write_end}")) as file:
            file.write(b"rows")
        assert os.read(read_end, 100) == b"rows"
    finally:
        os.close(read_end)
        os.close(write_end)
