"""deploy/aws: what the templates promise, what a deployment does in which order, and how far a rehearsal comes."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "deploy/aws"
STAND_IN = ROOT / ".venv-aws/bin/python"


class Tagged(yaml.SafeLoader):
    """CloudFormation's !Ref x as {"Ref": x}, its !Sub x as {"Fn::Sub": x}."""


def _tag(loader: Any, suffix: str, node: yaml.Node) -> dict[str, Any]:
    match node:
        case yaml.ScalarNode():
            value: Any = loader.construct_scalar(node)
        case yaml.SequenceNode():
            value = loader.construct_sequence(node, deep=True)
        case _:
            value = loader.construct_mapping(node, deep=True)
    return {"Ref" if suffix == "Ref" else f"Fn::{suffix}": value}


yaml.add_multi_constructor("!", _tag, Loader=Tagged)


def resources(name: str) -> dict[str, Any]:
    found = yaml.load((FOLDER / f"{name}.yaml").read_text(), Loader=Tagged)["Resources"]
    assert isinstance(found, dict)
    return found


def containers(task: str) -> dict[str, dict[str, Any]]:
    return {one["Name"]: one for one in resources("service")[task]["Properties"]["ContainerDefinitions"]}


def test_the_database_is_in_two_zones_encrypted_backed_up_and_out_of_reach() -> None:
    database = resources("base")["Database"]
    told = database["Properties"]
    assert told["MultiAZ"] is True
    assert told["StorageEncrypted"] is True
    assert told["PubliclyAccessible"] is False
    assert told["DeletionProtection"] is True
    assert database["DeletionPolicy"] == "Snapshot"
    assert resources("base")["DatabaseParameters"]["Properties"]["Parameters"]["rds.force_ssl"] == "1"


@pytest.mark.parametrize(("task", "container"), [("ServiceTask", "service"), ("MigrationTask", "migration")])
def test_the_databases_certificate_is_verified_by_its_name(task: str, container: str) -> None:
    environment = {one["Name"]: one["Value"] for one in containers(task)[container]["Environment"]}
    assert environment["PGSSLMODE"] == "verify-full"
    written = {one["Name"]: one["Value"] for one in containers(task)["certificates"]["Environment"]}
    assert environment["PGSSLROOTCERT"] == written["PGSSLROOTCERT"]
    assert containers(task)[container]["DependsOn"] == [{"ContainerName": "certificates", "Condition": "SUCCESS"}]


def test_the_step_that_writes_the_certificates_writes_them(tmp_path: Path) -> None:
    step = containers("ServiceTask")["certificates"]
    here = f"{Path(sys.executable).parent}:{os.environ['PATH']}"  # not every machine calls its Python `python`
    environment = os.environ | {"PGSSLROOTCERT": str(tmp_path / "rds.pem"), "PEM": "-----BEGIN\n", "PATH": here}
    subprocess.run([*step["EntryPoint"], *step["Command"]], env=environment, check=True)
    assert (tmp_path / "rds.pem").read_text() == "-----BEGIN\n"


def test_no_secret_is_written_in_a_template_and_every_one_comes_from_its_store() -> None:
    for task in ("ServiceTask", "MigrationTask"):
        for container in containers(task).values():
            plain = [one["Name"] for one in container.get("Environment", [])]
            assert [name for name in plain if re.search("PASSWORD|SECRET|TOKEN", name)] == []
    secrets = {one["Name"] for one in containers("ServiceTask")["service"]["Secrets"]}
    assert secrets == {"POSTGRES_USER", "POSTGRES_PASSWORD", "JWT_SECRET_KEY", "METRICS_TOKEN"}


def test_every_container_has_a_tree_that_cannot_be_written_and_no_rights() -> None:
    for task in ("ServiceTask", "MigrationTask"):
        for container in containers(task).values():
            assert container["ReadonlyRootFilesystem"] is True
            assert container["LinuxParameters"]["Capabilities"] == {"Drop": ["ALL"]}


def test_a_role_is_given_everything_only_where_aws_knows_no_narrower_resource() -> None:
    wide = []
    for name in ("base", "service"):
        for resource in resources(name).values():
            for policy in resource["Properties"].get("Policies", []) if "Role" in resource["Type"] else []:
                for statement in policy["PolicyDocument"]["Statement"]:
                    wide += [statement["Action"]] if statement["Resource"] == "*" else []
                    assert "*" not in str(statement["Action"])
    assert wide == ["ecr:GetAuthorizationToken"]


def test_cloudfront_keeps_the_pages_files_and_nothing_of_the_api() -> None:
    told = resources("service")["Edge"]["Properties"]["DistributionConfig"]
    disabled, optimised = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad", "658327ea-f89d-4fab-a63d-7e88639e58f6"
    assert told["DefaultCacheBehavior"]["CachePolicyId"] == disabled
    assert {one["PathPattern"]: one["CachePolicyId"] for one in told["CacheBehaviors"]} == {"/docs/assets/*": optimised}


def test_the_load_balancer_answers_nobody_but_cloudfront() -> None:
    made = resources("service")
    assert made["Listener"]["Properties"]["DefaultActions"][0]["Type"] == "fixed-response"
    conditions = made["OnlyThroughCloudFront"]["Properties"]["Conditions"]
    assert {one["Field"] for one in conditions} == {"host-header", "http-header"}
    (rule,) = made["BalancerGroup"]["Properties"]["SecurityGroupIngress"]
    assert "SourcePrefixListId" in rule


FAKE_AWS = """#!/bin/sh
echo "$*" >> "$CALLS"
case "$*" in
*describe-tasks*) echo "$MIGRATION_ENDS_WITH" ;;
*run-task*) echo arn:task ;;
*describe-stacks*) echo said ;;
esac
"""
IMAGE = "registry/logistics-indicators@sha256:" + "a" * 64


def deploy(folder: Path, migration_ends_with: str) -> tuple[int, list[str], str]:
    """Exit code, the calls of `aws` that change something, and what was said."""
    (folder / "aws").write_text(FAKE_AWS)
    (folder / "aws").chmod(0o755)
    calls = folder / "calls"
    environment = {
        "PATH": f"{folder}:{os.environ['PATH']}",
        "CALLS": str(calls),
        "MIGRATION_ENDS_WITH": migration_ends_with,
    }
    ended = subprocess.run([FOLDER / "deploy", "service", IMAGE], env=environment, capture_output=True, text=True)
    changing = [line for line in calls.read_text().splitlines() if re.search("run-task|formation deploy", line)]
    return ended.returncode, changing, ended.stdout + ended.stderr


def test_a_deployment_migrates_before_the_new_version_serves(tmp_path: Path) -> None:
    code, (first, second, third), said = deploy(tmp_path, "0")
    assert code == 0
    assert first.endswith(f"--parameter-overrides MigrationImage={IMAGE}")
    assert "run-task" in second
    assert third.endswith(f"--parameter-overrides MigrationImage={IMAGE} Image={IMAGE}")
    assert f"{IMAGE} serves" in said


@pytest.mark.parametrize("ends_with", ["1", "137", "None", ""])
def test_a_migration_that_fails_leaves_the_version_that_serves(tmp_path: Path, ends_with: str) -> None:
    code, changing, said = deploy(tmp_path, ends_with)
    assert code != 0
    assert not any(" Image=" in call for call in changing)
    assert "the version that served goes on" in said


UNLISTED = {"AWS::RDS::DBSubnetGroup", "AWS::RDS::DBParameterGroup", "AWS::EC2::SecurityGroupIngress"}
"""moto makes these, and does not say so."""


def test_the_stacks_are_created_changed_and_deleted_as_far_as_moto_goes() -> None:
    if not STAND_IN.exists():
        pytest.skip("moto is not here; scripts/check-aws installs it, and runs the rehearsal too")
    ended = subprocess.run(
        [STAND_IN, ROOT / "scripts/rehearse_aws.py"],
        env={name: value for name, value in os.environ.items() if not name.startswith("PYTHON")},
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr[-3000:]
    told = json.loads(ended.stdout)
    for name in ("base", "service"):
        wanted = {
            key for key, one in resources(name).items() if one["Type"] not in {*UNLISTED, *told["not_shown"].values()}
        }
        assert wanted <= set(told["made"][name])
    assert told["database"] == {"MultiAZ": True, "StorageEncrypted": True, "PubliclyAccessible": False}
    assert told["changed"] == [["MigrationImage"], ["Image", "MigrationImage"]]
    assert told["deleted"]["service"] == "yes"
    print("moto made nothing of:", ", ".join(sorted(set(told["not_shown"].values()))))
    print("deleted:", told["deleted"])
