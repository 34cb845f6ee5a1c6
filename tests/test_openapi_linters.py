"""scripts/lint_openapi: four linters over the document, which find nothing; and something, where there is something."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from logistics_indicators.app import create_app
from logistics_indicators.settings import Settings

ROOT = Path(__file__).parents[1]
LINTERS = ("redocly recommended-strict", "spectral oas", "spectral owasp", "spectral ibm")
UNAVAILABLE = 69
LOCK = json.loads((ROOT / "tests/openapi_linters/package-lock.json").read_text())

needs_npm = pytest.mark.skipif(shutil.which("npm") is None, reason="there is no npm")


def lint(*files: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHON": sys.executable}
    done = subprocess.run(
        [ROOT / "scripts/lint_openapi", *files],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=500,
    )
    if done.returncode == UNAVAILABLE:
        pytest.skip(done.stderr.strip().splitlines()[-1])
    return done


@needs_npm
def test_no_linter_finds_anything_in_the_document() -> None:
    done = lint()
    assert [line for line in done.stdout.splitlines() if line.endswith("problems")] == [
        f"{name}: 0 problems" for name in LINTERS
    ], done.stdout
    assert done.returncode == 0


def of_one_path(document: dict[str, Any], path: str) -> dict[str, Any]:
    """The document with this path alone, and the components that it needs: each linter reads seconds of the whole."""
    components = document["components"]
    left: dict[str, Any] = document | {"paths": {path: document["paths"][path]}}
    left["components"] = {"securitySchemes": components["securitySchemes"]}
    while missing := {
        (kind, name)
        for kind, name in re.findall(r'"#/components/(\w+)/([^"]+)"', json.dumps(left))
        if name not in left["components"].get(kind, {})
    }:
        for kind, name in missing:
            left["components"].setdefault(kind, {})[name] = components[kind][name]
    copy: dict[str, Any] = json.loads(json.dumps(left))
    return copy


@needs_npm
def test_each_linter_finds_what_is_wrong(tmp_path: Path) -> None:
    broken = of_one_path(create_app(Settings()).openapi(), "/v1/customers")
    operation = broken["paths"]["/v1/customers"]["get"]
    del operation["summary"], operation["description"]  # IBM
    del operation["responses"]["500"]  # OWASP
    operation["parameters"].append({"in": "query", "name": "nome", "schema": {"type": "string"}})  # Redocly, Spectral
    (tmp_path / "broken.json").write_text(json.dumps(broken))
    done = lint(tmp_path / "broken.json")
    assert [line for line in done.stdout.splitlines() if line.endswith(": problems")] == [
        f"{name}: problems" for name in LINTERS
    ], done.stdout
    assert done.returncode == 1


def test_the_lock_names_no_registry() -> None:
    packages = LOCK["packages"]
    assert len(packages) > 100
    assert all("resolved" not in package for package in packages.values())
    assert all(package.get("integrity") for name, package in packages.items() if name)


@pytest.mark.parametrize("ruleset", ["owasp", "ibm"])
def test_a_rule_is_switched_off_with_a_reason(ruleset: str) -> None:
    lines = (ROOT / f"tests/openapi_linters/{ruleset}.yaml").read_text().partition("rules:\n")[2].splitlines()
    reason = False
    for line in lines:
        reason = reason or line.strip().startswith("#")
        assert reason, line
        assert line.strip().startswith("#") or line.endswith(": off"), line
    assert lines[0].strip().startswith("#")
