"""What `indicators` asks and shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
import typer

from .connecting import body_of
from .exporting import Parameters, export_rows
from .tables import print_answer, print_json

BY_QUERY = frozenset({"trend", "summary"})
"""Of these, what the rows are of is a parameter; of the others it is in the path."""


@dataclass(frozen=True)
class Asked:
    parameters: Parameters
    format: str | None
    output: Path | None
    force: bool
    as_json: bool


def parameters_of(named: Mapping[str, object], where: Sequence[str]) -> Parameters:
    """What is None is not asked. Raises BadParameter."""
    asked: Parameters = [(name, _as_text(value)) for name, value in named.items() if value is not None]
    return asked + [_pair(text) for text in where]


def _as_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise typer.BadParameter(f"{text!r}: write NAME=VALUE, as polo='DF - GAMA 010'", param_hint="--where")
    return name.strip(), value


async def ask_indicator(client: httpx.AsyncClient, question: str, by: str, asked: Asked) -> None:
    path = f"/v1/indicators/{question}" + ("" if question in BY_QUERY else f"/{by}")
    if question == "productivity" and by == "angel":
        path = "/v1/indicators/productivity"
    parameters = asked.parameters + ([("by", by)] if question in BY_QUERY else [])
    if asked.format is not None or asked.output is not None:
        await export_rows(client, path, parameters, asked.format, asked.output, force=asked.force)
        return
    answer = body_of(await client.get(path, params=parameters))
    if asked.as_json:
        print_json(answer)
    else:
        print_answer(answer)
