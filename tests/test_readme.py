"""README.md says what is so: its settings are all of them, its links lead somewhere, its tour runs as pasted."""

import asyncio
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import SECRET

from logistics_indicators.app import create_app
from logistics_indicators.settings import Settings, settings_table

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
DOCUMENTS = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
TRUTH = json.loads((ROOT / "tests/samples/truth.json").read_text())


def test_the_settings_table_is_that_of_the_settings() -> None:
    assert settings_table() in README, "run scripts/update_readme.py"


def test_every_setting_is_described() -> None:
    lines = settings_table().splitlines()[2:]
    assert len(lines) == len(Settings.model_fields)
    assert all(field.description for field in Settings.model_fields.values())


def links() -> list[tuple[Path, str]]:
    found = [(d, target) for d in DOCUMENTS for target in re.findall(r"\]\(([^)]+)\)", d.read_text())]
    return [(document, target) for document, target in found if "://" not in target]


@pytest.mark.parametrize(("document", "target"), links(), ids=str)
def test_a_link_leads_to_a_file(document: Path, target: str) -> None:
    assert (document.parent / target.partition("#")[0]).exists()


def paths_of_the_tree() -> list[str]:
    table = README.split("## What is where")[1].split("\n## ")[0]
    names = [
        name for row in re.findall(r"^\| ([^|]+) \|", table, re.MULTILINE) for name in re.findall("`([^`]+)`", row)
    ]
    return [name.replace("…", "src/logistics_indicators") for name in names]


@pytest.mark.parametrize("name", paths_of_the_tree())
def test_what_is_named_as_being_somewhere_is_there(name: str) -> None:
    assert (ROOT / name).exists()


async def run_in_bash(script: str, folder: Path, **environment: str) -> tuple[int | None, str, str]:
    process = await asyncio.create_subprocess_exec(
        *("bash", "-euo", "pipefail", "-c", script),
        cwd=folder,
        env=os.environ | environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = (text.decode() for text in await asyncio.wait_for(process.communicate(), 240))
    return process.returncode, out, err


def tour(service_url: str) -> str:
    (script,) = re.findall(r"```sh\n(API=.*?)```", README, re.DOTALL)
    return str(script).replace("http://127.0.0.1:8000", service_url)


async def test_the_tour_runs_as_it_is_pasted(service_url: str) -> None:
    code, out, err = await run_in_bash(tour(service_url).replace("curl -sS", "curl -sS --fail-with-body"), ROOT)
    assert code == 0, err + out
    assert '"role":"admin"' in out.replace(": ", ":")
    assert '"completed"' in out
    assert "missing_column" in out
    total, on_time = TRUTH["polo"]["DF - GAMA 010"]
    (polos,) = (json.loads(line) for line in out.splitlines() if line.startswith('{"sla_polo"'))
    (gama,) = (row for row in polos["sla_polo"] if row["polo"] == "DF - GAMA 010")
    assert (gama["total_de_atendimentos"], gama["total_de_atendimentos_no_prazo"]) == (total, on_time)
    assert json.loads(out.splitlines()[-1])["username"] == "ana"


async def test_a_step_of_the_tour_that_fails_shows_the_answer(service_url: str) -> None:
    code, _, err = await run_in_bash(tour(service_url).replace("2021\"}')\n", "2020\"}')\n"), ROOT)
    assert code == 1
    assert '"detail": "The username or the password is wrong."' in err
    assert "Traceback" not in err


async def test_the_tour_of_the_command_line_runs_as_it_is_pasted(database_url: str, tmp_path: Path) -> None:
    (script,) = re.findall(r"```sh\n(li\(\).*?)```", README, re.DOTALL)
    (tmp_path / "tests").symlink_to(ROOT / "tests")
    script = script.replace(".venv/bin/logistics-indicators", f"{sys.executable} -m logistics_indicators")
    code, out, err = await run_in_bash(script, tmp_path, DATABASE_URL=database_url, JWT_SECRET_KEY=SECRET)
    assert code == 0, err
    total, on_time = TRUTH["polo"]["DF - GAMA 010"]
    assert re.search(rf"DF - GAMA 010 +{total} +{on_time} ", out)
    assert [file.suffix for file in (tmp_path / "to-mend").iterdir()] == [".csv"]
    assert len((tmp_path / "gama.csv").read_text().splitlines()) > total


PAGE = (ROOT / "src/logistics_indicators/documentation/tour.md").read_text()


@pytest.fixture(scope="module")
def routes() -> set[tuple[str, str]]:
    """Methods and paths of the OpenAPI document, with nameless parameters."""
    paths = create_app(Settings()).openapi()["paths"]
    return {(each.upper(), re.sub(r"{.*?}", "{}", name)) for name, methods in paths.items() for each in methods}


@pytest.mark.parametrize(("method", "path"), re.findall(r"`(GET|POST|DELETE|PUT|PATCH) (/v1/[^`]+)`", PAGE))
def test_a_route_that_the_documentation_s_tour_names_is_there(
    routes: set[tuple[str, str]], method: str, path: str
) -> None:
    assert (method, re.sub(r"{.*?}", "{}", path)) in routes


def test_the_commands_named_in_the_documents_exist() -> None:
    text = "\n".join(document.read_text() for document in DOCUMENTS)
    named = set(re.findall(r"logistics-indicators ([a-z][a-z-]+)\b", text))
    helped = subprocess.run(
        [sys.executable, "-m", "logistics_indicators", "--help"], capture_output=True, text=True, check=True
    ).stdout
    assert all(name in helped for name in named)
