"""What a command prints: tables for people, which no pipe cuts, or JSON for programs."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from .inert import inert, inert_json

UNCUT = 100_000
"""Columns of what is no terminal: nothing is wrapped for whoever reads it."""

Row = Mapping[str, Any]


def output() -> Console:
    """The standard output as it is now."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else UNCUT, file=sys.stdout)


def print_json(answer: object) -> None:
    sys.stdout.write(inert_json(json.dumps(answer, ensure_ascii=False, indent=2)) + "\n")


def print_line(text: str) -> None:
    """As it is, apart from what would move the cursor."""
    sys.stdout.write(f"{inert(text)}\n")


def counted(number: int, thing: str) -> str:
    """`1 row`, `2 rows`."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


def print_rows(rows: Sequence[Row], columns: Iterable[str], title: str | None = None) -> None:
    """Cells are folded in a terminal that is too narrow, and never cut."""
    table = Table(box=SIMPLE_HEAD, show_edge=False, title=title, title_justify="left")
    names = list(columns)
    for name in names:
        numbers = any(_is_number(row.get(name)) for row in rows)
        table.add_column(Text(name), justify="right" if numbers else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(shown(row.get(name))) for name in names))
    output().print(table)


def print_answer(answer: Row) -> None:
    """An answer of any shape: what is single as lines, lists of rows as tables."""
    for name, value in flat(answer).items():
        if not _is_table(value):
            print_line(f"{name}: {shown(value)}")
    for name, value in flat(answer).items():
        if _is_table(value):
            print_rows([flat(row) for row in value], columns_of(value), title=name)


def columns_of(rows: Sequence[Row]) -> list[str]:
    """Those of all rows in order, links left out: they are for programs."""
    return list(dict.fromkeys(name for row in rows for name, value in flat(row).items() if not _is_link(value)))


def flat(row: Row) -> dict[str, Any]:
    """Of rows in rows, the names with a dot between."""
    found: dict[str, Any] = {}
    for name, value in row.items():
        inner = flat(value) if isinstance(value, Mapping) else None
        found |= {name: value} if inner is None else {f"{name}.{key}": part for key, part in inner.items()}
    return found


def shown(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(shown, value)) or "none"
    return f"{value:,}" if isinstance(value, int) else inert(value)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_table(value: object) -> bool:
    return isinstance(value, list) and any(isinstance(row, Mapping) for row in value)


def _is_link(value: object) -> bool:
    return isinstance(value, str) and value.startswith("/v1/")
