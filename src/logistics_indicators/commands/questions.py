"""`logistics-indicators indicators` and `export`."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import typer

from ..client.service_options import Force, Json, Service, named_path, with_service
from ..rollup.dimensions import Dimension


class Question(StrEnum):
    sla = "sla"
    productivity = "productivity"
    backlog = "backlog"
    lateness = "lateness"
    trend = "trend"
    summary = "summary"


class Exported(StrEnum):
    customers = "customers"
    services = "services"
    rejects = "rejects"


FileFormat = Literal["csv", "excel", "xlsx", "parquet"]
"""excel: CSV as Excel in Brazil opens it by a double click."""

Where = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME=VALUE", help="A parameter of the route, as polo='DF - GAMA 010'; may be repeated."),
]
Output = Annotated[
    Path | None,
    typer.Option(help="File to write; without it, or with -, the standard output.", parser=named_path, metavar="PATH"),
]


@with_service
def indicators(
    service: Service,
    question: Annotated[Question, typer.Argument(help="What is asked.")],
    by: Annotated[Dimension, typer.Option(help="A row for each of these.")] = Dimension.angel,
    start_date: Annotated[str | None, typer.Option(help="First day of the visits, YYYY-MM-DD.")] = None,
    end_date: Annotated[str | None, typer.Option(help="Last day of the visits, YYYY-MM-DD.")] = None,
    sort_field: Annotated[str | None, typer.Option(help="By what the rows are sorted, largest first.")] = None,
    desc: Annotated[bool | None, typer.Option("--desc/--asc", help="Largest or smallest first.")] = None,
    where: Where = None,
    format: Annotated[FileFormat | None, typer.Option(help="A file, not a table. Of --output the name tells.")] = None,
    output: Output = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Ask for an indicator of each angel, polo or state.

    It is exact at the moment it is asked. As a table, as JSON, or as a file (--format, --output).
    """
    from ..client.asking import Asked, ask_indicator, parameters_of

    asked = {"start_date": start_date, "end_date": end_date, "sort_field": sort_field, "desc": desc}
    parameters = parameters_of(asked, where or [])
    service.run(
        lambda client: ask_indicator(client, question, by, Asked(parameters, format, output, force, json)), reading=True
    )


@with_service
def export(
    service: Service,
    what: Annotated[Exported, typer.Argument(help="Whose rows.")],
    where: Where = None,
    format: Annotated[
        FileFormat | None,
        typer.Option(help="Default: as --output is named, else csv. excel: CSV for a double click in Brazil."),
    ] = None,
    output: Output = None,
    force: Force = False,
) -> None:
    """Write all rows of a filter as a file.

    A load takes it back unchanged.
    """
    from ..client.asking import parameters_of
    from ..client.exporting import export_rows

    parameters = parameters_of({}, where or [])
    service.run(
        lambda client: export_rows(client, f"/v1/{what}", parameters, format, output, force=force), reading=True
    )
