"""The command line: one program, `logistics-indicators`, of the commands in commands/."""

import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from . import interrupted
from .commands.accounts import tokens, users
from .commands.database import backup, distribute, grant_reader, migrate, move_to, restore
from .commands.load import load
from .commands.loads import loads, mend, rejects, undo
from .commands.questions import export, indicators
from .commands.serve import serve
from .commands.upkeep import rebuild, settings, verify

PROGRAM = "logistics-indicators"


class Program(TyperGroup):
    """Where every command runs: one that a person ends says so, with the exit code that shells have for it."""

    def invoke(self, ctx: Any) -> object:
        try:
            with interrupted.ended_as_by_ctrl_c():
                return super().invoke(ctx)
        except KeyboardInterrupt:
            typer.echo(interrupted.SAID, err=True)
            raise typer.Exit(interrupted.EXIT_CODE) from None


app = typer.Typer(cls=Program, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None)
for command in (serve, load, loads, rejects, mend, undo, indicators, export):
    app.command()(command)
for command in (verify, rebuild, settings, backup, restore, migrate, distribute):
    app.command()(command)
app.command("move-to")(move_to)
app.command("grant-reader")(grant_reader)
app.add_typer(users, name="users")
app.add_typer(tokens, name="tokens")


def _print_version(asked: bool) -> None:
    if asked:
        from . import __version__

        typer.echo(f"{PROGRAM} {__version__}")
        raise typer.Exit


@app.callback()
def _callback(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Print the version and exit.")
    ] = False,
) -> None:
    """Productivity and SLA indicators of a last-mile operation, straight from its CSV files."""


def main() -> None:
    """What cannot be written in the terminal's encoding is shown as well as can be."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    app(prog_name=PROGRAM)
