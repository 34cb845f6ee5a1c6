"""`logistics-indicators load`."""

from pathlib import Path
from typing import Annotated

import typer

from ..client.service_options import Force, Json, Service, named_path, with_service
from ..loads.words import Delimiter, Encoding, Header, Kind, OnConflict, UnknownCustomer

Strict = Annotated[bool, typer.Option("--strict", help="Exit with 1 where a row was rejected.")]


@with_service
def load(
    files: Annotated[
        list[str],
        typer.Argument(
            help="CSV, NDJSON or Parquet, plain or packed, or Excel workbooks; patterns as 'in/*.csv'; - is the "
            "standard input."
        ),
    ],
    service: Service,
    kind: Annotated[Kind | None, typer.Option(help="What the files hold; else by header, columns or name.")] = None,
    preset: Annotated[
        str | None, typer.Option(help="Which says the rest; else the one for a file's header. none: not that either.")
    ] = None,
    columns: Annotated[
        str | None, typer.Option(help="Names of the file's columns by hand, ours first: angel:Agente,polo:Hub.")
    ] = None,
    header: Annotated[
        Header | None, typer.Option(help="none: the first row is data, and columns go by position.")
    ] = None,
    encoding: Annotated[
        Encoding | None, typer.Option(help="Of the files; seen from their bytes where it is not given.")
    ] = None,
    delimiter: Annotated[
        Delimiter | None, typer.Option(help="Of the files; seen from their header where it is not given.")
    ] = None,
    sheet: Annotated[
        str | None, typer.Option(help="Of the workbooks; their first visible one where not given.")
    ] = None,
    on_conflict: Annotated[OnConflict | None, typer.Option(help="For ids stored with other values.")] = None,
    unknown_customer: Annotated[
        UnknownCustomer | None, typer.Option(help="For visits whose customer is not there; else as is set.")
    ] = None,
    validate_only: Annotated[bool, typer.Option("--validate-only", help="Report, and write nothing.")] = False,
    max_rejects: Annotated[
        int | None, typer.Option(min=0, max=2**31 - 1, help="More rejects than this fail the load.")
    ] = None,
    strict: Strict = False,
    rejects: Annotated[
        Path | None,
        typer.Option(help="Folder for the rejected rows, to mend and load again.", parser=named_path, metavar="PATH"),
    ] = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Load files of customers and services, customers first.

    Exits with 0, with 1 where rows were rejected and --strict was said, with 2 where a load failed.
    """
    from ..client.loading_files import FilesToLoad, load_files
    from ..client.loading_options import LoadOptions

    options = LoadOptions(
        on_conflict=on_conflict,
        validate_only=validate_only,
        max_rejects=max_rejects,
        columns=columns,
        header=header,
        encoding=encoding,
        delimiter=delimiter,
        unknown_customer=unknown_customer,
        sheet=sheet,
        preset=preset,
    )
    load_files(service, FilesToLoad(files, kind, options, strict, rejects, force, json))
