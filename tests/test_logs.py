"""docs/logs.md has every line that the service logs, with its level and its fields, and no other."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import structlog
from conftest import SAMPLES
from load_client import load_file

ROOT = Path(__file__).parents[1]
LEVELS = {"exception": {"error"}, "log": {"error", "warning"}}
"""By the method that is called; others are their level's name. `log`: a request's line, whose level depends."""

NO_FIELD = {"exc_info", None}
ROW = re.compile(r"^\| (`[^|]+`) \| ([^|]+) \| ([^|]*)\|", re.MULTILINE)
NAME = re.compile(r"`(\w+)`")


@dataclass
class Event:
    levels: set[str] = field(default_factory=set)
    fields: set[str] = field(default_factory=set)


def documented() -> dict[str, Event]:
    found = {}
    for names, levels, fields in ROW.findall((ROOT / "docs/logs.md").read_text()):
        for name in NAME.findall(names):
            words = set(re.findall(r"debug|info|warning|error", levels))
            found[name] = Event(words, set(NAME.findall(fields)))
    return found


def calls() -> Iterator[ast.Call]:
    """`log.info(…)` and the like, in all modules."""
    for path in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id == "log"
            ):
                yield node


def logged() -> dict[str, Event]:
    found: dict[str, Event] = defaultdict(Event)
    for call in calls():
        assert isinstance(call.func, ast.Attribute)
        (name,) = [arg.value for arg in call.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
        event = found[name]
        event.levels |= LEVELS.get(call.func.attr, {call.func.attr})
        event.fields |= {str(keyword.arg) for keyword in call.keywords if keyword.arg not in NO_FIELD}
    return found


def test_every_line_is_documented_with_its_level_and_its_fields() -> None:
    ours, told = logged(), documented()
    assert ours.keys() == told.keys()
    for name, event in ours.items():
        assert event.levels == told[name].levels, name
        shared = {"stopping"}  # stands beside `started`, whose fields it does not have
        if name not in shared | {"load_completed"}:
            assert event.fields == told[name].fields, name


async def test_the_lines_of_requests_and_loads_have_the_documented_fields(client: httpx.AsyncClient) -> None:
    told = documented()
    with structlog.testing.capture_logs() as lines:
        load = await load_file(client, "customers", SAMPLES / "customers.csv")
    (completed,) = [line for line in lines if line["event"] == "load_completed"]
    assert completed.keys() - {"event", "log_level"} == told["load_completed"].fields
    assert (completed["load_id"], completed["rows_inserted"]) == (load["id"], load["rows_inserted"])
    request = next(line for line in lines if line["event"] == "request")
    assert request.keys() - {"event", "log_level", "exc_info"} == told["request"].fields - {"detail"}
