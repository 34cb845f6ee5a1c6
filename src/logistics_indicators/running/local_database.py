"""This machine's database, for commands that speak to it themselves."""

from collections.abc import Iterator
from contextlib import contextmanager

from .embedded import EmbeddedPostgres
from .serving import check_before_serving


class CommandFailed(Exception):
    """Why a command could not do its work, as a sentence for a person."""


@contextmanager
def local_database(*, anew: bool) -> Iterator[str]:
    """URL of the settings' database, where sessions last, brought up for the moment where it is embedded.

    anew: one that is not there is made. Raises CannotServe and EmbeddedServerError.
    """
    settings = check_before_serving(anew=anew)
    if not settings.embedded:
        yield settings.direct_url()
        return
    server = EmbeddedPostgres(settings.data_dir)
    try:
        server.start()
        yield server.url()
    finally:
        server.stop()
