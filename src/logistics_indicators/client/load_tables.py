"""What is printed of loads at their end."""

from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from .inert import inert
from .tables import output, print_json, print_line
from .typed import as_typed

COUNTS = ("read", "inserted", "updated", "unchanged", "rejected", "waiting")


def print_summary(loads: list[dict[str, Any]]) -> None:
    """A column for each load, and what it has to say beyond numbers."""
    table = Table("", box=SIMPLE_HEAD)
    for load in loads:
        table.add_column(_name(load), justify="right", overflow="fold")
    table.add_row("load", *(f"{load['kind']} {load['id']}" for load in loads))
    table.add_row("status", *(_status(load) for load in loads))
    for count in COUNTS:
        table.add_row(f"rows {count}", *(f"{load[f'rows_{count}']:,}" for load in loads))
    table.add_row("rows/s", *(f"{load['rows_per_second'] or 0:,}" for load in loads))
    output().print(table)
    for load in loads:
        for remark in [*load["warnings"], *([load["error"]] if load.get("error") else [])]:
            print_line(f"{load['filename'] or load['kind']}: {as_typed(remark)}")


def _name(load: dict[str, Any]) -> Text:
    return Text(inert(load["filename"] or load["kind"]))


def _status(load: dict[str, Any]) -> str:
    return "checked only" if load["validate_only"] and load["status"] == "completed" else str(load["status"])


def print_rejects(loads: list[dict[str, Any]]) -> None:
    """Rejected rows by reason, where there are any."""
    table = Table("file", "rejected because", title="Rejected rows", box=SIMPLE_HEAD)
    for column in ("rows", "first line"):
        table.add_column(column, justify="right")
    for load in loads:
        for summary in load["rejects"]:
            table.add_row(_name(load), summary["reason"], f"{summary['rows']:,}", f"{summary['first_line']:,}")
    if table.row_count:
        output().print(table)


def print_loads(loads: list[dict[str, Any]], as_json: bool) -> None:
    """At their end."""
    if as_json:
        print_json({"loads": loads})
        return
    if loads:
        print_summary(loads)
    print_rejects(loads)
