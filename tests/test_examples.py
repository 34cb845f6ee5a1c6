"""The programs of examples/, each against a running service: sign in, load, wait, ask, mend, export."""

import asyncio
import csv
import json
import os
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

import httpx
import pytest
from command_line import PASSWORD
from conftest import SAMPLES

EXAMPLES = Path(__file__).parent.parent / "examples"
TYPESCRIPT = EXAMPLES / "typescript"
TRUTH = json.loads((SAMPLES / "truth.json").read_text())
SLA = {polo: f"{100 * on_time / total:.2f}%" for polo, (total, on_time) in TRUTH["polo"].items()}
BESIDE_PYTHON = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
GENERATOR = shutil.which("openapi-python-client", path=BESIDE_PYTHON)


class Examples:
    """Runs programs in a folder of the test's own, as the account `ana`."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self.folder = url, folder
        self.exported = folder / "export.csv"
        self.environment = {"LOGISTICS_USERNAME": "ana", "LOGISTICS_PASSWORD": PASSWORD, "LOGISTICS_URL": url}
        self.files = (SAMPLES / "customers.csv", SAMPLES / "services.csv", self.exported)

    async def run(self, *words: object, cwd: Path | None = None) -> str:
        """What it prints."""
        process = await asyncio.create_subprocess_exec(
            *map(str, words),
            cwd=cwd or self.folder,
            env=os.environ | self.environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        out, _ = await asyncio.wait_for(process.communicate(), 300)
        assert process.returncode == 0, out.decode()
        return out.decode()

    async def job(self, *words: object, cwd: Path | None = None) -> None:
        """Runs one that does the whole job, and looks at what came of it."""
        said = (await self.run(*words, *self.files, cwd=cwd)).splitlines()[-1]
        assert json.loads(said) == {"sla": SLA, "mended": 1}
        with self.exported.open(newline="") as file:
            rows = list(csv.DictReader(file))
        assert len(rows) == TRUTH["stored"] + 1
        assert {"id", "polo", "data_limite"} <= set(rows[0])


@pytest.fixture
def examples(service_url: str, account: str, tmp_path: Path) -> Examples:
    return Examples(service_url, tmp_path)


async def test_plain_httpx_does_the_job(examples: Examples) -> None:
    await examples.job(sys.executable, EXAMPLES / "with_httpx.py")


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")
async def test_curl_does_the_job(examples: Examples) -> None:
    await examples.job("bash", EXAMPLES / "with_curl.sh")


@pytest.mark.skipif(GENERATOR is None, reason="openapi-python-client is not installed: scripts/test does it")
async def test_the_client_that_openapi_python_client_makes_does_the_job(examples: Examples) -> None:
    ours, client = EXAMPLES / "openapi-python-client", examples.folder / "client"
    document = f"{examples.url}/openapi.json"
    async with httpx.AsyncClient(timeout=60) as patient:  # its first making takes a while; the generator waits 5 s
        assert (await patient.get(document)).status_code == 200
    said = await examples.run(
        *(GENERATOR, "generate", "--url", document, "--config", ours / "config.yaml", "--output-path", client),
        "--fail-on-warning",
    )
    assert "warning" not in said.lower()
    modules = sorted(module_names(client))
    assert len(modules) > 200
    examples.environment |= {"PYTHONPATH": str(client), "MYPYPATH": str(client)}
    lines = "\n".join(f"import {name}" for name in modules)
    await examples.run(sys.executable, "-c", lines)
    checked = (client / "logistics_indicators_client", ours / "job.py")
    await examples.run(sys.executable, "-m", "mypy", "--strict", "--cache-dir", examples.folder, *checked)
    await examples.job(sys.executable, ours / "job.py")


def module_names(folder: Path) -> Iterable[str]:
    for file in folder.rglob("*.py"):
        yield ".".join(file.relative_to(folder).with_suffix("").parts).removesuffix(".__init__")


@pytest.fixture
async def typescript(examples: Examples) -> Path:
    """A copy of the folder, since generators write into it."""
    if shutil.which("npm") is None:
        pytest.skip("there is no npm")
    if not (TYPESCRIPT / "node_modules/.package-lock.json").is_file():
        pytest.skip("the generators are not installed: npm ci --prefix examples/typescript")
    copy = examples.folder / "typescript"
    shutil.copytree(TYPESCRIPT, copy, ignore=lambda _folder, _names: ["node_modules", "build"])
    (copy / "node_modules").symlink_to(TYPESCRIPT / "node_modules")
    return copy


@pytest.mark.parametrize("name", ["openapi-fetch", "orval", "hey-api"])
async def test_the_typescript_client_type_checks_and_does_the_job_of(
    name: str, examples: Examples, typescript: Path
) -> None:
    said = await examples.run("npm", "run", f"generate:{name}", cwd=typescript)
    assert "warn" not in said.lower(), said
    await examples.run("npm", "run", f"build:{name}", cwd=typescript)
    await examples.job("node", f"build/{name}.js", cwd=typescript)
