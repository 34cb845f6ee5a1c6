"""What surrounds the commands: help at once and under one name, completion, prompts, and sentences for any input."""

import asyncio
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from chance import times
from command_line import PASSWORD, run_command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from listening import somebody_else
from terminal import in_a_terminal
from typer.testing import CliRunner

from logistics_indicators import __version__
from logistics_indicators.cli import app as command_line

HEAVY = {
    *("alembic", "asyncpg", "asyncio", "fastapi", "httpx", "numpy", "platformdirs", "polars", "pydantic_settings"),
    *("rich", "sqlalchemy", "structlog", "uvicorn"),
}
"""pydantic is not among them: typer itself checks with it."""

GROUPS = {"users": ("add", "list", "change", "remove", "reset"), "tokens": ("add", "list", "revoke")}


def commands() -> list[tuple[str, ...]]:
    """As words, with those of groups."""
    listed = CliRunner().invoke(command_line, ["--help"]).output.partition("Commands:")[2]
    names = re.findall(r"^  (\S+)  +\S", listed, re.MULTILINE)
    return [words for name in names for words in ((name,), *((name, each) for each in GROUPS.get(name, ())))]


@pytest.mark.parametrize("words", [(), *commands()], ids=" ".join)
def test_help_imports_nothing_heavy_and_has_one_name_for_the_program(words: tuple[str, ...]) -> None:
    code = (
        "import sys; from logistics_indicators.cli import main; sys.argv[1:] = sys.argv[1:] + ['--help']\n"
        "try: main()\nexcept SystemExit: print('\\n', *sys.modules, file=sys.stderr)"
    )
    ran = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=True)
    assert ran.stdout.startswith(" ".join(("Usage: logistics-indicators", *words)))
    assert HEAVY & set(ran.stderr.split()) == set()


def test_a_client_of_another_service_imports_no_service() -> None:
    names = ("accounts", "asking", "exporting", "loads", "mending", "running_work")
    code = (
        "import sys; "
        + "; ".join(f"import logistics_indicators.client.{name}" for name in names)
        + "; print(*sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert {"asyncpg", "fastapi", "numpy", "polars", "uvicorn"} & set(ran.stdout.split()) == set()


async def test_serve_has_the_name_of_the_program_in_its_help_too() -> None:
    assert (await run_command("serve", "--help")).out.startswith("Usage: logistics-indicators serve ")
    assert (await run_command("serve", "--port", "x")).err.startswith("Usage: logistics-indicators serve ")


async def test_the_version_is_told() -> None:
    assert (await run_command("--version")).out == f"logistics-indicators {__version__}\n"


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("logistics-indicators re", {"rejects", "rebuild", "restore"}),
        ("logistics-indicators indicators p", {"productivity"}),
        ("logistics-indicators indicators sla --by ", {"angel", "polo", "uf"}),
        ("logistics-indicators users ", {"add", "list", "change", "remove", "reset"}),
    ],
)
async def test_a_shell_completes_commands_and_choices(typed: str, offered: set[str]) -> None:
    asked = {"_LOGISTICS_INDICATORS_COMPLETE": "complete_bash", "COMP_WORDS": typed}
    outcome = await run_command(**asked, COMP_CWORD=str(len(typed.split()) - (not typed.endswith(" "))))
    assert set(outcome.out.split()) == offered, outcome.err


async def test_without_a_terminal_nothing_is_asked_and_the_variable_is_named(tmp_path: Path) -> None:
    with somebody_else() as (port, asked):
        url = ("--url", f"http://127.0.0.1:{port}")
        nobody = await run_command("loads", *url)
        no_password = await run_command("loads", *url, "--username", "ana")
    assert (nobody.code, nobody.err.count("\n"), "LOGISTICS_USERNAME" in nobody.err) == (2, 1, True)
    assert (no_password.code, no_password.err.count("\n"), "LOGISTICS_PASSWORD" in no_password.err) == (2, 1, True)
    assert asked == []
    reader = await run_command("grant-reader", "bi", "--data-dir", tmp_path / "none")
    assert (reader.code, reader.err.count("\n"), "LOGISTICS_READER_PASSWORD" in reader.err) == (2, 1, True)
    assert list(tmp_path.iterdir()) == []


async def test_in_a_terminal_the_password_is_asked_and_not_shown(service_url: str, account: str) -> None:
    words = ("loads", "--url", service_url, "--username", account)
    code, shown = await asyncio.to_thread(in_a_terminal, words, ": ", PASSWORD.encode() + b"\n")
    assert code == 0
    assert "There are no loads yet." in shown
    assert PASSWORD not in shown


@pytest.mark.parametrize(
    ("words", "given"),
    [(("loads",), {}), (("users", "add", "bia", "--email", "bia@example.com"), {"LOGISTICS_PASSWORD": PASSWORD})],
    ids=["before it signs in", "when it has"],
)
async def test_ctrl_c_at_a_prompt_ends_at_once(
    service_url: str, account: str, words: tuple[str, ...], given: dict[str, str]
) -> None:
    command = (*words, "--url", service_url, "--username", account)
    code, shown = await asyncio.to_thread(in_a_terminal, command, ": ", b"\x03", **given)
    assert (code, shown.splitlines()[-1]) == (130, "Interrupted.")


async def test_ctrl_c_while_a_service_is_waited_for_is_told_in_a_word() -> None:
    asked = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await reader.read()
        writer.close()

    async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "logistics_indicators", "loads", "--url", f"http://127.0.0.1:{port}"),
            env=os.environ | {"LOGISTICS_TOKEN": "lgi_x"},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        await asked.wait()
        process.send_signal(signal.SIGINT)
        out, err = await process.communicate()
    assert (process.returncode, out, err) == (130, b"", b"Interrupted.\n")


async def test_a_token_alone_is_enough_and_a_bad_one_is_told(service_url: str) -> None:
    outcome = await run_command("loads", LOGISTICS_URL=service_url, LOGISTICS_TOKEN="lgi_no-such-token")
    assert (outcome.code, outcome.err) == (2, "Error: The API token is not valid, or not any more.\n")
    unsendable = await run_command("loads", LOGISTICS_URL=service_url, LOGISTICS_TOKEN="lgi_\u00e9\n")
    assert (unsendable.code, unsendable.err.count("\n")) == (2, 1)


def test_a_reader_who_has_enough_is_no_failure(tmp_path: Path) -> None:
    command = f"{sys.executable} -m logistics_indicators settings --data-dir {tmp_path}/none | head -1"
    ran = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, check=False)
    assert (ran.stdout, "Traceback" in ran.stderr) == ("| variable | default | bounds | what it does |\n", False)


TEXT = st.text(max_size=12) | st.sampled_from(
    ["", "-", "--", "=", "a=b", "0", "-1", "9" * 40, "\udcff", "[", "*", "~", "/"]
)
OPTIONS = [
    *("--url", "--username", "--data-dir", "--json", "--limit", "--by", "--where", "--format", "--output", "--line"),
    *("--set", "--drop", "--again", "--kind", "--preset", "--columns", "--rejects", "--state", "--role", "--email"),
    *("--scope", "--address", "--port", "--host", "--workers", "--start-date", "--time-zone", "--optional-days"),
]


@settings(max_examples=times(100, 3000), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(command=st.sampled_from(commands()), words=st.lists(st.sampled_from(OPTIONS) | TEXT, max_size=6))
def test_whatever_is_typed_is_answered_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: tuple[str, ...], words: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    # A database of one's own without a secret: no command comes as far as to start anything.
    environment = {"DATABASE_URL": "postgresql://127.0.0.1:9/none", "JWT_SECRET_KEY": None, "LOGISTICS_PASSWORD": "x"}
    typed = [word.replace("\0", "") for word in words]
    outcome = CliRunner().invoke(command_line, [*command, *typed], env=environment)
    assert isinstance(outcome.exception, SystemExit | None), outcome.exception
    assert outcome.exit_code in (0, 1, 2)
    assert "Traceback" not in outcome.output
