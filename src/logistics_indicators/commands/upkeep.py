"""`logistics-indicators verify`, `rebuild` and `settings`."""

from typing import Annotated

import typer

from ..client.service_options import Json, Service, with_service


@with_service
def verify(service: Service, json: Json = False) -> None:
    """Recompute the indicators and list what differs.

    Exits with 1 where anything does.
    """
    from ..client.upkeep import verify_indicators

    service.run(lambda client: verify_indicators(client, json), reading=True)


@with_service
def rebuild(service: Service, json: Json = False) -> None:
    """Make what the indicators answer from anew.

    The service may run meanwhile.
    """
    from ..client.upkeep import rebuild_indicators

    service.run(lambda client: rebuild_indicators(client, json))


@with_service
def settings(
    service: Service,
    time_zone: Annotated[str | None, typer.Option(help="Change: whose today is as_of, America/Sao_Paulo.")] = None,
    optional_days: Annotated[
        list[str] | None,
        typer.Option(help="Change: of carnaval, corpus_christi, given twice or separated by blanks, or none."),
    ] = None,
    json: Json = False,
) -> None:
    """Print every setting, and what the figures depend on.

    The latter is kept in the database for all processes, and is changed here.
    """
    from ..client.upkeep import show_settings

    show_settings(service, time_zone, optional_days, json)
