"""Where a command finds the service: options that many commands share, gathered in one object."""

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

if TYPE_CHECKING:
    import httpx

Work = Callable[["httpx.AsyncClient"], Awaitable[int | None]]
"""What a command does with a client of the service: its exit code, 0 where there is none."""


def named_path(text: str) -> Path:
    """Raises ValueError for an empty one, as of a shell's variable that is not set: it would be the current folder."""
    if not text.strip():
        raise ValueError("an empty text names no file and no folder")
    return Path(text)


DataDir = Annotated[
    Path | None,
    typer.Option(
        help="Folder of the embedded database; else what DATA_DIR says, or the user's own.",
        parser=named_path,
        metavar="PATH",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print the answer as JSON, for programs.")]
Force = Annotated[
    bool, typer.Option("--force", help="Write over a file that is there. Without it a person is asked, a script not.")
]

# Their values are hidden: what is typed on a command line is seen by everyone on the machine.
Password = Annotated[str | None, typer.Option(envvar="LOGISTICS_PASSWORD", hidden=True)]
Token = Annotated[str | None, typer.Option(envvar="LOGISTICS_TOKEN", hidden=True)]


@dataclass(frozen=True)
class Service:
    """One that runs somewhere (`url`), or one brought up for the moment on this machine's own data."""

    data_dir: DataDir = None
    url: Annotated[
        str | None,
        typer.Option(envvar="LOGISTICS_URL", help="A running service; without it, this machine's own data are used."),
    ] = None
    username: Annotated[
        str | None,
        typer.Option(
            envvar="LOGISTICS_USERNAME",
            help="With --url. The password is asked, or LOGISTICS_PASSWORD; or an API token alone: LOGISTICS_TOKEN.",
        ),
    ] = None
    password: Password = None
    token: Token = None

    def run(self, work: Work, *, reading: bool = False) -> NoReturn:
        """Ends the command. reading: on this machine's own data, a service that cannot write."""
        from .running_work import run_work

        raise typer.Exit(run_work(self, work, reading=reading))


def with_service(command: Callable[..., None]) -> Callable[..., None]:
    """A command whose parameter `service` is made of options of its own."""
    shared = inspect.signature(Service).parameters
    own = [p for p in inspect.signature(command).parameters.values() if p.name != "service"]

    @wraps(command)
    def with_options(**given: Any) -> None:
        service = Service(**{name: given.pop(name) for name in shared})
        command(service=service, **given)

    parameters = [*own, *(p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in shared.values())]
    with_options.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    with_options.__annotations__ = {p.name: p.annotation for p in parameters}
    return with_options
