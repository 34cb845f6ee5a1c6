"""`logistics-indicators load` and `users add`: what a person types."""

import asyncio
from collections.abc import Coroutine
from contextlib import AbstractAsyncContextManager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import asyncpg
import httpx
import typer
from rich.console import Console
from rich.text import Text

from ..accounts.current_user import Role
from ..loads.kinds import KINDS, Kind
from ..running.embedded import EmbeddedServerError
from ..running.local_database import DataDir
from ..running.migrations import MigrationError
from ..running.secrets_folder import UnusableSecret
from ..running.serving import CannotServe, check_before_serving, use_data_dir
from .connecting import ServiceError, body_of, local_service, remote_service
from .files import check_file, kind_of_file
from .inert import inert
from .loading import save_rejects
from .loading_options import LoadOptions
from .progress import load_with_progress, print_rejects, print_summary

REJECTED_AND_STRICT = 1
FAILED = 2

EXPECTED = (
    *(ServiceError, CannotServe, MigrationError, EmbeddedServerError, UnusableSecret),
    *(OSError, asyncpg.PostgresError, asyncpg.InterfaceError, httpx.HTTPError),
)
"""What may go wrong around the service without being a fault of ours."""

errors = Console(stderr=True, soft_wrap=True, highlight=False)


class OnConflict(StrEnum):
    reject = "reject"
    update = "update"


class UnknownCustomerOption(StrEnum):
    reject = "reject"
    wait = "wait"


class HeaderOption(StrEnum):
    none = "none"


class EncodingOption(StrEnum):
    utf_8 = "utf-8"
    windows_1252 = "windows-1252"
    iso_8859_1 = "iso-8859-1"
    cp850 = "cp850"
    utf_16 = "utf-16"


class DelimiterOption(StrEnum):
    semicolon = ";"
    comma = ","
    tab = "tab"


Url = Annotated[
    str | None, typer.Option(envvar="LOGISTICS_URL", help="A running service; without it, this machine's own data.")
]
Username = Annotated[
    str | None,
    typer.Option(envvar="LOGISTICS_USERNAME", help="With --url. The password is asked, or read of LOGISTICS_PASSWORD."),
]
Password = Annotated[str | None, typer.Option(envvar="LOGISTICS_PASSWORD", hidden=True)]
"""Hidden: what is typed on a command line is seen by everyone on the machine."""


def load(
    files: Annotated[list[Path], typer.Argument(help="CSV, NDJSON or Parquet, plain or packed, or Excel workbooks.")],
    data_dir: DataDir = None,
    url: Url = None,
    username: Username = None,
    password: Password = None,
    kind: Annotated[Kind | None, typer.Option(help="What the files hold; else by header, columns or name.")] = None,
    columns: Annotated[
        str | None, typer.Option(help="Names of the file's columns by hand, ours first: angel:Agente,polo:Hub.")
    ] = None,
    header: Annotated[
        HeaderOption | None, typer.Option(help="none: the first row is data, and columns go by position.")
    ] = None,
    encoding: Annotated[
        EncodingOption | None, typer.Option(help="Of the files; seen from their bytes where it is not given.")
    ] = None,
    delimiter: Annotated[
        DelimiterOption | None, typer.Option(help="Of the files; seen from their header where it is not given.")
    ] = None,
    sheet: Annotated[
        str | None, typer.Option(help="Of the workbooks; their first visible one where not given.")
    ] = None,
    on_conflict: Annotated[OnConflict, typer.Option(help="For ids stored with other values.")] = OnConflict.reject,
    unknown_customer: Annotated[
        UnknownCustomerOption | None, typer.Option(help="For visits whose customer is not there; else as is set.")
    ] = None,
    validate_only: Annotated[bool, typer.Option("--validate-only", help="Report, and write nothing.")] = False,
    max_rejects: Annotated[int | None, typer.Option(min=0, help="More rejects than this fail the load.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 where a row was rejected.")] = False,
    rejects: Annotated[Path | None, typer.Option(help="Folder for the rejected rows, to mend and load again.")] = None,
) -> None:
    """Load CSV files of customers and services, customers first.

    Exits with 0, with 1 where rows were rejected and --strict was said, with 2 where a load failed.
    """
    use_data_dir(data_dir)
    options = LoadOptions(
        on_conflict is OnConflict.update,
        validate_only,
        max_rejects,
        columns,
        header is not None,
        encoding,
        delimiter,
        unknown_customer,
        sheet,
    )

    async def run() -> int:
        for path in files:
            check_file(path)
        batch = [(path, kind or await kind_of_file(path, options)) for path in files]
        batch.sort(key=lambda item: list(KINDS).index(item[1]))
        async with service_of(url, username, password) as client:
            loads, refused = await load_with_progress(client, batch, options)
            if loads:
                print_summary(loads)
            print_rejects(loads)
            if rejects is not None:
                await _save_all_rejects(client, loads, rejects)
        if refused is not None:
            raise refused
        if any(load["status"] != "completed" for load in loads):
            return FAILED
        return REJECTED_AND_STRICT if strict and any(load["rows_rejected"] for load in loads) else 0

    raise typer.Exit(outcome(run()))


async def _save_all_rejects(client: httpx.AsyncClient, loads: list[dict[str, object]], folder: Path) -> None:
    for load in loads:
        if load["rows_rejected"]:
            target = folder / f"{Path(str(load['filename'] or load['kind'])).stem}.rejects.{load['id']}.csv"
            await save_rejects(client, load, target)
            errors.print(Text(inert(f"Rejected rows: {target}")))


def add_user(
    name: Annotated[str, typer.Argument(help="The username.")],
    email: Annotated[str, typer.Option(help="The user's mail address.")],
    role: Annotated[Role, typer.Option(help="What the user may do.")] = Role.analyst,
    data_dir: DataDir = None,
    url: Url = None,
    username: Username = None,
    password: Password = None,
    new_password: Annotated[str | None, typer.Option(envvar="LOGISTICS_NEW_PASSWORD", hidden=True)] = None,
) -> None:
    """Make an account, even where registration is closed. Its password is asked, or read of LOGISTICS_NEW_PASSWORD."""
    use_data_dir(data_dir)
    secret = new_password or typer.prompt(f"Password of {name}", hide_input=True, confirmation_prompt=True)

    async def run() -> int:
        account = {"username": name, "email": email, "password": secret, "role": role.value}
        async with service_of(url, username, password) as client:
            made = body_of(await client.post("/v1/users", json=account))
        typer.echo(f"{made['username']} is {made['role']} (id {made['id']}).")
        return 0

    raise typer.Exit(outcome(run()))


def service_of(
    url: str | None, username: str | None, password: str | None, *, reading: bool = False
) -> AbstractAsyncContextManager[httpx.AsyncClient]:
    """reading: on this machine's own data, a service that cannot write."""
    if url is None:
        return local_service(check_before_serving(), reading=reading)
    username = username or typer.prompt("Username")
    return remote_service(url, username, password or typer.prompt(f"Password of {username}", hide_input=True))


def outcome(work: Coroutine[None, None, int]) -> int:
    """The exit code; a failure is one sentence, not a traceback."""
    try:
        return asyncio.run(work)
    except EXPECTED as error:
        errors.print(Text.assemble(("Error:", "red"), " ", inert(error) or type(error).__name__))
        return FAILED
