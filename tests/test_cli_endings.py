"""A command that is ended, at whatever moment and by whatever signal, says one word and leaves nothing behind."""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import pytest
from command_line import clean_environment
from conftest import SECRET

from logistics_indicators.running.embedded import EmbeddedPostgres

CUSTOMERS = "id;nome;email;telefone\n1;Ana;ana@mail.com;119\n"
ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

INTERRUPTED_AT_AN_IMPORT = """
import os, signal, sys

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == awaited:
            os.kill(os.getpid(), signal.SIGINT)

awaited = sys.argv.pop(1)
sys.meta_path.insert(0, Finder())
from logistics_indicators.__main__ import main
main()
"""

STORES_A_LOAD = """
SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()
               AND query ILIKE '%INSERT INTO loads%' AND pid <> pg_backend_pid())
"""


async def begun(*words: object, stdin: int = asyncio.subprocess.DEVNULL, **environment: str) -> Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "logistics_indicators", *map(str, words)),
        stdin=stdin,
        stdout=PIPE,
        stderr=PIPE,
        start_new_session=True,
        preexec_fn=_minding_signals,
        env=clean_environment(environment),
    )


def _minding_signals() -> None:
    """Also where the tests themselves run in the background, under nohup."""
    for number in ENDS:
        signal.signal(number, signal.SIG_DFL)


async def ended(process: Process, number: signal.Signals) -> tuple[int | None, str, str]:
    process.send_signal(number)
    out, err = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode, out.decode(), err.decode()


async def until(seen: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not seen():
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("module", ["typer", "logistics_indicators.commands.load", "httpx", "rich"])
def test_ctrl_c_while_the_program_is_imported_is_told_in_a_word(tmp_path: Path, module: str) -> None:
    words = ("loads", "--data-dir", str(tmp_path / "none"))
    ran = subprocess.run(
        [sys.executable, "-c", INTERRUPTED_AT_AN_IMPORT, module, *words],
        capture_output=True,
        text=True,
        env=clean_environment({}),
        check=False,
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (130, "", "Interrupted.\n")


@pytest.mark.parametrize("number", ENDS, ids=lambda number: number.name)
async def test_a_load_on_this_machine_that_is_ended_says_what_goes_on_and_shows_no_line_of_the_log(
    connection: asyncpg.Connection, database_url: str, tmp_path: Path, number: signal.Signals
) -> None:
    (tmp_path / "clientes.csv").write_text(CUSTOMERS)
    asking = await asyncpg.connect(database_url)
    async with connection.transaction():
        await connection.execute("LOCK TABLE loads IN SHARE ROW EXCLUSIVE MODE")
        process = await begun("load", tmp_path / "clientes.csv", DATABASE_URL=database_url, JWT_SECRET_KEY=SECRET)
        async with asyncio.timeout(60):
            while not await asking.fetchval(STORES_A_LOAD):
                await asyncio.sleep(0.02)
        code, out, err = await ended(process, number)
    await asking.close()
    assert (code, out) == (130, "")
    assert "{" not in err
    assert err.splitlines()[-1].startswith("Interrupted. A load that was made already goes on")


@pytest.mark.parametrize("number", ENDS, ids=lambda number: number.name)
async def test_what_came_by_the_standard_input_is_not_left_in_a_folder(tmp_path: Path, number: signal.Signals) -> None:
    process = await begun("load", "-", stdin=PIPE, TMPDIR=str(tmp_path), LOGISTICS_URL="http://127.0.0.1:9")
    assert process.stdin is not None
    process.stdin.write(CUSTOMERS.encode())
    await until(lambda: any(tmp_path.glob("*/stdin")))
    code, out, _ = await ended(process, number)
    assert (code, out, list(tmp_path.iterdir())) == (130, "", [])


@pytest.fixture
def folder() -> Iterator[Path]:
    """Not pytest's own folder: the server's user may not reach that one where root runs the tests."""
    with tempfile.TemporaryDirectory(prefix="li-endings-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)
        yield Path(name)


async def test_a_command_that_is_ended_while_its_server_starts_leaves_neither_server_nor_socket(folder: Path) -> None:
    server = EmbeddedPostgres(folder / ("x" * 120))
    (folder / "clientes.csv").write_text(CUSTOMERS)
    process = await begun("load", folder / "clientes.csv", "--data-dir", server.data_dir)
    await until((server.data_dir / "in-use.lock").exists)
    code, _, err = await ended(process, signal.SIGTERM)
    assert (code, err.splitlines()[-1].split(". ")[0]) == (130, "Interrupted")
    assert not server.is_running()
    assert not (server.cluster_dir / "postmaster.pid").exists()
    assert not server.socket_dir.exists()


async def test_a_command_in_the_background_of_a_shell_which_ignores_ctrl_c_is_ended_by_sigterm(tmp_path: Path) -> None:
    command = f"trap '' INT; exec {sys.executable} -m logistics_indicators load -"
    process = await asyncio.create_subprocess_exec(
        *("bash", "-c", command),
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
        env=clean_environment({"TMPDIR": str(tmp_path), "LOGISTICS_URL": "http://127.0.0.1:9"}),
    )
    assert process.stdin is not None
    process.stdin.write(CUSTOMERS.encode())
    await until(lambda: any(tmp_path.glob("*/stdin")))
    code, _, _ = await ended(process, signal.SIGTERM)
    assert (code, list(tmp_path.iterdir())) == (130, [])


def test_who_ignores_the_end_of_a_terminal_goes_on() -> None:
    """As `nohup` does."""
    code = (
        "import os, signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "from logistics_indicators.interrupted import ended_as_by_ctrl_c\n"
        "with ended_as_by_ctrl_c(): os.kill(os.getpid(), signal.SIGHUP); print('goes on')"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=dict(os.environ), check=True)
    assert ran.stdout == "goes on\n"
