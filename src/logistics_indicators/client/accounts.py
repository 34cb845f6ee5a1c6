"""What `users` and `tokens` ask and show."""

from typing import Any

import httpx

from .connecting import ServiceError, body_of
from .lists import pages, rows_of
from .prompts import ask_secret
from .tables import print_json, print_line, print_rows

USER_COLUMNS = ("id", "username", "email", "role", "active", "created_at")
TOKEN_COLUMNS = ("id", "name", "username", "role", "scopes", "addresses", "expires_at", "last_used_at")
EVERY_ONE = 1_000_000_000


async def add_user(
    client: httpx.AsyncClient, name: str, email: str, role: str, password: str | None, as_json: bool
) -> None:
    secret = password or ask_secret(f"Password of {name}", "LOGISTICS_NEW_PASSWORD", twice=True)
    account = {"username": name, "email": email, "password": secret, "role": role}
    made = body_of(await client.post("/v1/users", json=account))
    _print_user(made, as_json)


async def list_users(client: httpx.AsyncClient, as_json: bool) -> None:
    users = await rows_of(client, "/v1/users", "users", {}, EVERY_ONE)
    if as_json:
        print_json({"users": users})
    else:
        print_rows(users, USER_COLUMNS)


async def change_user(
    client: httpx.AsyncClient, name: str, role: str | None, active: bool | None, as_json: bool
) -> None:
    change = {name: value for name, value in (("role", role), ("active", active)) if value is not None}
    user = await _user_named(client, name)
    _print_user(body_of(await client.patch(f"/v1/users/{user['id']}", json=change)), as_json)


async def remove_user(client: httpx.AsyncClient, name: str, as_json: bool) -> None:
    user = await _user_named(client, name)
    body_of(await client.delete(f"/v1/users/{user['id']}"))
    if as_json:
        print_json(user)
    else:
        print_line(f"{name} is removed.")


async def reset_password(client: httpx.AsyncClient, name: str, as_json: bool) -> None:
    user = await _user_named(client, name)
    reset = body_of(await client.post(f"/v1/users/{user['id']}/password-reset"))
    if as_json:
        print_json(reset)
    else:
        print_line(f"{name} sets a new password with this until {reset['expires_at']}, once: {reset['reset_token']}")


async def _user_named(client: httpx.AsyncClient, name: str) -> dict[str, Any]:
    async for page in pages(client, "/v1/users", "users", {}, EVERY_ONE):
        for user in page:
            if user["username"] == name:
                return user
    raise ServiceError(f"There is no user {name}.")


def _print_user(user: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(user)
    else:
        print_line(f"{user['username']} is {user['role']}{'' if user['active'] else ', disabled'} (id {user['id']}).")


async def add_token(client: httpx.AsyncClient, wanted: dict[str, Any], as_json: bool) -> None:
    made = body_of(await client.post("/v1/tokens", json=wanted))
    if as_json:
        print_json(made)
        return
    print_line(f"Token {made['id']} of {made['username']}, shown only here:")
    print_line(made["token"])


async def list_tokens(client: httpx.AsyncClient, as_json: bool) -> None:
    tokens = await rows_of(client, "/v1/tokens", "tokens", {}, EVERY_ONE)
    if as_json:
        print_json({"tokens": tokens})
    elif tokens:
        print_rows(tokens, TOKEN_COLUMNS)
    else:
        print_line("There are no API tokens.")


async def revoke_token(client: httpx.AsyncClient, token_id: int, as_json: bool) -> None:
    body_of(await client.delete(f"/v1/tokens/{token_id}"))
    if as_json:
        print_json({"revoked": token_id})
    else:
        print_line(f"Token {token_id} is revoked.")
