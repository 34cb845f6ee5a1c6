"""Creates, changes and deletes the stacks of deploy/aws on moto's stand-in for AWS; prints as JSON what it took.

Run by the environment that scripts/check-aws makes. Of some types of resources moto makes nothing: they are left out of
the templates, and listed as not shown. edge.yaml is such a type alone.
"""

import json
import os
import re
import sys
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError
from cfnlint.decode import cfn_yaml
from moto.cloudformation.parsing import resource_class_from_type
from moto.server import ThreadedMotoServer

FOLDER = Path(__file__).parents[1] / "deploy/aws"
OLD, NEW = ("123456789012.dkr.ecr.eu-west-1.amazonaws.com/logistics-indicators@sha256:" + c * 64 for c in "ab")
BASE = {"AlarmEmail": "ops@example.com"}
SERVICE = {
    "Base": "base",
    "Image": OLD,
    "MigrationImage": OLD,
    "DatabaseCertificates": "rds-certificates",
    "Domain": "indicators.example.com",
    "EdgeCertificate": "arn:aws:acm:us-east-1:123456789012:certificate/11111111-2222-3333-4444-555555555555",
    "CloudFrontPrefixList": "pl-4fa04526",
    "EdgeFirewall": "arn:aws:wafv2:us-east-1:123456789012:global/webacl/a/11111111-2222-3333-4444-555555555555",
}


def known_part(text: str) -> tuple[dict[str, Any], dict[str, str]]:
    """A template without what moto does not know, and that: logical name → type.

    Whatever refers to one that is left out has its logical name instead.
    """
    template = json.loads(json.dumps(cfn_yaml.loads(text)))
    types = {name: resource["Type"] for name, resource in template["Resources"].items()}
    unknown = {name: kind for name, kind in types.items() if resource_class_from_type(kind) is None}
    template["Resources"] = {name: one for name, one in template["Resources"].items() if name not in unknown}
    for name, key in STUMBLES:
        template["Resources"].get(name, {}).get("Properties", {}).pop(key, None)
    known: dict[str, Any] = _without(template, unknown)
    return known, unknown


def _without(part: Any, unknown: dict[str, str]) -> Any:
    match part:
        case {"Ref": str(name)} if name in unknown:
            return name
        case {"Fn::GetAtt": [str(name), *_]} if name in unknown:
            return name
        case dict():
            return {key: _without(value, unknown) for key, value in part.items()}
        case list():
            return [_without(value, unknown) for value in part]
        case str():
            return re.sub(r"\$\{(\w+)(\.\w+)*\}", lambda m: m[1] if m[1] in unknown else m[0], part)
    return part


STUMBLES = {("Database", "DBParameterGroupName")}
"""Properties over which moto 5.2 falls: left out here, and so not shown."""


class Rehearsal:
    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.unknown: dict[str, str] = {}
        os.environ |= {"AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none"}

    def client(self, service: str) -> Any:
        return boto3.client(service, region_name="eu-west-1", endpoint_url=self.endpoint)

    def create(self, name: str, parameters: dict[str, str]) -> dict[str, str]:
        """The stack's outputs."""
        self._send("create_stack", name, parameters)
        stack = self.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
        assert stack["StackStatus"] == "CREATE_COMPLETE", stack
        return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}

    def change(self, name: str, parameters: dict[str, str]) -> None:
        self._send("update_stack", name, parameters)
        stack = self.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
        assert stack["StackStatus"] == "UPDATE_COMPLETE", stack

    def delete(self, name: str) -> str:
        """ "yes", or where moto stopped: it does not undo a network in the order that AWS does."""
        try:
            self.client("cloudformation").delete_stack(StackName=name)
        except ClientError as error:
            return str(error.response["Error"]["Message"])
        return "yes"

    def _send(self, verb: str, name: str, parameters: dict[str, str]) -> None:
        template, unknown = known_part((FOLDER / f"{name}.yaml").read_text())
        self.unknown |= unknown
        getattr(self.client("cloudformation"), verb)(
            StackName=name,
            TemplateBody=json.dumps(template),
            Capabilities=["CAPABILITY_IAM"],
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        )

    def made(self, name: str) -> dict[str, str]:
        """Logical name → type, of what moto has made."""
        found = self.client("cloudformation").describe_stack_resources(StackName=name)["StackResources"]
        return {one["LogicalResourceId"]: one["ResourceType"] for one in found if one.get("PhysicalResourceId")}


def rehearse(on: Rehearsal) -> dict[str, Any]:
    service = SERVICE | prepare(on)
    outputs = on.create("base", BASE)
    on.create("service", service)
    database = on.client("rds").describe_db_instances()["DBInstances"][0]
    told: dict[str, Any] = {
        "made": {name: on.made(name) for name in ("base", "service")},
        "not_shown": on.unknown,
        "database": {name: database.get(name) for name in ("MultiAZ", "StorageEncrypted", "PubliclyAccessible")},
        "database_host": outputs["DatabaseHost"],
        "changed": [],
    }
    for step in ({"MigrationImage": NEW}, {"MigrationImage": NEW, "Image": NEW}):
        on.change("service", service | step)
        told["changed"].append(sorted(step))
    told["deleted"] = {name: on.delete(name) for name in ("service", "base")}
    return told


def prepare(on: Rehearsal) -> dict[str, str]:
    """What is to be there before, and the secrets that moto makes of no template. The parameters that name it."""
    on.client("ssm").put_parameter(Name="rds-certificates", Value="PEM", Type="String")
    for name in ("SigningSecret", "MetricsSecret", "OriginSecret"):
        on.client("secretsmanager").create_secret(Name=name, SecretString="a secret")
    login = json.dumps({"username": "logistics", "password": "a password"})
    on.client("secretsmanager").create_secret(Name="DatabaseSecret", SecretString=login)
    zone = on.client("route53").create_hosted_zone(Name="example.com", CallerReference="1")
    certificate = on.client("acm").request_certificate(DomainName=SERVICE["Domain"])["CertificateArn"]
    return {"Zone": zone["HostedZone"]["Id"].rsplit("/", 1)[-1], "Certificate": certificate}


def main() -> None:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        json.dump(rehearse(Rehearsal(f"http://{host}:{port}")), sys.stdout, indent=1)
    finally:
        server.stop()


if __name__ == "__main__":
    main()
