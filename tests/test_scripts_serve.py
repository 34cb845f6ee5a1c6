"""scripts/serve as a person runs it: from any folder, twice, killed, with several workers, as a demo."""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
import pytest
from conftest import Settle
from data_folders import reachable_folder
from listening import somebody_else

from logistics_indicators.settings import demo_data_dir

ROOT = Path(__file__).parents[1]
PATIENCE = 90


@pytest.fixture(scope="module")
def environment() -> Iterator[dict[str, str]]:
    """Stands for .venv: the packages of the running tests, so that nothing is installed."""
    with tempfile.TemporaryDirectory(prefix="li-venv-") as name:
        yield environment_in(Path(name) / "venv", f"{sys.executable} -m logistics_indicators")


def environment_in(venv: Path, program: str) -> dict[str, str]:
    """program: what is run as logistics-indicators."""
    (venv / "bin").mkdir(parents=True)
    for name, command in (("python", sys.executable), ("logistics-indicators", program)):
        script = venv / "bin" / name
        script.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
        script.chmod(0o755)
    stamp = f". {ROOT}/scripts/environment.sh; VENV={venv}; wanted_state {venv}/bin/python > {venv}/.installed-base"
    subprocess.run(["bash", "-c", stamp], check=True)
    foreign = ("LOGISTICS_", "DATABASE_", "POSTGRES_", "JWT_", "DATA_DIR", "LOG_LEVEL")
    clean = {key: value for key, value in os.environ.items() if not key.startswith(foreign)}
    return clean | {"LOGISTICS_VENV": str(venv), "PYTHONPATH": str(ROOT / "src")}


class Service:
    """A run of scripts/serve."""

    def __init__(self, environment: dict[str, str], data_dir: Path, output: Path, *options: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.origin = f"http://127.0.0.1:{self.port}"
        self.output = output
        self.data_dir = data_dir
        with output.open("wb") as file:
            self.process = subprocess.Popen(
                [ROOT / "scripts/serve", "--port", str(self.port), "--data-dir", data_dir, *options],
                cwd="/",
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait_for(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert self.process.poll() is None, self.text
            assert time.monotonic() < deadline, self.text
            time.sleep(0.1)

    def wait_until_healthy(self) -> None:
        self.wait_for(self.is_healthy)

    def is_healthy(self) -> bool:
        with contextlib.suppress(httpx.TransportError):
            # Asked again and again: each client that could verify reads hundreds of certificates.
            return httpx.get(f"{self.origin}/v1/health", timeout=10, verify=False).status_code == 200
        return False

    @property
    def text(self) -> str:
        return self.output.read_text(errors="replace")

    def postmaster(self) -> int:
        return int((self.data_dir / "postgres" / "postmaster.pid").read_text().splitlines()[0])

    def stop(self) -> None:
        """As `kill` does it: only the service itself is told."""
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(60)


Start = Callable[..., Service]


@pytest.fixture
def folder() -> Iterator[Path]:
    with reachable_folder() as made:
        yield made


@pytest.fixture
def start(environment: dict[str, str], folder: Path) -> Iterator[Start]:
    """Starts services on one data folder of the test, which there is not yet."""
    started: list[Service] = []

    def begin(*options: str) -> Service:
        output = folder / f"output-{len(started)}"
        started.append(Service(environment, folder / "data", output, *options))
        return started[-1]

    yield begin
    for service in started:
        service.stop()


@pytest.fixture
def start_again(start: Start, folder: Path, settle: Settle) -> Start:
    """As `start`, on a folder in which the service has been started before."""
    settle(folder / "data")
    return start


def test_with_reload_a_changed_source_file_starts_it_again_on_the_same_port(start_again: Start) -> None:
    service = start_again("--reload")
    service.wait_until_healthy()

    def is_serving(child: psutil.Process) -> bool:
        try:
            return "spawn_main" in " ".join(child.cmdline())
        except (psutil.ZombieProcess, psutil.NoSuchProcess):
            return False

    def serving() -> set[int]:
        return {child.pid for child in psutil.Process(service.process.pid).children() if is_serving(child)}

    (before,) = serving()
    (ROOT / "src/logistics_indicators/states.py").touch()
    service.wait_for(lambda: len(serving()) == 1 and before not in serving())
    service.wait_until_healthy()
    database = service.postmaster()
    service.stop()
    assert service.process.returncode == 0
    assert not is_alive(database)


def test_reload_and_workers_exclude_each_other(start: Start) -> None:
    service = start("--reload", "--workers", "2")
    assert service.process.wait(PATIENCE) == 2
    assert "--workers" in service.text


def is_alive(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def test_it_answers_from_any_folder_says_where_and_stops_its_database_when_told(start: Start) -> None:
    service = start()
    service.wait_until_healthy()
    service.wait_for(lambda: "/docs" in service.text)
    assert f"API and its docs: {service.origin}/docs" in service.text
    assert "Next: open the page." in service.text
    assert "POST /v1/auth/register" in service.text
    assert "Installing" not in service.text
    postmaster = service.postmaster()
    assert psutil.Process(postmaster).nice() == psutil.Process().nice()  # what gives way is one session or another
    service.stop()
    assert not is_alive(postmaster)


def test_after_a_kill_the_next_start_adopts_the_database(start_again: Start) -> None:
    first = start_again()
    first.wait_until_healthy()
    postmaster = first.postmaster()
    account = {"username": "ana", "email": "ana@example.com", "password": "visitas-no-prazo-2021"}
    assert httpx.post(f"{first.origin}/v1/auth/register", json=account, timeout=30).status_code == 201
    first.process.kill()
    first.process.wait()
    second = start_again()
    second.wait_until_healthy()
    assert second.postmaster() == postmaster
    second.wait_for(lambda: "Next: sign in" in second.text)
    assert "register" not in second.text
    second.stop()
    assert not is_alive(postmaster)


def test_several_workers_share_one_database_and_the_last_one_stops_it(start_again: Start) -> None:
    service = start_again("--workers", "2")
    service.wait_until_healthy()
    workers = [
        child for child in psutil.Process(service.process.pid).children() if "spawn_main" in str(child.cmdline())
    ]
    assert len(workers) == 2
    postmaster = service.postmaster()
    service.stop()
    assert not is_alive(postmaster)
    assert not any(is_alive(worker.pid) for worker in workers)


def test_workers_end_with_the_process_that_started_them_even_where_it_is_killed(start_again: Start) -> None:
    service = start_again("--workers", "2")
    service.wait_until_healthy()
    left = [*psutil.Process(service.process.pid).children(recursive=True), psutil.Process(service.postmaster())]
    os.kill(service.process.pid, signal.SIGKILL)
    _, alive = psutil.wait_procs(left, timeout=PATIENCE)
    assert alive == []


def test_a_killed_database_comes_back_under_a_running_service(start_again: Start) -> None:
    service = start_again()
    service.wait_until_healthy()
    killed = service.postmaster()
    os.kill(killed, signal.SIGKILL)
    service.wait_for(lambda: not is_alive(killed))
    service.wait_for(lambda: service.is_healthy() and service.postmaster() != killed)


def test_the_demo_shows_an_account_and_the_indicators_and_makes_them_once(start: Start) -> None:
    service = start("--demo", "--demo-rows", "2000")
    service.wait_for(lambda: "Next: sign in" in service.text)
    password = re.search(r"username demo, password (\S+)", service.text)
    assert password
    answer = httpx.post(
        f"{service.origin}/v1/auth/login", json={"username": "demo", "password": password.group(1)}, timeout=30
    )
    assert answer.json()["user"]["role"] == "admin"
    token = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    total = httpx.get(f"{service.origin}/v1/services/total", headers=token, timeout=30).json()["total"]
    assert total == 1998
    assert re.search(r"rows inserted +[\d,]+ +1,998", service.text)
    for path in ("productivity", "sla/angel", "sla/polo"):
        assert f"GET /v1/indicators/{path}" in service.text
    assert "…" not in service.text  # as a table has it that is cut
    assert "produtividade" in service.text
    service.stop()

    again = start("--demo")
    again.wait_for(lambda: "There is an account already" in again.text)
    assert "password" not in again.text


def test_ctrl_c_ends_the_service_its_database_and_the_demo(start_again: Start) -> None:
    service = start_again("--demo", "--demo-rows", "200000")
    service.wait_for(lambda: "The demo's admin" in service.text)
    postmaster = service.postmaster()
    os.killpg(service.process.pid, signal.SIGINT)  # as a terminal does it
    service.process.wait(60)
    assert not is_alive(postmaster)
    gone = [p for p in psutil.process_iter(["cmdline"]) if str(service.port) in (p.info["cmdline"] or [])]
    assert gone == []
    assert "Traceback" not in service.text


def test_a_demo_on_a_taken_port_ends_and_asks_nothing_of_whoever_is_there(
    environment: dict[str, str], tmp_path: Path
) -> None:
    with somebody_else() as (port, asked):
        command = [str(ROOT / "scripts/serve"), "--demo", "--port", str(port), "--data-dir", str(tmp_path / "data")]
        done = subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE
        )  # returns once the demo too has let go of its output
    assert done.returncode == 2
    assert "taken by another program" in done.stderr
    assert "answers" not in done.stdout + done.stderr
    assert asked == []


@pytest.mark.parametrize(
    ("options", "variables", "folder"),
    [
        ((), {}, demo_data_dir()),
        (("--data-dir", "mine"), {}, "mine"),
        (("--data-dir=mine",), {}, "mine"),
        ((), {"DATA_DIR": "mine"}, None),
        ((), {"POSTGRES_HOST": "db"}, None),
    ],
)
def test_a_demo_has_a_data_folder_of_its_own_unless_one_is_named(
    tmp_path: Path, options: tuple[str, ...], variables: dict[str, str], folder: object
) -> None:
    environment = environment_in(tmp_path / "venv", "echo") | variables
    command = [str(ROOT / "scripts/serve"), "--demo", *options]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=True)
    _, _, named = done.stdout.strip().replace("=", " ").partition("--data-dir ")
    assert named.split()[:1] == ([str(folder)] if folder else [])


def test_the_first_run_installs_from_the_lock_with_the_machine_s_uv_and_tells_how_far_it_is(tmp_path: Path) -> None:
    recorder = tmp_path / "bin/uv"
    recorder.parent.mkdir()
    recorder.write_text(f'#!/bin/sh\necho "$*" >> {tmp_path}/asked\n')
    recorder.chmod(0o755)
    environment = {"PATH": f"{tmp_path}/bin:{os.environ['PATH']}", "HOME": str(tmp_path), "PYTHON": sys.executable}
    command = ["bash", "-c", f". {ROOT}/scripts/environment.sh; prepare_environment; prepare_environment"]
    done = subprocess.run(
        command,
        env=environment | {"LOGISTICS_VENV": str(tmp_path / "venv")},
        capture_output=True,
        text=True,
        check=True,
    )
    first, *steps, last = done.stderr.splitlines()
    assert first.startswith(f"Installing into {tmp_path}/venv")
    packages = len(re.findall(r"^\w.*==", (ROOT / "requirements.lock").read_text(), re.MULTILINE))
    words = [re.sub(r"^ +\d+ s +", "", step) for step in steps]
    assert words == ["the tools that install and build", f"{packages} packages", "the service itself"]
    assert re.fullmatch(r"Installed in \d+ s\.", last)
    build, lock, own = (tmp_path / "asked").read_text().splitlines()
    assert [word for word in (build, lock) if "--require-hashes" not in word] == []
    assert lock.endswith(f"{ROOT}/requirements.lock")
    assert own.endswith(f"--editable {ROOT}")


def test_a_bad_option_ends_it_with_a_sentence(start: Start) -> None:
    service = start("--workers", "0")
    service.process.wait(60)
    assert service.process.returncode == 2
    assert "--workers" in service.text


def test_a_python_that_is_too_old_is_named_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "python3").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "python3").chmod(0o755)
    for tool in ("bash", "dirname", "readlink", "cat", "cksum", "cut", "env", "mkdir", "flock"):
        (tmp_path / tool).symlink_to(shutil.which(tool) or "/bin/false")
    completed = subprocess.run(
        [ROOT / "scripts/serve"],
        env={"PATH": str(tmp_path), "HOME": str(tmp_path), "LOGISTICS_VENV": str(tmp_path / "venv")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert completed.returncode == 1
    assert completed.stderr.startswith("serve: This needs Python 3.11 or later as python3")
