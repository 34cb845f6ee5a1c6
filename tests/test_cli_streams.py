"""What is written to a stream by its name stands in it once, in its place; an empty name is none."""

import os
import shlex
import sys
from asyncio import create_subprocess_exec
from asyncio.subprocess import PIPE
from pathlib import Path

import asyncpg
import pytest
from command_line import clean_environment, run_command
from conftest import SECRET
from load_client import client_with, load_file

from logistics_indicators.client.outputs import may_write, written_file
from logistics_indicators.settings import Settings, default_data_dir

BROKEN = "id;nome;email;telefone\n1;Ana;ana@mail.com;\n2;Bia;nobody;\n"
REJECTS = "\ufeffline;column;reason;id;nome;email;telefone\n3;email;invalid_email;2;Bia;nobody;\n"


@pytest.mark.parametrize("named", ["/dev/fd/{}", "/proc/self/fd/{}", "/proc/thread-self/fd/{}", "/dev/../dev/fd/{}"])
def test_a_file_behind_a_descriptor_is_written_into_where_it_stands(tmp_path: Path, named: str) -> None:
    descriptor = os.open(tmp_path / "x", os.O_WRONLY | os.O_CREAT)
    try:
        os.write(descriptor, b"before;")
        with written_file(Path(named.format(descriptor))) as file:
            file.write(b"rows;")
        os.write(descriptor, b"behind")
    finally:
        os.close(descriptor)
    assert (tmp_path / "x").read_text() == "before;rows;behind"


def test_a_link_of_somebody_else_to_a_stream_is_a_file_that_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "x").symlink_to("/dev/stdout")
    assert may_write(tmp_path / "x", force=True) == ", in the place of what was there"
    with written_file(tmp_path / "x") as file:
        file.write(b"rows")
    assert (tmp_path / "x").read_bytes() == b"rows"


@pytest.mark.parametrize("name", ["-", "/dev/stdout", "/proc/self/fd/1", "/dev/stderr"])
async def test_rejects_that_go_to_a_stream_stand_between_what_others_write_there(
    connection: asyncpg.Connection, database_url: str, tmp_path: Path, name: str
) -> None:
    async with client_with(connection, database_url) as client:
        load = await load_file(client, "customers", BROKEN)
    command = shlex.join([sys.executable, "-m", "logistics_indicators", "rejects", str(load["id"]), "--output", name])
    file = tmp_path / "all"
    process = await create_subprocess_exec(
        *("bash", "-c", f"{{ echo first; {command}; echo last; }} > {file} 2>&1"),
        env=clean_environment({"DATABASE_URL": database_url, "JWT_SECRET_KEY": SECRET}),
    )
    assert await process.wait() == 0
    told = f"/dev/stderr: 1 row of load {load['id']}\n" if name == "/dev/stderr" else ""
    assert file.read_text() == f"first\n{REJECTS}{told}last\n"


async def test_a_reader_of_the_standard_output_who_has_enough_is_no_failure(
    connection: asyncpg.Connection, database_url: str
) -> None:
    rows = "".join(f"x{n};Ana;nobody;{'9' * 200}\n" for n in range(2_000))
    async with client_with(connection, database_url) as client:
        load = await load_file(client, "customers", f"id;nome;email;telefone\n{rows}")
    command = f"{sys.executable} -m logistics_indicators rejects {load['id']} --output - | head -1"
    process = await create_subprocess_exec(
        *("bash", "-o", "pipefail", "-c", command),
        stdout=PIPE,
        stderr=PIPE,
        env=clean_environment({"DATABASE_URL": database_url, "JWT_SECRET_KEY": SECRET}),
    )
    out, err = await process.communicate()
    assert (process.returncode, out.decode(), err.decode()) == (0, REJECTS.partition("\n")[0] + "\n", "")


async def test_rows_and_json_are_not_mixed_on_the_standard_output() -> None:
    refused = await run_command("rejects", 1, "--output", "-", "--json")
    assert (refused.code, refused.out) == (2, "")
    assert "the rows go to the standard output, and the JSON would, too" in " ".join(refused.err.split())


@pytest.mark.parametrize(
    "words",
    [
        ("loads", "--data-dir", ""),
        ("verify", "--data-dir", " "),
        ("export", "customers", "--output", ""),
        ("rejects", "1", "--output", ""),
        ("load", "x.csv", "--rejects", ""),
    ],
    ids=" ".join,
)
async def test_an_empty_path_on_the_command_line_is_not_the_current_folder(words: tuple[str, ...]) -> None:
    refused = await run_command(*words)
    assert (refused.code, refused.out) == (2, "")
    assert "an empty text names no file and no folder" in " ".join(refused.err.split())


def test_an_empty_variable_of_a_place_is_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("DATA_DIR", "DATABASE_URL", "DATABASE_DIRECT_URL", "DATABASE_READ_URL", "POSTGRES_HOST"):
        monkeypatch.setenv(variable, "")
    settings = Settings()
    assert (settings.data_dir, settings.embedded, settings.lent) == (default_data_dir(), True, False)
    assert settings.read_url() is None
    monkeypatch.setenv("POSTGRES_HOST", "db")
    monkeypatch.setenv("JWT_SECRET_KEY", SECRET)
    for variable in ("POSTGRES_USER", "POSTGRES_DB", "POSTGRES_DIRECT_HOST", "POSTGRES_READ_HOST"):
        monkeypatch.setenv(variable, "")
    settings = Settings()
    assert settings.server_url() == settings.direct_url() == "postgresql://postgres@db:5432/logistics"
    assert settings.read_url() is None
