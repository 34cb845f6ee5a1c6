"""What Prometheus and Grafana are given: every metric and label that they ask for is one that the service exposes."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import promql_parser
import pytest
import yaml
from conftest import SAMPLES
from load_client import load_file
from prometheus_client.parser import text_string_to_metric_families

ROOT = Path(__file__).parents[1]
MONITORING = ROOT / "deploy/monitoring"
DASHBOARD = MONITORING / "grafana/dashboards/logistics.json"

Series = dict[str, list[dict[str, str]]]


def groups() -> list[dict[str, Any]]:
    found = yaml.safe_load((MONITORING / "alerts.yml").read_text())["groups"]
    assert isinstance(found, list)
    return found


def rules(kind: str) -> dict[str, str]:
    """Name → expression, of `record` or `alert`."""
    return {rule[kind]: rule["expr"] for group in groups() for rule in group["rules"] if kind in rule}


def dashboard() -> dict[str, Any]:
    found = json.loads(DASHBOARD.read_text())
    assert isinstance(found, dict)
    return found


def queries() -> list[str]:
    drawn = [target["expr"] for panel in dashboard()["panels"] for target in panel["targets"]]
    return [*rules("record").values(), *rules("alert").values(), *drawn]


def selectors(query: str) -> Iterator[promql_parser.VectorSelector]:
    """Whatever a query asks for. It must be PromQL; the one variable of Grafana's has a value first."""

    class Visitor:
        def __init__(self) -> None:
            self.found: list[promql_parser.VectorSelector] = []

        def __call__(self, node: Any) -> None:
            self.found += [node] if isinstance(node, promql_parser.VectorSelector) else []
            for name in ("expr", "lhs", "rhs", "param", "vector_selector"):
                if (child := getattr(node, name, None)) is not None:
                    self(child)
            for child in getattr(node, "args", []):
                self(child)

    visit = Visitor()
    visit(promql_parser.parse(query.replace("$__rate_interval", "1m")))
    yield from visit.found


def is_met(matcher: promql_parser.Matcher, labels: dict[str, str]) -> bool:
    value = labels.get(matcher.name, "")
    match str(matcher.op):
        case "MatchOp.Equal":
            return value == matcher.value
        case "MatchOp.NotEqual":
            return value != matcher.value
        case "MatchOp.Re":
            return re.fullmatch(matcher.value, value) is not None
        case _:
            return re.fullmatch(matcher.value, value) is None


@pytest.fixture
async def exposed(client: httpx.AsyncClient) -> Series:
    """All that a service exposes which has loaded files, answered an indicator and made a fault of ours."""
    for kind in ("customers", "services"):
        await load_file(client, kind, SAMPLES / f"{kind}.csv")
    assert (await client.get("/v1/indicators/sla/angel")).status_code == 200
    answer = await client.get("/metrics", headers={"Accept": "text/plain"})
    found: Series = {"up": [{}], **{name: [{}] for name in rules("record")}}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            found.setdefault(sample.name, []).append(dict(sample.labels))
    # No request may fail with 5xx here; that its status would be a label is shown by those that did not.
    found |= {f"logistics_disk_{name}_bytes": [{}] for name in ("free", "floor")}  # of embedded databases alone
    found |= {f"logistics_replica_{name}": [{}] for name in ("up", "lag_seconds")}  # of one that is there: test_replica
    found["http_requests_total"].append(found["http_requests_total"][0] | {"status": "500"})
    return found


async def test_every_metric_and_label_that_is_asked_for_is_exposed(exposed: Series) -> None:
    job = yaml.safe_load((MONITORING / "prometheus.yml").read_text())["scrape_configs"][0]["job_name"]
    for query in queries():
        for asked in selectors(query):
            assert asked.name in exposed, f"{asked.name} of {query}"
            matchers = asked.matchers.matchers
            of_service = [labels | {"job": job} for labels in exposed[str(asked.name)]]
            assert any(all(is_met(m, labels) for m in matchers) for labels in of_service), query


async def test_every_label_that_is_grouped_by_is_one_of_the_metric(exposed: Series) -> None:
    for query in queries():
        wanted = {name.strip() for names in re.findall(r"\bby \(([^)]+)\)", query) for name in names.split(",")}
        known = {label for asked in selectors(query) for labels in exposed[str(asked.name)] for label in labels}
        assert wanted <= known, query


def test_a_metric_that_is_not_there_would_be_noticed() -> None:
    (asked,) = selectors('sum by (a) (rate(no_such_metric{status=~"5.."}[$__rate_interval]))')
    assert asked.name == "no_such_metric"
    assert not any(is_met(m, {"status": "200"}) for m in asked.matchers.matchers)


PARTS = ("- **Means** ({severity}): ", "- **Look at**: ", "- **Do**: ")


def test_every_alert_says_how_bad_it_is_and_has_a_place_in_the_runbook() -> None:
    entries = dict(re.findall(r"^## (\w+)\n\n(.*?)(?=^## |\Z)", (ROOT / "docs/runbook.md").read_text(), re.M | re.S))
    alerts = {rule["alert"]: rule for group in groups() for rule in group["rules"] if "alert" in rule}
    assert entries.keys() == alerts.keys()
    for name, rule in alerts.items():
        severity = rule["labels"]["severity"]
        assert severity in ("page", "ticket")
        assert rule["annotations"]["runbook"] == f"docs/runbook.md#{name.lower()}"
        found = [line for line in entries[name].splitlines() if line.startswith("- ")]
        for line, part in zip(found, PARTS, strict=True):
            assert line.startswith(part.format(severity=severity)), name


def test_every_alert_is_raised_by_a_test_of_promtools() -> None:
    tests = yaml.safe_load((MONITORING / "alerts_test.yml").read_text())["tests"]
    raised = {case["alertname"] for test in tests for case in test["alert_rule_test"] if case["exp_alerts"]}
    assert raised == set(rules("alert"))


def test_promtool_finds_the_rules_right_and_they_do_as_their_tests_say() -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("no promtool here (Debian's package prometheus)")
    for words in (["check", "rules", "alerts.yml"], ["test", "rules", "alerts_test.yml"]):
        ended = subprocess.run([promtool, *words], cwd=MONITORING, capture_output=True, text=True)
        assert ended.returncode == 0, ended.stdout + ended.stderr


def test_the_dashboard_and_its_source_are_those_that_grafana_is_told_of() -> None:
    provisioning = MONITORING / "grafana/provisioning"
    (source,) = yaml.safe_load((provisioning / "datasources/prometheus.yml").read_text())["datasources"]
    (provider,) = yaml.safe_load((provisioning / "dashboards/logistics.yml").read_text())["providers"]
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    assert source["url"] == "http://prometheus:9090"
    assert "prometheus" in compose
    assert {panel["datasource"]["uid"] for panel in dashboard()["panels"]} == {source["uid"]}
    mounted = dict(volume.split(":")[:2] for volume in compose["grafana"]["volumes"])
    assert mounted[f"./{DASHBOARD.parent.relative_to(ROOT)}"] == provider["options"]["path"]
    assert compose["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"] == (
        f"{provider['options']['path']}/{DASHBOARD.name}"
    )


def test_no_two_panels_overlap() -> None:
    taken = [
        (x, y)
        for panel in dashboard()["panels"]
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]
    assert len(taken) == len(set(taken))
    assert max(x for x, _ in taken) < 24
