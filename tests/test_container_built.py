"""The image, made by the Dockerfile's own steps without an engine, and run as compose.yaml runs it."""

import asyncio
import random
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import dockerfile
import httpx
import psutil
import pytest
import yaml
from fault_files import FaultFile, customers_file
from fault_service import free_port
from load_client import counts, finished

ROOT = Path(__file__).parents[1]
ACCOUNT = {"username": "ana", "password": "a long password of the tests"}
OFFLINE = re.compile(r"Name or service not known|failure in name resolution|ConnectError|dns error")
MEMORY = 512 * 2**20


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="li-image-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(scope="module")
def image(folder: Path) -> dockerfile.Image:
    if reason := dockerfile.why_not():
        pytest.skip(reason)
    try:
        return dockerfile.build(ROOT / "Dockerfile", ROOT, folder / "image")
    except RuntimeError as error:
        if OFFLINE.search(str(error)):
            pytest.skip("no package index is reached from here, and the image's packages come from one")
        raise


class MemoryLimit:
    """A control group of the kernel's, version 1, that ends what takes more. Page cache counts, and is given back."""

    def __init__(self, size: int) -> None:
        self.folder = Path("/sys/fs/cgroup/memory") / f"logistics-indicators-{free_port()}"
        try:
            self.folder.mkdir()
            (self.folder / "memory.limit_in_bytes").write_text(str(size))
            (self.folder / "memory.memsw.limit_in_bytes").write_text(str(size))
        except OSError as error:
            pytest.skip(f"no memory limit can be set here: {error}")

    def around(self, words: list[str]) -> list[str]:
        return ["sh", "-c", f'echo $$ > {self.folder}/cgroup.procs && exec "$@"', "sh", *words]

    @property
    def peak(self) -> int:
        return int((self.folder / "memory.max_usage_in_bytes").read_text())

    def killed(self) -> int:
        found = re.search(r"oom_kill (\d+)", (self.folder / "memory.oom_control").read_text())
        return int(found[1]) if found else 0

    def close(self) -> None:
        with suppress(OSError):
            self.folder.rmdir()


class Container:
    """`docker run` of the image with a volume; the port is one that is free here."""

    def __init__(self, image: dockerfile.Image, volume: Path, limit: MemoryLimit | None = None) -> None:
        self.image, self.volume, self.limit = image, volume, limit
        self.port = free_port()
        self.log = volume.parent / "container.log"
        self.process: subprocess.Popen[bytes] | None = None

    def words(self, *program: str) -> list[str]:
        volumes = dict.fromkeys(self.image.volumes, self.volume)
        return self.image.container(*program, volumes=volumes, LOAD_CHUNK_BYTES=str(64 * 1024), LOAD_WORKERS="1")

    def start(self) -> None:
        command = [str(self.port) if word == "8000" else word for word in self.image.command]
        words = self.words(*self.image.entrypoint, *command)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.limit.around(words) if self.limit else words, stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )

    def is_healthy(self) -> bool:
        """By the image's own HEALTHCHECK."""
        words = [word.replace(":8000/", f":{self.port}/") for word in self.image.health]
        return subprocess.run(self.words(*words), capture_output=True).returncode == 0

    async def ready(self, seconds: float = 120) -> None:
        assert self.process is not None
        async with asyncio.timeout(seconds):
            while not await asyncio.to_thread(self.is_healthy):
                assert self.process.poll() is None, self.log.read_text()[-3000:]
                await asyncio.sleep(0.2)

    def service(self) -> psutil.Process:
        """What an engine would send its signal to: the first of its processes that is the entrypoint."""
        assert self.process is not None
        family = psutil.Process(self.process.pid).children(recursive=True)
        (one,) = (one for one in family if "serve" in one.cmdline() and one.name() != "bwrap")
        return one

    def stop(self, seconds: float) -> int:
        """SIGTERM, as `docker stop`; its exit code, or SIGKILL and subprocess.TimeoutExpired."""
        assert self.process is not None
        self.service().send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()


@contextmanager
def volume_of(image: dockerfile.Image, folder: Path) -> Iterator[Path]:
    """As an engine makes one: a copy of what the image has there, owner and mode included."""
    (inside,) = image.volumes
    made = Path(tempfile.mkdtemp(dir=folder)) / "volume"
    subprocess.run(["cp", "-a", str(image.root / inside[1:]), str(made)], check=True)
    yield made


@pytest.fixture
def volume(image: dockerfile.Image, folder: Path) -> Iterator[Path]:
    with volume_of(image, folder) as made:
        yield made


@pytest.fixture
async def container(image: dockerfile.Image, volume: Path) -> AsyncIterator[Container]:
    limit = MemoryLimit(MEMORY)
    running = Container(image, volume, limit)
    yield running
    running.close()
    limit.close()


async def signed_in(client: httpx.AsyncClient) -> None:
    await client.post("/v1/auth/register", json=ACCOUNT | {"email": "ana@example.com"})
    answer = await client.post("/v1/auth/login", json=ACCOUNT)
    client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"


async def send(client: httpx.AsyncClient, file: FaultFile) -> int:
    headers = {"Content-Type": "text/csv"}
    answer = await client.post(f"/v1/{file.kind}/batch", content=file.content, headers=headers)
    assert answer.status_code == 202, answer.text
    return int(answer.json()["load"]["id"])


async def half_loaded(client: httpx.AsyncClient, load_id: int) -> None:
    async with asyncio.timeout(120):
        while (load := (await client.get(f"/v1/loads/{load_id}")).json())["rows_read"] == 0:
            await asyncio.sleep(0.02)
    assert load["status"] == "loading"


def grace_seconds() -> float:
    """What compose.yaml gives the service to end."""
    app = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]["app"]
    return float(app["stop_grace_period"].removesuffix("s"))


async def test_in_512_mb_it_ends_within_its_grace_in_mid_load_and_loses_nothing(container: Container) -> None:
    file = customers_file(random.Random(15), 60_000)
    container.start()
    await container.ready()
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{container.port}", timeout=60) as client:
        await signed_in(client)
        load_id = await send(client, file)
        await half_loaded(client, load_id)
        assert await asyncio.to_thread(container.stop, grace_seconds()) == 0, container.log.read_text()[-3000:]

        container.start()
        await container.ready()
        load = await finished(client, load_id)
        assert load["status"] == "completed"
        assert counts(load) == file.counts
        assert (await client.get("/v1/customers/total")).json()["total"] == len(file.rows)
    assert await asyncio.to_thread(container.stop, grace_seconds()) == 0
    assert container.limit is not None
    print(f"peak of all processes, page cache included: {container.limit.peak / 2**20:.0f} MiB")
    assert container.limit.killed() == 0


def test_its_user_owns_no_file_but_those_of_the_volume(image: dockerfile.Image) -> None:
    user, _, group = image.user.partition(":")
    assert int(user) > 0
    assert int(group) > 0
    find = ["find", "/", "-xdev", "(", "-uid", user, "-o", "-gid", group, ")", "-not", "-path", "/proc/*", "-print"]
    found = subprocess.run([*image.sandbox(read_only=True), *find], capture_output=True, text=True)
    assert found.stdout.split() == image.volumes


def test_nothing_of_it_can_be_written_but_the_volume_and_tmp(image: dockerfile.Image, volume: Path) -> None:
    script = "for d in / /etc /opt/logistics-indicators /usr/local /var /tmp $DATA_DIR; do"
    script += " touch $d/x 2>/dev/null && echo $d; done; true"
    words = image.container("/bin/sh", "-c", script, volumes=dict.fromkeys(image.volumes, volume))
    assert subprocess.run(words, capture_output=True, text=True).stdout.split() == ["/tmp", *image.volumes]


def test_it_holds_no_compiler_no_installer_and_no_test(image: dockerfile.Image, volume: Path) -> None:
    installed = {path.name for path in (image.root / "opt/logistics-indicators/bin").iterdir()}
    assert "logistics-indicators" in installed
    assert not installed & {"pip", "uv", "pytest", "ruff", "mypy", "hatchling"}
    assert not (image.root / "build").exists()
