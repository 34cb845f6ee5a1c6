"""The embedded server: one a folder, whoever starts it, however its users die."""

import asyncio
import os
import pwd
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import psutil
import pytest

from logistics_indicators.running.embedded import EmbeddedPostgres, EmbeddedServerError
from logistics_indicators.running.secrets_folder import generated_secret

QUICK = {"fsync": "off", "shared_buffers": "16MB", "max_connections": "20", "min_wal_size": "32MB"}

HOLDER = """
import sys
from pathlib import Path
from logistics_indicators.running.embedded import EmbeddedPostgres
server = EmbeddedPostgres(Path(sys.argv[1]), eval(sys.argv[2]))
server.start()
print(server.postmaster_pid(), flush=True)
sys.stdin.read()
server.stop()
"""
"""Holds a server until its standard input ends."""

MakeServer = Callable[[Path], EmbeddedPostgres]


@pytest.fixture
def folder() -> Iterator[Path]:
    """Not pytest's own folder: the server's user may not reach that one where root runs the tests."""
    with tempfile.TemporaryDirectory(prefix="li-embedded-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture
def make_server() -> Iterator[MakeServer]:
    made: list[EmbeddedPostgres] = []

    def make(data_dir: Path) -> EmbeddedPostgres:
        made.append(EmbeddedPostgres(data_dir, QUICK))
        return made[-1]

    yield make
    for server in made:
        server.stop()


def hold(data_dir: Path, user: pwd.struct_passwd | None = None) -> tuple[subprocess.Popen[str], int]:
    """Another process that uses the server, and the server's pid."""
    process = begin_to_hold(data_dir, user)
    return process, server_pid_of(process)


def begin_to_hold(data_dir: Path, user: pwd.struct_passwd | None = None) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(data_dir), repr(QUICK)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd="/",
        user=user.pw_uid if user else None,
        group=user.pw_gid if user else None,
        extra_groups=[] if user else None,
    )


def server_pid_of(process: subprocess.Popen[str]) -> int:
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, "the process could not start the server"
    return int(line)


def let_go(process: subprocess.Popen[str]) -> None:
    process.communicate(timeout=60)
    assert process.returncode == 0


def kill(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate(timeout=60)


def ask(server: EmbeddedPostgres, query: str = "SELECT 1") -> object:
    async def fetch() -> object:
        connection = await asyncpg.connect(server.url())
        try:
            return await connection.fetchval(query)
        finally:
            await connection.close()

    return asyncio.run(fetch())


def is_alive(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_server_starts_keeps_its_data_and_is_closed_to_others(folder: Path, make_server: MakeServer) -> None:
    server = make_server(folder / "data")
    server.start()
    ask(server, "CREATE TABLE kept AS SELECT 42 AS answer")
    assert mode(folder / "data") == 0o700
    assert mode(folder / "data" / "postgres") == 0o700
    assert ask(server, "SHOW listen_addresses") == ""
    server.stop()
    assert not server.is_running()
    server.start()
    assert ask(server, "SELECT answer FROM kept") == 42


def test_a_server_whose_api_was_killed_is_adopted_and_stopped_later(folder: Path, make_server: MakeServer) -> None:
    process, pid = hold(folder / "data")
    kill(process)
    assert is_alive(pid)
    server = make_server(folder / "data")
    server.start()
    assert server.postmaster_pid() == pid
    assert ask(server) == 1
    server.stop()
    assert not is_alive(pid)


def test_a_server_that_recovers_from_the_loss_of_a_process_is_waited_for(folder: Path, make_server: MakeServer) -> None:
    """Killed again and again, so that a start meets it at every moment of its recovery."""
    server = make_server(folder / "data")
    server.start()
    for turn in range(8):
        checkpointer = next(p for p in psutil.Process(server.postmaster_pid()).children() if is_checkpointer(p))
        checkpointer.kill()
        time.sleep(turn * 0.01)
        another = make_server(folder / "data")
        another.start()
        assert ask(another) == 1


def test_a_server_whose_socket_was_deleted_is_started_again(folder: Path, make_server: MakeServer) -> None:
    server = make_server(folder / "data")
    server.start()
    ask(server, "CREATE TABLE kept AS SELECT 42 AS answer")
    (server.socket_dir / ".s.PGSQL.5432").unlink()
    assert not server.is_running()
    assert server.revive()
    assert ask(server, "SELECT answer FROM kept") == 42
    (server.socket_dir / ".s.PGSQL.5432").unlink()
    another = make_server(folder / "data")
    another.start()
    assert ask(another, "SELECT answer FROM kept") == 42


def is_checkpointer(process: psutil.Process) -> bool:
    return "checkpointer" in " ".join(process.cmdline())


def test_the_last_one_out_stops_the_server(folder: Path) -> None:
    first, pid = hold(folder / "data")
    second, same = hold(folder / "data")
    assert pid == same
    let_go(first)
    assert is_alive(pid)
    let_go(second)
    assert not is_alive(pid)


def test_four_processes_that_start_at_once_share_one_server(folder: Path) -> None:
    processes = [begin_to_hold(folder / "data") for _ in range(4)]
    pids = {server_pid_of(process) for process in processes}
    assert len(pids) == 1
    for process in processes:
        let_go(process)
    assert not is_alive(pids.pop())


def test_a_killed_server_is_revived_with_what_was_committed(folder: Path, make_server: MakeServer) -> None:
    server = make_server(folder / "data")
    server.start()
    ask(server, "CREATE TABLE kept AS SELECT 42 AS answer")
    assert not server.revive()
    os.kill(server.postmaster_pid(), signal.SIGKILL)
    psutil.wait_procs(
        [psutil.Process(server.postmaster_pid())] if is_alive(server.postmaster_pid()) else [], timeout=10
    )
    assert not server.is_running()
    assert server.revive()
    assert ask(server, "SELECT answer FROM kept") == 42


def test_a_folder_behind_a_link_is_the_same_folder(folder: Path, make_server: MakeServer) -> None:
    (folder / "link").symlink_to(folder / "data")
    process, pid = hold(folder / "data")
    server = make_server(folder / "link")
    server.start()
    assert (server.postmaster_pid(), server.is_running(), server.revive()) == (pid, True, False)
    let_go(process)


def test_an_old_pid_file_that_names_another_process_does_not_count(folder: Path, make_server: MakeServer) -> None:
    server = make_server(folder / "data")
    server.start()
    pid_file = folder / "data" / "postgres" / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    server.stop()
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    assert not server.is_running()
    pid_file.unlink()


def test_a_folder_that_holds_something_else_is_refused_and_left_alone(folder: Path, make_server: MakeServer) -> None:
    (folder / "letter.txt").write_text("mine")
    before = mode(folder)
    with pytest.raises(EmbeddedServerError, match="holds something else already"):
        make_server(folder).start()
    assert [path.name for path in folder.iterdir()] == ["letter.txt"]
    assert mode(folder) == before


def test_a_copy_of_a_data_folder_without_its_lock_files_is_ours_still(folder: Path, make_server: MakeServer) -> None:
    server = make_server(folder / "data")
    server.start()
    server.stop()
    for lock in (folder / "data").glob("*.lock"):
        lock.unlink()
    server.start()
    assert server.is_running()


@pytest.mark.parametrize("name", ["x" * 120, "with blanks, commas & more"], ids=["too long", "odd characters"])
def test_a_folder_whose_path_no_socket_takes_works_all_the_same(
    folder: Path, make_server: MakeServer, name: str
) -> None:
    server = make_server(folder / name)
    server.start()
    assert ask(server) == 1
    assert server.socket_dir.parent == Path(tempfile.gettempdir())
    assert mode(server.socket_dir) == 0o700
    server.stop()
    assert not server.socket_dir.exists()


def test_a_link_where_the_socket_folder_belongs_is_refused(folder: Path, make_server: MakeServer) -> None:
    server = make_server(folder / ("x" * 120))
    (folder / "elsewhere").mkdir(mode=0o755)
    server.socket_dir.symlink_to(folder / "elsewhere")
    try:
        with pytest.raises(EmbeddedServerError, match="is not ours"):
            server.start()
        assert mode(folder / "elsewhere") == 0o755
    finally:
        server.socket_dir.unlink()


@pytest.mark.parametrize("name", ["start.lock", "in-use.lock"])
@pytest.mark.parametrize("put", ["link", "dangling link", "hard link", "pipe", "folder"])
def test_a_lock_that_is_no_plain_file_is_refused_and_what_it_leads_to_left_alone(
    folder: Path, make_server: MakeServer, tmp_path: Path, name: str, put: str
) -> None:
    data = folder / "data"
    data.mkdir()
    (data / "start.lock").touch()
    lock, elsewhere = data / name, folder / "elsewhere"
    lock.unlink(missing_ok=True)
    if put == "pipe":
        os.mkfifo(lock)
    elif put == "folder":
        lock.mkdir()
    else:
        if put != "dangling link":
            elsewhere.write_text("theirs")
        (lock.hardlink_to if put == "hard link" else lock.symlink_to)(elsewhere)
    server = make_server(data)
    with pytest.raises(EmbeddedServerError, match=r"Delete what is there|holds something else"):
        server.start()
    assert not server.is_running()
    assert elsewhere.exists() is (put in ("link", "hard link"))


def test_a_start_that_was_cut_in_mid_initialisation_is_made_anew(folder: Path, make_server: MakeServer) -> None:
    unfinished = folder / "data" / "postgres-unfinished"
    unfinished.mkdir(parents=True)
    (folder / "data" / "start.lock").touch()
    (unfinished / "PG_VERSION").write_text("18\n")
    server = make_server(folder / "data")
    server.start()
    assert ask(server) == 1
    assert not unfinished.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become an ordinary user")
def test_an_ordinary_user_runs_the_server_as_himself(folder: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    try:
        subprocess.run([sys.executable, "-c", "import logistics_indicators"], user=nobody.pw_uid, cwd="/", check=True)
    except (PermissionError, subprocess.CalledProcessError):
        pytest.skip(f"the user nobody cannot reach {sys.executable} and its packages")
    folder.chmod(0o777)
    process, pid = hold(folder / "data", nobody)
    assert psutil.Process(pid).username() == "nobody"
    let_go(process)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has the rule")
def test_root_never_runs_the_server_and_names_the_folder_that_stands_in_the_way(
    folder: Path, make_server: MakeServer
) -> None:
    server = make_server(folder / "data")
    server.start()
    assert psutil.Process(server.postmaster_pid()).username() == "logistics-postgres"
    (folder / "closed").mkdir(mode=0o700)
    with pytest.raises(EmbeddedServerError, match=r"closed is closed to others\. Name a folder elsewhere"):
        make_server(folder / "closed" / "data").start()


def test_the_generated_secret_is_private_long_and_stable(tmp_path: Path) -> None:
    path = tmp_path / "jwt_secret_key"
    secret = generated_secret(path)
    assert len(secret) >= 32
    assert mode(path) == 0o600
    assert generated_secret(path) == secret
    assert list(tmp_path.iterdir()) == [path]


def test_processes_that_generate_the_secret_at_once_agree(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; "
        "from logistics_indicators.running.secrets_folder import generated_secret; "
        "sys.stdin.read(); print(generated_secret(Path(sys.argv[1])))"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "jwt_secret_key")]
    processes = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    assert len({process.communicate(timeout=60)[0] for process in processes}) == 1


FIRST_START = """
import sys
from logistics_indicators.running import embedded

embedded.SYSTEM_USER = sys.argv[1]
sys.stdin.read()
print(embedded._system_user().pw_uid)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes the server's account")
def test_services_that_start_at_once_on_a_fresh_machine_make_one_account() -> None:
    name = f"li-test-{os.getpid()}"
    command = [sys.executable, "-c", FIRST_START, name]
    starts = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(6)]
    try:
        for start in starts:
            assert start.stdin is not None
            start.stdin.close()
            start.stdin = None
        numbers = {int(start.communicate(timeout=60)[0]) for start in starts}
        assert numbers == {pwd.getpwnam(name).pw_uid}
    finally:
        for start in starts:
            start.kill()
        subprocess.run(["userdel", name], check=False)
