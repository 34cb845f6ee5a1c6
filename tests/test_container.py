"""Container and CI files: what can be checked without an engine."""

import json
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from logistics_indicators.settings import Settings

ROOT = Path(__file__).parents[1]
ACTION = re.compile(r"uses: [\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")
WORKFLOWS = ROOT / ".github/workflows"
LOCKS = tuple(f"requirements{name}.lock" for name in ("", "-otel", "-build", "-dev", "-aws"))


def read_yaml(name: str) -> dict[Any, Any]:
    loaded = yaml.safe_load((ROOT / name).read_text())
    assert isinstance(loaded, dict)
    return loaded


@pytest.fixture(scope="module")
def compose() -> dict[Any, Any]:
    return read_yaml("compose.yaml")


@pytest.fixture(scope="module")
def workflow() -> dict[Any, Any]:
    return read_yaml(".github/workflows/ci.yml")


def test_compose_starts_the_app_after_a_healthy_postgresql_18(compose: dict[Any, Any]) -> None:
    app, database = compose["services"]["app"], compose["services"]["database"]
    assert database["image"].startswith("postgres:18@sha256:")
    assert "pg_isready" in database["healthcheck"]["test"][1]
    assert app["depends_on"] == {"database": {"condition": "service_healthy"}}
    assert app["environment"]["POSTGRES_HOST"] == "${DATABASE_HOST:-database}"
    assert {app["restart"], database["restart"]} == {"unless-stopped"}


def test_compose_keeps_the_data_in_a_volume_where_postgresql_18_writes_it(compose: dict[Any, Any]) -> None:
    for name in ("database", "replica"):
        assert f"{name}:/var/lib/postgresql" in compose["services"][name]["volumes"]
        assert name in compose["volumes"]


def test_only_the_service_and_its_database_come_without_a_profile(compose: dict[Any, Any]) -> None:
    profiles = {name: service.get("profiles") for name, service in compose["services"].items()}
    assert profiles == {
        "app": None,
        "database": None,
        "pgbouncer": ["pgbouncer"],
        "replica": ["replica"],
        "prometheus": ["monitoring"],
        "grafana": ["monitoring"],
    }


def test_what_compose_mounts_is_there_and_cannot_be_written(compose: dict[Any, Any]) -> None:
    for service in compose["services"].values():
        for volume in service.get("volumes", []):
            source, _, options = volume.partition(":")
            if source.startswith("./"):
                assert (ROOT / source).exists()
                assert options.endswith(":ro")
            else:
                assert source in compose["volumes"]


def test_every_image_is_named_by_its_digest(compose: dict[Any, Any]) -> None:
    named = [service["image"] for service in compose["services"].values() if "build" not in service]
    for path in (ROOT / "Dockerfile", ROOT / "deploy/pgbouncer/Dockerfile"):
        named += re.findall(r"^ARG \w+_IMAGE=(\S+)", path.read_text(), re.MULTILINE)
    assert len(named) == 6
    assert all(re.fullmatch(r"[\w./-]+:[\w.-]+@sha256:[0-9a-f]{64}", image) for image in named), named


def test_compose_requires_every_secret_by_name_and_holds_none(compose: dict[Any, Any]) -> None:
    """Where a profile needs one, its container says so: compose would ask for it in any case."""
    for service in compose["services"].values():
        optional = {"REPLICATION_PASSWORD"}
        if "profiles" in service:
            optional |= {"METRICS_TOKEN", "GF_SECURITY_ADMIN_PASSWORD"}
        secrets = {n: v for n, v in service["environment"].items() if re.search("PASSWORD|SECRET|TOKEN", n)}
        assert secrets
        for name, value in secrets.items():
            if name in optional:
                assert re.fullmatch(r"\$\{\w+:-\}", value)
            else:
                assert value.startswith(f"${{{name}:?")


@pytest.mark.parametrize("name", ["prometheus", "grafana"])
def test_a_profile_without_its_secret_says_what_to_set(compose: dict[Any, Any], name: str) -> None:
    shell, flag, script = compose["services"][name]["entrypoint"]
    script = script.replace("$$", "$").replace("exec ", "echo would run ")
    (secret,) = (n for n in compose["services"][name]["environment"] if "TOKEN" in n or "PASSWORD" in n)
    without = subprocess.run([shell, flag, script], env={secret: ""}, capture_output=True, text=True)
    assert without.returncode != 0
    assert "in .env, see .env.example" in without.stderr


def test_compose_gives_no_service_more_rights_than_it_needs(compose: dict[Any, Any]) -> None:
    for service in compose["services"].values():
        assert service["cap_drop"] == ["ALL"]
        assert "no-new-privileges:true" in service["security_opt"]
    app = compose["services"]["app"]
    for name in ("app", "pgbouncer", "prometheus", "grafana"):
        assert compose["services"][name]["read_only"] is True
        assert "cap_add" not in compose["services"][name]
    published = [port for service in compose["services"].values() for port in service.get("ports", [])]
    assert all(port.startswith("${LISTEN:-127.0.0.1}:") for port in published)
    assert app["ports"] == ["${LISTEN:-127.0.0.1}:${PORT:-8000}:8000"]


def test_what_compose_passes_to_the_app_are_settings_of_it(compose: dict[Any, Any]) -> None:
    fields = {name.upper() for name in Settings.model_fields}
    assert set(compose["services"]["app"]["environment"]) <= fields


def test_the_example_environment_names_what_compose_requires_and_gives_no_value() -> None:
    text = (ROOT / ".env.example").read_text()
    required = set(re.findall(r"(?<!\$)\$\{(\w+):\?", (ROOT / "compose.yaml").read_text()))
    assert set(re.findall(r"^(\w+)=$", text, re.MULTILINE)) == required
    optional = set(re.findall(r"\$\{(\w+):-", (ROOT / "compose.yaml").read_text()))
    assert set(re.findall(r"^#(\w+)=", text, re.MULTILINE)) == optional


def test_the_image_runs_as_an_ordinary_user_with_a_health_check_and_no_build_stage() -> None:
    text = (ROOT / "Dockerfile").read_text()
    final = text.rsplit("\nFROM ", 1)[1]
    assert re.search(r"^USER 10001:10001$", final, re.MULTILINE)
    assert "HEALTHCHECK" in final
    assert "pip install" not in final
    assert "gcc" not in text
    assert re.findall(r"^FROM (\S+)", text, re.MULTILINE) == ["${PYTHON_IMAGE}"] * 2  # a digest may be given
    assert text.count("--require-hashes") == 2


def test_what_the_dockerfile_copies_is_there_and_not_ignored() -> None:
    text = (ROOT / "Dockerfile").read_text()
    sources = [word for line in re.findall(r"^COPY (?!--from)(.+)$", text, re.MULTILINE) for word in line.split()[:-1]]
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert set(sources) == kept
    assert all((ROOT / source).exists() for source in sources)


def test_every_action_is_pinned_by_the_hash_of_its_commit() -> None:
    for path in WORKFLOWS.glob("*.yml"):
        used = [line.strip().removeprefix("- ") for line in path.read_text().splitlines() if "uses:" in line]
        assert used, path
        others = [line for line in used if not line.startswith("uses: ./.github/workflows/")]
        assert [line for line in others if not ACTION.fullmatch(line)] == []


def test_an_action_is_of_the_same_version_everywhere() -> None:
    used = {line for path in WORKFLOWS.glob("*.yml") for line in re.findall(r"uses: (\S+@\S+)", path.read_text())}
    assert len(used) == len({line.partition("@")[0] for line in used})


def locked(name: str) -> list[Requirement]:
    text = (ROOT / name).read_text().replace("\\\n", " ")
    return [Requirement(line.partition(" --hash=")[0]) for line in text.splitlines()]


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_file_names_a_version_and_hashes_for_all_and_no_index(name: str) -> None:
    text = (ROOT / name).read_text().replace("\\\n", " ")
    assert re.search(r"://|--index|--extra|--find|file:", text) is None
    for line in text.splitlines():
        assert re.fullmatch(r"[\w.-]+(\[[\w, -]+\])?==\S+( ; [^\\]+?)?(\s+--hash=sha256:[0-9a-f]{64})+\s*", line), line


def test_the_lock_files_hold_what_pyproject_asks_for() -> None:
    """scripts/lock writes them."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    groups = project["dependency-groups"]
    dev = [line for line in groups["dev"] if isinstance(line, str)]
    serving = project["project"]["dependencies"]
    traced = serving + project["project"]["optional-dependencies"]["otel"]
    wanted = {
        "requirements.lock": serving,
        "requirements-otel.lock": traced,
        "requirements-build.lock": groups["build"],
        "requirements-aws.lock": groups["aws"],
        "requirements-dev.lock": traced + groups["build"] + dev,
    }
    for name, lines in wanted.items():
        found: dict[str, list[str]] = {}
        for pin in locked(name):
            found.setdefault(canonicalize_name(pin.name), []).append(str(pin.specifier).removeprefix("=="))
        for line in map(Requirement, lines):
            versions = found.get(canonicalize_name(line.name), [])
            assert versions, f"{line} is not in {name}"
            assert all(version in line.specifier for version in versions), f"{line} is {versions} in {name}"


def test_what_serves_is_of_the_same_versions_where_it_is_tested() -> None:
    """Whatever extras of it the tests' own packages ask for."""
    serving, traced, tested = (
        {(canonicalize_name(pin.name), str(pin.specifier)) for pin in locked(name)}
        for name in ("requirements.lock", "requirements-otel.lock", "requirements-dev.lock")
    )
    assert serving <= traced <= tested


def test_the_sbom_of_a_release_names_every_package_that_serves(tmp_path: Path) -> None:
    program = [sys.executable, "-m", "cyclonedx_py", "requirements", "--pyproject", "pyproject.toml"]
    sbom = tmp_path / "sbom.json"
    subprocess.run([*program, "--output-file", str(sbom), "requirements-otel.lock"], cwd=ROOT, check=True)
    named = {canonicalize_name(component["name"]) for component in json.loads(sbom.read_text())["components"]}
    assert {canonicalize_name(pin.name) for pin in locked("requirements-otel.lock")} <= named


def jobs_of(name: str) -> dict[str, Any]:
    jobs = read_yaml(f".github/workflows/{name}.yml")["jobs"]
    assert isinstance(jobs, dict)
    return jobs


def test_a_workflow_may_write_nothing_but_where_a_job_says_so(workflow: dict[Any, Any]) -> None:
    assert workflow["permissions"] == {"contents": "read"}
    for name in ("image", "release", "deploy"):
        assert read_yaml(f".github/workflows/{name}.yml")["permissions"] == {}
    pushing = {"contents": "read", "packages": "write", "id-token": "write", "attestations": "write"}
    for name in ("ci", "release"):
        assert jobs_of(name)["image"]["permissions"] == pushing
    assert jobs_of("image")["image"]["permissions"] == pushing
    assert [name for name, job in workflow["jobs"].items() if "permissions" in job] == ["image"]


def test_an_image_is_pushed_of_main_after_all_checks_and_of_a_tag_that_is_on_main(workflow: dict[Any, Any]) -> None:
    image = workflow["jobs"]["image"]
    assert "refs/heads/main" in image["if"]
    assert set(image["needs"]) == set(workflow["jobs"]) - {"image"}
    release = jobs_of("release")
    assert release["image"]["needs"] == "tag"
    assert release["release"]["needs"] == "image"
    assert "--is-ancestor HEAD origin/main" in str(release["tag"]["steps"])


def test_an_image_comes_with_its_sbom_and_its_provenance() -> None:
    steps = jobs_of("image")["image"]["steps"]
    (build,) = (step["with"] for step in steps if "build-push-action" in step.get("uses", ""))
    assert build["sbom"] is True
    assert build["provenance"] == "mode=max"
    assert {"attest-sbom", "attest-build-provenance"} <= {
        step["uses"].split("/")[1].split("@")[0] for step in steps if "uses" in step
    }


def test_tests_run_on_every_python_and_every_postgresql_that_is_promised(workflow: dict[Any, Any]) -> None:
    pairs = workflow["jobs"]["checks"]["strategy"]["matrix"]["include"]
    assert {pair["python"] for pair in pairs} == {"3.11", "3.12", "3.13", "3.14"}
    assert {pair["postgres"] for pair in pairs} == {15, 16, 17, 18}


def test_a_deployment_has_no_key_of_the_cloud_and_believes_only_an_image_of_ours() -> None:
    text = (WORKFLOWS / "deploy.yml").read_text()
    assert set(re.findall(r"secrets\.(\w+)", text)) == {"GITHUB_TOKEN"}
    assert "AWS_ACCESS_KEY" not in text
    assert "role-to-assume" in text
    job = jobs_of("deploy")["deploy"]
    names = [step.get("name") or step.get("uses", "") for step in job["steps"]]
    verified = next(i for i, step in enumerate(job["steps"]) if "attestation verify" in step.get("run", ""))
    assert verified < next(i for i, name in enumerate(names) if "configure-aws-credentials" in name)
    assert "write" not in {job["permissions"][name] for name in job["permissions"] if name != "id-token"}


def test_the_wheel_holds_the_migrations_and_every_file_of_the_package(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    for name in ("src", "alembic"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=source, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    package = source / "src" / "logistics_indicators"
    wanted = {f"logistics_indicators/{p.relative_to(package)}" for p in package.rglob("*") if p.is_file()}
    versions = {f"logistics_indicators/_alembic/versions/{p.name}" for p in (ROOT / "alembic/versions").glob("*.py")}
    assert wanted | versions | {"logistics_indicators/_alembic/env.py"} <= names
