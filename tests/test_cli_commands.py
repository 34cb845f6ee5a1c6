"""The commands on loads, rejects, figures and accounts, against a running service: for people, and as JSON."""

import asyncio
import csv
import io
import json
import os
import stat
from pathlib import Path

import asyncpg
import httpx
import pytest
from command_line import PASSWORD, Outcome, Run, pipe_into, run_command
from conftest import SAMPLES
from fastapi import FastAPI
from terminal import in_a_terminal

from logistics_indicators.accounts.tokens import issue_access_token

TRUTH = json.loads((SAMPLES / "truth.json").read_text())
CUSTOMERS = "id;nome;email;telefone\n1;Ana;ana@mail.com;119\n2;Bia;no-address;119\n3;Caio;none;119\n"
VISITS = "id;id_cliente;angel;polo;data_limite;data_de_atendimento\n"


@pytest.fixture
async def token(app: FastAPI, connection: asyncpg.Connection) -> str:
    """An admin's."""
    insert = "INSERT INTO users (username, email, password_hash, role) VALUES ('chefe', 'c@x.com', '!', 'admin')"
    user_id = await connection.fetchval(f"{insert} RETURNING id")
    return issue_access_token(app.state.token_key, user_id)


@pytest.fixture
async def remotely(service_url: str, token: str) -> Run:
    """Runs a command as an admin of the running service."""

    async def run(*words: object, stdin: bytes | None = None, **more: str) -> Outcome:
        return await pipe_into(stdin, *words, **{"LOGISTICS_URL": service_url, "LOGISTICS_TOKEN": token, **more})

    return run


@pytest.fixture
async def loaded(remotely: Run, tmp_path: Path) -> int:
    """The id of a load of customers with two rejects."""
    file = tmp_path / "clientes.csv"
    file.write_text(CUSTOMERS)
    outcome = await remotely("load", file, "--json")
    assert outcome.code == 0, outcome.err
    (load,) = json.loads(outcome.out)["loads"]
    assert (load["rows_inserted"], load["rows_rejected"]) == (1, 2)
    return int(load["id"])


async def test_loads_are_listed_and_one_is_shown(remotely: Run, loaded: int) -> None:
    listed = await remotely("loads")
    assert [word for word in ("clientes.csv", "completed", "chefe") if word not in listed.out] == [], listed.err
    answer = json.loads((await remotely("loads", "--json")).out)
    assert [load["id"] for load in answer["loads"]] == [loaded]
    shown = await remotely("loads", loaded)
    assert "rows_rejected: 2" in shown.out.splitlines()
    assert json.loads((await remotely("loads", loaded, "--json")).out)["filename"] == "clientes.csv"
    for command in ("loads", "rejects", "undo"):
        missing = await remotely(command, 999)
        assert (missing.code, missing.out, missing.err) == (2, "", "Error: There is no load 999.\n"), command


async def test_rejects_are_listed_counted_and_saved_to_mend(remotely: Run, loaded: int, tmp_path: Path) -> None:
    listed = await remotely("rejects", loaded, "--reason", "invalid_email")
    assert "2;Bia;no-address;119" in listed.out, listed.err
    lines = [r["line"] for r in json.loads((await remotely("rejects", "--value", "none", "--json")).out)["rejects"]]
    assert lines == [4]
    assert "2 rows in 2 groups" in (await remotely("rejects", "--counts")).out
    saved = await remotely("rejects", loaded, "--output", tmp_path / "to mend.csv")
    assert (saved.code, "2 rows" in saved.out) == (0, True), saved.err
    assert "3;email;invalid_email;2;Bia;no-address;119" in (tmp_path / "to mend.csv").read_text()
    assert "There are no such" in (await remotely("rejects", "--state", "dropped")).out


async def test_rejects_are_mended_by_line_dropped_and_opened_again(
    remotely: Run, loaded: int, connection: asyncpg.Connection
) -> None:
    again = await remotely("mend", loaded, "--line", 3, "--set", "email=bia@", "--validate-only")
    assert (again.code, "checked only" in again.out) == (1, True), again.err
    mended = await remotely("mend", loaded, "--line", 3, "--set", "email=bia@mail.com", "--json")
    assert (mended.code, json.loads(mended.out)["load"]["rows_inserted"]) == (0, 1), mended.err
    assert await connection.fetchval("SELECT email FROM customers WHERE id = 2") == "bia@mail.com"
    header, _, mend, _, of_a_file = (await remotely("loads")).out.splitlines()[:5]
    assert (header.split()[:3], mend.split()[2], of_a_file.split()[2]) == (["id", "kind", "mends"], str(loaded), "-")
    dropped = await remotely("mend", loaded, "--reason", "invalid_email", "--drop")
    assert (dropped.code, dropped.out) == (0, "1 row dropped, 0 open again.\n"), dropped.err
    opened = await remotely("mend", loaded, "--line", 4, "--reopen")
    assert opened.out == "0 rows dropped, 1 open again.\n", opened.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--line", "1"), "one of: --set, --again, --drop, --reopen"),
        (("--drop", "--again", "--line", "1"), "one of: --set"),
        (("--drop",), "Say which rows"),
        (("--drop", "--line", "1", "--reason", "invalid_id"), "Say which rows"),
        (("--reopen", "--reason", "invalid_id"), "--reopen goes with --line"),
        (("--line", "1", "--set", "email"), "write COLUMN=CELL"),
    ],
)
async def test_a_mend_that_says_too_little_is_told_what_is_missing(words: tuple[str, ...], said: str) -> None:
    outcome = await run_command("mend", 1, *words)
    assert outcome.code == 2
    assert said in " ".join(outcome.err.split())


async def test_a_load_is_undone(remotely: Run, loaded: int, connection: asyncpg.Connection) -> None:
    assert (await remotely("undo", loaded)).out == f"Load {loaded} is undone.\n"
    assert await connection.fetchval("SELECT count(*) FROM customers") == 0
    assert "undone" in (await remotely("undo", loaded)).err


@pytest.fixture
async def samples(remotely: Run) -> None:
    outcome = await remotely("load", SAMPLES / "services.csv", SAMPLES / "customers.csv")
    assert outcome.code == 0, outcome.err


async def test_figures_are_asked_as_a_table_as_json_and_as_a_file(remotely: Run, samples: None, tmp_path: Path) -> None:
    total, on_time = TRUTH["polo"]["DF - GAMA 010"]
    table = await remotely("indicators", "sla", "--by", "polo")
    (line,) = [line for line in table.out.splitlines() if "DF - GAMA 010" in line]
    assert line.split()[4:6] == [f"{total:,}", f"{on_time:,}"], table.err
    words = ("indicators", "sla", "--by", "polo", "--where", "polo=DF - GAMA 010")
    (row,) = json.loads((await remotely(*words, "--json")).out)["sla_polo"]
    assert (row["total_de_atendimentos"], row["total_de_atendimentos_no_prazo"]) == (total, on_time)
    (cells,) = csv.DictReader(io.StringIO((await remotely(*words, "--format", "csv")).out))
    assert cells["total_de_atendimentos"] == str(total)
    file = tmp_path / "sla.xlsx"
    saved = await remotely(*words, "--output", file)
    assert (saved.code, file.read_bytes()[:2]) == (0, b"PK"), saved.err
    named_otherwise = await remotely(*words, "--format", "csv", "--output", file, "--force")
    assert (named_otherwise.code, file.read_bytes()[:4]) == (0, b"polo"), named_otherwise.err
    refused = await remotely(*words, "--output", tmp_path / "sla.pdf")
    assert (refused.code, "No export is a .pdf file" in refused.err) == (2, True)
    for question in ("productivity", "backlog", "lateness", "trend", "summary"):
        outcome = await remotely("indicators", question, "--by", "uf")
        assert (outcome.code, outcome.err) == (0, ""), question
        assert "SC" in outcome.out, question
    unknown = await remotely("indicators", "sla", "--where", "hub=x")
    assert (unknown.code, "polo" in unknown.err) == (2, True)


async def test_the_command_line_knows_every_indicator_of_the_api(service_url: str) -> None:
    async with httpx.AsyncClient(base_url=service_url) as client:
        paths = (await client.get("/openapi.json")).json()["paths"]
    named = {path.split("/")[3] for path in paths if path.startswith("/v1/indicators/")}
    helped = " ".join((await run_command("indicators", "--help", COLUMNS="200")).out.split())
    apart = {"calendar", "changes", "rebuild", "settings", "verify"}
    assert {name for name in named - apart if name not in helped} == set()


async def test_an_export_is_taken_back_unchanged(remotely: Run, samples: None, tmp_path: Path) -> None:
    file = tmp_path / "visitas.csv"
    saved = await remotely("export", "services", "--where", "polo=DF - GAMA 010", "--output", file)
    assert saved.code == 0, saved.err
    (load,) = json.loads((await remotely("load", file, "--kind", "services", "--json")).out)["loads"]
    assert (load["rows_read"], load["rows_unchanged"]) == (load["rows_unchanged"], load["rows_read"])
    assert load["rows_read"] > 0
    printed = await remotely("export", "services", "--where", "polo=DF - GAMA 010")
    assert printed.out.replace("\r\n", "\n") == file.read_text().replace("\r\n", "\n")
    refused = await remotely("export", "services", "--where", "nome=Ana", "--output", tmp_path / "no.csv")
    assert (refused.code, [p.name for p in tmp_path.iterdir()]) == (2, ["visitas.csv"])


async def test_a_file_that_finds_nothing_says_so_with_names_that_are_near(
    remotely: Run, samples: None, tmp_path: Path
) -> None:
    near = "Nothing matches, so the file has no rows. Near to what was asked: --where 'polo=DF - GAMA 010'"
    asked: list[tuple[str, ...]] = [
        ("export", "services"),
        ("indicators", "sla", "--by", "polo"),
        ("indicators", "trend"),
    ]
    for words in asked:
        outcome = await remotely(*words, "--where", "polo=df - gama 010", "--format", "csv")
        assert (outcome.code, outcome.out.count("\n"), near in outcome.err) == (0, 1, True), (words, outcome)
    book = await remotely(
        *("export", "services", "--where", "polo=df gama 010", "--format", "xlsx", "--output", tmp_path / "x.xlsx")
    )
    assert (book.code, near in book.err) == (0, True), book.err
    for what, where in (("services", "polo=Manaus"), ("customers", "nome=Ninguem")):
        outcome = await remotely("export", what, "--where", where)
        assert (outcome.code, outcome.err) == (0, "Nothing matches, so the file has no rows.\n")
    found = await remotely("export", "services", "--where", "polo=DF - GAMA 010", "--where", "polo=x")
    assert (found.code, found.err, found.out.count("\n") > 1) == (0, "", True)


async def test_a_file_that_is_there_is_written_over_for_a_script_and_asked_about_in_a_terminal(
    remotely: Run, loaded: int, tmp_path: Path, service_url: str, token: str
) -> None:
    file = tmp_path / "to mend.csv"
    file.write_text("mended by hand")
    words = ("rejects", loaded, "--output", file, "--url", service_url)
    code, shown = await asyncio.to_thread(in_a_terminal, words, "[y/N]: ", b"n\n", LOGISTICS_TOKEN=token)
    assert (code, "say --force" in shown, file.read_text()) == (2, True, "mended by hand"), shown
    code, shown = await asyncio.to_thread(in_a_terminal, words, "[y/N]: ", b"y\n", LOGISTICS_TOKEN=token)
    assert (code, file.read_text().count("\n")) == (0, 3), shown
    for command in (("export", "customers"), ("indicators", "sla"), ("rejects", loaded)):
        outcome = await remotely(*command, "--output", file)
        assert (outcome.code, "in the place of what was there" in outcome.out + outcome.err) == (0, True), outcome.err


async def test_the_files_of_a_load_s_rejects_are_asked_about_too(
    remotely: Run, loaded: int, tmp_path: Path, service_url: str, token: str
) -> None:
    file = tmp_path / f"clientes.rejects.{loaded + 1}.csv"
    file.write_text("mended by hand")
    words = ("load", tmp_path / "clientes.csv", "--rejects", tmp_path, "--url", service_url)
    code, shown = await asyncio.to_thread(in_a_terminal, words, "[y/N]: ", b"n\n", LOGISTICS_TOKEN=token)
    assert (code, "say --force" in shown, file.read_text()) == (2, True, "mended by hand"), shown
    file = file.rename(tmp_path / f"clientes.rejects.{loaded + 2}.csv")
    outcome = await remotely("load", tmp_path / "clientes.csv", "--rejects", tmp_path)
    assert (outcome.code, file.read_text().count("\n")) == (0, 3), outcome.err
    assert f"{file.name}, in the place of what was there" in outcome.err


async def test_a_pipe_is_written_into_and_stays_one(remotely: Run, loaded: int, tmp_path: Path) -> None:
    pipe = tmp_path / f"clientes.rejects.{loaded + 1}.csv"
    os.mkfifo(pipe)
    words: tuple[object, ...]
    for words, told in (
        (("load", tmp_path / "clientes.csv", "--rejects", tmp_path), b"no-address"),
        (("rejects", loaded, "--output", pipe), b"no-address"),
        (("export", "customers", "--output", pipe), b"ana@mail.com"),
    ):
        reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        try:
            outcome = await remotely(*words)
            assert (outcome.code, pipe.is_fifo()) == (0, True), outcome.err
            assert told in os.read(reader, 10_000)
        finally:
            os.close(reader)


async def test_a_file_that_is_replaced_keeps_its_mode_and_a_link_is_not_followed(
    remotely: Run, loaded: int, tmp_path: Path
) -> None:
    mine, victim, link = (tmp_path / name for name in ("mine.csv", "victim", "link.csv"))
    mine.touch(0o600)
    victim.write_text("of somebody else")
    for words in (("export", "customers"), ("rejects", loaded)):
        outcome = await remotely(*words, "--output", mine)
        assert (outcome.code, stat.S_IMODE(mine.stat().st_mode)) == (0, 0o600), outcome.err
        link.unlink(missing_ok=True)
        link.symlink_to(victim)
        outcome = await remotely(*words, "--output", link)
        assert (outcome.code, link.is_symlink(), victim.read_text()) == (0, False, "of somebody else"), outcome.err
        assert link.read_bytes() == mine.read_bytes()


async def test_what_is_wrong_is_told_in_the_words_of_the_command_line(remotely: Run, tmp_path: Path) -> None:
    unknown = await remotely("indicators", "sla", "--where", "limit=0", "--start-date", "ontem")
    assert unknown.err.startswith("Error: The request has fields that cannot be taken: ")
    assert "see errors" not in unknown.err
    (tmp_path / "x.csv").write_text("Nr;Wer;Post\n1;Ana;ana@mail.com\n")
    refused = await remotely("load", tmp_path / "x.csv", "--kind", "customers", "--columns", "nome:Quem")
    for said in ("which --columns names", "or --delimiter)", "with --columns nome:<name in the file>", "--header none"):
        assert said in refused.err
    assert "?" not in refused.err


async def test_what_is_printed_into_a_pipe_is_not_cut(remotely: Run, tmp_path: Path) -> None:
    long = "visita " * 30
    (tmp_path / "visitas.csv").write_text(f"{VISITS}1;1;{long};SP - X;01/01/2021;-\n")
    outcome = await remotely("load", tmp_path / "visitas.csv")
    assert outcome.code == 0, outcome.err
    assert long.strip() in (await remotely("rejects", COLUMNS="20")).out


async def test_users_are_listed_changed_reset_and_removed(remotely: Run) -> None:
    made = await remotely("users", "add", "ana", "--email", "ana@example.com", LOGISTICS_NEW_PASSWORD=PASSWORD)
    assert made.out.startswith("ana is analyst (id "), made.err
    changed = await remotely("users", "change", "ana", "--role", "viewer", "--disable")
    assert changed.out.startswith("ana is viewer, disabled (id "), changed.err
    assert "ana@example.com" in (await remotely("users", "list")).out
    reset = json.loads((await remotely("users", "reset", "ana", "--json")).out)
    assert reset["reset_token"]
    assert (await remotely("users", "remove", "ana")).out == "ana is removed.\n"
    users = json.loads((await remotely("users", "list", "--json")).out)["users"]
    assert [user["username"] for user in users] == ["chefe"]
    assert (await remotely("users", "remove", "ana")).err == "Error: There is no user ana.\n"


async def test_a_machine_loads_with_a_token_made_on_the_command_line(remotely: Run, tmp_path: Path) -> None:
    words = ("--role", "analyst", "--scope", "read", "--scope", "load", "--expires-in-days", "1")
    made = await remotely("tokens", "add", "night scheduler", *words)
    assert made.code == 0, made.err
    token = made.out.splitlines()[1]
    (tmp_path / "clientes.csv").write_text(CUSTOMERS)
    assert (await remotely("load", tmp_path / "clientes.csv", LOGISTICS_TOKEN=token)).code == 0
    assert "night scheduler" in (await remotely("tokens", "list")).out
    (listed,) = json.loads((await remotely("tokens", "list", "--json")).out)["tokens"]
    assert (await remotely("tokens", "revoke", listed["id"])).out == f"Token {listed['id']} is revoked.\n"
    refused = await remotely("load", tmp_path / "clientes.csv", LOGISTICS_TOKEN=token)
    assert (refused.code, "API token is not valid" in refused.err) == (2, True)


async def test_a_token_needs_a_service_to_sign_in_to() -> None:
    outcome = await run_command("tokens", "add", "x")
    assert (outcome.code, "--url" in outcome.err) == (2, True)


async def test_a_file_comes_from_the_standard_input_and_files_by_pattern(remotely: Run, tmp_path: Path) -> None:
    (from_pipe,) = json.loads((await remotely("load", "-", "--json", stdin=CUSTOMERS.encode())).out)["loads"]
    assert (from_pipe["filename"], from_pipe["rows_inserted"]) == ("stdin", 1)
    for number in (5, 6):
        (tmp_path / f"clientes {number}.csv").write_text(f"{number};Ana;ana{number}@mail.com;119\n")
    found = json.loads((await remotely("load", f"{tmp_path}/cli*.csv", "--json")).out)["loads"]
    assert [load["filename"] for load in found] == ["clientes 5.csv", "clientes 6.csv"]
    nothing = await remotely("load", f"{tmp_path}/x*.csv")
    assert (nothing.code, "no file fits this pattern" in nothing.err) == (2, True)


async def test_a_preset_says_what_a_file_holds_and_how_it_is_read(
    remotely: Run, tmp_path: Path, connection: asyncpg.Connection
) -> None:
    preset = "INSERT INTO presets (name, kind, options) VALUES ('filial', 'customers', $1)"
    await connection.execute(preset, {"columns": "id:Nr,nome:Wer,email:Post"})
    (tmp_path / "x.csv").write_text("Nr;Wer;Post\n1;Ana;ana@mail.com\n")
    (load,) = json.loads((await remotely("load", tmp_path / "x.csv", "--preset", "filial", "--json")).out)["loads"]
    assert (load["preset"], load["rows_inserted"]) == ("filial", 1)
    missing = await remotely("load", tmp_path / "x.csv", "--preset", "../x")
    assert (missing.code, missing.err.count("\n")) == (2, 1)
