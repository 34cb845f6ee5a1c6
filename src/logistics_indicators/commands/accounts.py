"""`logistics-indicators users` and `tokens`."""

from typing import Annotated

import typer

from ..accounts.roles import MachineRole, Role, Scope
from ..client.service_options import Json, Service, with_service

users = typer.Typer(no_args_is_help=True, help="Accounts, for admins.", rich_markup_mode=None)
tokens = typer.Typer(no_args_is_help=True, help="API tokens: what machines sign in with.", rich_markup_mode=None)

Name = Annotated[str, typer.Argument(help="The username.")]


@users.command("add")
@with_service
def add_user(
    service: Service,
    name: Name,
    email: Annotated[str, typer.Option(help="The user's mail address.")],
    role: Annotated[Role, typer.Option(help="What the user may do.")] = Role.analyst,
    new_password: Annotated[str | None, typer.Option(envvar="LOGISTICS_NEW_PASSWORD", hidden=True)] = None,
    json: Json = False,
) -> None:
    """Make an account, even where registration is closed.

    Its password is asked, or read of LOGISTICS_NEW_PASSWORD.
    """
    from ..client import accounts

    service.run(lambda client: accounts.add_user(client, name, email, role, new_password, json))


@users.command("list")
@with_service
def list_users(service: Service, json: Json = False) -> None:
    """List the accounts."""
    from ..client import accounts

    service.run(lambda client: accounts.list_users(client, json), reading=True)


@users.command("change")
@with_service
def change_user(
    service: Service,
    name: Name,
    role: Annotated[Role | None, typer.Option(help="What the user may do from now on.")] = None,
    active: Annotated[bool | None, typer.Option("--enable/--disable", help="Whether the user may sign in.")] = None,
    json: Json = False,
) -> None:
    """Change a user's role, disable or enable them."""
    from ..client import accounts

    if role is None and active is None:
        raise typer.BadParameter("Name what changes: --role, --enable or --disable.")
    service.run(lambda client: accounts.change_user(client, name, role, active, json))


@users.command("remove")
@with_service
def remove_user(service: Service, name: Name, json: Json = False) -> None:
    """Remove an account."""
    from ..client import accounts

    service.run(lambda client: accounts.remove_user(client, name, json))


@users.command("reset")
@with_service
def reset_password(service: Service, name: Name, json: Json = False) -> None:
    """Print a token that sets a new password once."""
    from ..client import accounts

    service.run(lambda client: accounts.reset_password(client, name, json))


@tokens.command("add")
@with_service
def add_token(
    service: Service,
    name: Annotated[str, typer.Argument(help="Whose it is, or what for.")],
    role: Annotated[MachineRole, typer.Option(help="No higher than yours; none administers.")] = MachineRole.viewer,
    scope: Annotated[list[Scope] | None, typer.Option(help="read is what it has without; may be repeated.")] = None,
    expires_in_days: Annotated[int | None, typer.Option(min=1, max=3650, help="Without it, never.")] = None,
    address: Annotated[
        list[str] | None, typer.Option(help="Network that it is taken from, as 10.0.0.0/8; may be repeated.")
    ] = None,
    json: Json = False,
) -> None:
    """Make an API token, and print it this once.

    It has no more rights than yours, so it takes a service (--url) and a sign-in.
    """
    from ..client import accounts

    if service.url is None:
        raise typer.BadParameter("A token has its maker's rights: name the service (--url) and sign in.")
    wanted = {
        "name": name,
        "role": role,
        "scopes": scope or [Scope.read],
        "expires_in_days": expires_in_days,
        "addresses": address or [],
    }
    service.run(lambda client: accounts.add_token(client, wanted, json))


@tokens.command("list")
@with_service
def list_tokens(service: Service, json: Json = False) -> None:
    """List the API tokens and when they were last used.

    For an admin, everybody's.
    """
    from ..client import accounts

    service.run(lambda client: accounts.list_tokens(client, json), reading=True)


@tokens.command("revoke")
@with_service
def revoke_token(
    service: Service,
    token_id: Annotated[int, typer.Argument(min=1, max=2**31 - 1, help="As `tokens list` has it.")],
    json: Json = False,
) -> None:
    """Revoke an API token of one's own; an admin, anybody's."""
    from ..client import accounts

    service.run(lambda client: accounts.revoke_token(client, token_id, json))
