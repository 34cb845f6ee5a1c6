"""`logistics-indicators loads`, `rejects`, `mend` and `undo`: what became of files."""

from pathlib import Path
from typing import Annotated

import typer

from ..client.service_options import Force, Json, Service, named_path, with_service
from ..loads.words import Kind, OnConflict, Reason, RejectState, UnknownCustomer

MOST = 10_000
"""Rows of a list that are printed."""

LoadId = Annotated[int, typer.Argument(min=1, max=2**31 - 1, help="The load's id.")]
Limit = Annotated[int, typer.Option(min=1, max=MOST, help="Rows at most.")]
OfReason = Annotated[Reason | None, typer.Option(help="Those rejected for this reason.")]
OfColumn = Annotated[str | None, typer.Option(help="Those rejected for this column, by our name.")]
OfValue = Annotated[str | None, typer.Option(help="Those rejected for this value, exactly.")]


@with_service
def loads(
    service: Service,
    load: Annotated[
        int | None, typer.Argument(min=1, max=2**31 - 1, help="One load, with all that is known of it.")
    ] = None,
    limit: Limit = 20,
    json: Json = False,
) -> None:
    """List loads, the newest first, or show one."""
    from ..client.loads import list_loads, show_load

    if load is None:
        service.run(lambda client: list_loads(client, limit, json), reading=True)
    service.run(lambda client: show_load(client, load, json), reading=True)


@with_service
def rejects(
    service: Service,
    load: Annotated[int | None, typer.Argument(min=1, max=2**31 - 1, help="Of this load; else of all.")] = None,
    kind: Annotated[Kind | None, typer.Option(help="Of these files.")] = None,
    reason: OfReason = None,
    column: OfColumn = None,
    value: OfValue = None,
    state: Annotated[
        RejectState, typer.Option(help="What became of them; open: nothing yet; waiting: for their customers.")
    ] = "open",
    counts: Annotated[bool, typer.Option("--counts", help="How many by reason, column and value.")] = False,
    output: Annotated[
        Path | None,
        typer.Option(
            help="With a load: write its rows into this file, to mend and load again; - is the standard output.",
            parser=named_path,
            metavar="PATH",
        ),
    ] = None,
    force: Force = False,
    limit: Limit = 20,
    json: Json = False,
) -> None:
    """List rows that were not taken.

    Or count them, or save a load's to mend them in a spreadsheet.
    """
    from ..client.loads import count_rejects, list_rejects, rejects_of_load
    from ..client.streams import is_standard_output

    asked = {"load": load, "kind": kind, "reason": reason, "column": column, "value": value, "state": state}
    if output is None:
        work = count_rejects if counts else list_rejects
        service.run(lambda client: work(client, asked, limit, json), reading=True)
    if load is None or counts:
        raise typer.BadParameter(
            "saves the rows of one load, whose id comes first, and no counts", param_hint="--output"
        )
    if any((kind, reason, column, value, state != "open")):
        raise typer.BadParameter("saves all rejected rows of the load; leave the filters out", param_hint="--output")
    if json and is_standard_output(output):
        raise typer.BadParameter("the rows go to the standard output, and the JSON would, too", param_hint="--output")
    service.run(lambda client: rejects_of_load(client, load, output, json, force=force), reading=True)


@with_service
def mend(
    service: Service,
    load: LoadId,
    line: Annotated[list[int] | None, typer.Option(min=1, max=10**15 - 1, help="These lines; may be repeated.")] = None,
    reason: OfReason = None,
    column: OfColumn = None,
    value: OfValue = None,
    set: Annotated[
        list[str] | None, typer.Option(help="A new cell, as data_limite=30/06/2021; may be repeated.")
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Try the rows again as they are.")] = False,
    drop: Annotated[bool, typer.Option("--drop", help="Nobody will mend them.")] = False,
    reopen: Annotated[bool, typer.Option("--reopen", help="Of dropped lines: they are open again.")] = False,
    on_conflict: Annotated[
        OnConflict | None, typer.Option(help="For ids stored with other values; else as the load's.")
    ] = None,
    unknown_customer: Annotated[
        UnknownCustomer | None, typer.Option(help="For visits whose customer is not there.")
    ] = None,
    validate_only: Annotated[bool, typer.Option("--validate-only", help="Report, and write nothing.")] = False,
    json: Json = False,
) -> None:
    """Mend rejected rows of a load, or drop them.

    Single lines (--line), or all of a reason, column or value.

    Exits with 0, with 1 where mended rows were rejected again, with 2 where nothing could be done.
    """
    from ..client.mending import MendOptions, body_of_mend, mend_load

    where = {"reason": reason, "column": column, "value": value}
    try:
        body = body_of_mend(line or [], where, set or [], again=again, drop=drop, reopen=reopen)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    options = MendOptions(on_conflict, unknown_customer, validate_only)
    service.run(lambda client: mend_load(client, load, body, options, json))


@with_service
def undo(service: Service, load: LoadId, json: Json = False) -> None:
    """Undo a load: all of it, or nothing.

    What it inserted goes, and what it updated gets its values before again.
    """
    from ..client.loads import undo_load

    service.run(lambda client: undo_load(client, load, json))
