"""What an admin does with users, and what the audit log keeps of it."""

import asyncio

import asyncpg
import httpx
import pytest
from conftest import ClientAs

PASSWORD = "a long walk on the beach"
BIA = {"username": "bia", "email": "bia@example.com", "password": PASSWORD}


async def my_id(client: httpx.AsyncClient) -> int:
    return int((await client.get("/v1/auth/me")).json()["id"])


async def test_an_admin_makes_reads_changes_and_removes_users(client_as: ClientAs) -> None:
    admin = await client_as("admin")
    made = await admin.post("/v1/users", json=BIA | {"role": "viewer"})
    assert made.status_code == 201
    user = made.json()
    assert {name: user[name] for name in ("username", "email", "role", "active")} == {
        "username": "bia",
        "email": "bia@example.com",
        "role": "viewer",
        "active": True,
    }
    path = f"/v1/users/{user['id']}"
    assert (await admin.get(path)).json() == user
    changed = await admin.patch(path, json={"role": "analyst", "active": False})
    assert changed.json() == user | {"role": "analyst", "active": False}
    assert (await admin.delete(path)).status_code == 204
    for answer in (await admin.get(path), await admin.delete(path), await admin.patch(path, json={"active": True})):
        assert answer.status_code == 404
    assert (await admin.post(f"{path}/password-reset")).status_code == 404


async def test_a_user_whom_an_admin_made_signs_in_until_disabled(
    client_as: ClientAs, anonymous: httpx.AsyncClient
) -> None:
    admin = await client_as("admin")
    user_id = (await admin.post("/v1/users", json=BIA)).json()["id"]
    credentials = {"username": "bia", "password": PASSWORD}
    pair = (await anonymous.post("/v1/auth/login", json=credentials)).json()
    assert pair["user"]["role"] == "analyst"
    await admin.patch(f"/v1/users/{user_id}", json={"active": False})
    assert (await anonymous.post("/v1/auth/login", json=credentials)).status_code == 401
    refreshed = {"refresh_token": pair["refresh_token"]}
    assert (await anonymous.post("/v1/auth/refresh", json=refreshed)).status_code == 401
    await admin.patch(f"/v1/users/{user_id}", json={"active": True})
    headers = {"Authorization": f"Bearer {pair['access_token']}"}
    assert (await anonymous.get("/v1/auth/me", headers=headers)).status_code == 401  # the old session stays ended
    assert (await anonymous.post("/v1/auth/login", json=credentials)).status_code == 200


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"role": "owner"}, 422),
        ({"role": None, "active": None}, 422),
        ({"active": "perhaps"}, 422),
        ({"active": 0}, 422),
        ({"role": "viewer", "password": "x"}, 422),
    ],
)
async def test_a_change_that_is_none_is_refused(client_as: ClientAs, body: dict[str, object], status: int) -> None:
    admin = await client_as("admin")
    assert (await admin.patch(f"/v1/users/{await my_id(admin)}", json=body)).status_code == status


async def test_a_taken_name_is_a_conflict(client_as: ClientAs) -> None:
    admin = await client_as("admin")
    assert (await admin.post("/v1/users", json=BIA)).status_code == 201
    assert (await admin.post("/v1/users", json=BIA)).status_code == 409
    assert (await admin.post("/v1/users", json=BIA | {"username": "x", "password": "password123"})).status_code == 422


async def test_the_last_admin_stays(client_as: ClientAs, connection: asyncpg.Connection) -> None:
    admin = await client_as("admin")
    path = f"/v1/users/{await my_id(admin)}"
    await connection.execute(
        "INSERT INTO users (username, email, password_hash, role, active) VALUES ('x', 'x', '!', 'admin', false)"
    )
    for answer in (
        await admin.patch(path, json={"role": "viewer"}),
        await admin.patch(path, json={"active": False}),
        await admin.delete(path),
    ):
        assert answer.status_code == 409
    assert (await admin.get("/v1/users")).status_code == 200


@pytest.mark.parametrize("how", ["demote", "disable", "remove"])
async def test_two_admins_who_unmake_each_other_at_once_leave_one(
    client_as: ClientAs, connection: asyncpg.Connection, how: str
) -> None:
    admins = [await client_as("admin") for _ in range(2)]
    ids = [await my_id(admin) for admin in admins]

    async def unmake(admin: httpx.AsyncClient, user_id: int) -> int:
        if how == "remove":
            return (await admin.delete(f"/v1/users/{user_id}")).status_code
        body = {"role": "viewer"} if how == "demote" else {"active": False}
        return (await admin.patch(f"/v1/users/{user_id}", json=body)).status_code

    statuses = await asyncio.gather(unmake(admins[0], ids[1]), unmake(admins[1], ids[0]))
    left = await connection.fetchval("SELECT count(*) FROM users WHERE role = 'admin' AND active")
    assert left == 1
    assert sum(status in (200, 204) for status in statuses) == 1


async def test_users_come_in_pages_that_link_on(client_as: ClientAs) -> None:
    admin = await client_as("admin")
    for _ in range(6):
        await client_as("viewer")
    url, seen, pages = "/v1/users?limit=3", [], 0
    while url:
        answer = await admin.get(url)
        page = answer.json()
        assert page["total_por_pagina"] == len(page["users"]) <= 3
        seen += [user["id"] for user in page["users"]]
        url = page.get("proxima_pagina")
        assert answer.headers.get("link") == (f'<{url}>; rel="next"' if url else None)
        pages += 1
    assert pages == 3
    assert seen == sorted(set(seen))
    assert len(seen) == 7


# -- the audit log -------------------------------------------------------------------------------------------


async def test_the_audit_log_says_who_did_what_when_and_from_where(
    client_as: ClientAs, anonymous: httpx.AsyncClient
) -> None:
    admin = await client_as("admin")
    me = (await admin.get("/v1/auth/me")).json()
    user_id = (await admin.post("/v1/users", json=BIA)).json()["id"]
    await anonymous.post("/v1/auth/login", json={"username": "bia", "password": "wrong"})
    await anonymous.post("/v1/auth/login", json={"username": "nobody's password", "password": "wrong"})
    pair = (await anonymous.post("/v1/auth/login", json={"username": "bia", "password": PASSWORD})).json()
    await anonymous.post("/v1/auth/logout", json={"refresh_token": pair["refresh_token"]})
    await admin.patch(f"/v1/users/{user_id}", json={"role": "viewer"})
    await admin.post(f"/v1/users/{user_id}/password-reset")
    await admin.delete(f"/v1/users/{user_id}")

    entries = (await admin.get("/v1/audit")).json()["audit"]
    assert [entry["action"] for entry in entries] == [
        "user_deleted",
        "password_reset_issued",
        "user_changed",
        "logout",
        "login",
        "login_failed",
        "login_failed",
        "user_created",
    ]
    changed = entries[2]
    assert changed["username"] == me["username"]
    assert changed["user_id"] == me["id"]
    assert changed["address"] == "127.0.0.1"
    assert changed["happened_at"]
    assert changed["detail"] == {"of_user": user_id, "of_username": "bia", "role": "analyst to viewer"}
    assert entries[4]["username"] == "bia"
    assert [entry["username"] for entry in entries[5:7]] == [None, "bia"]


async def test_the_audit_log_is_paged_and_filtered(client_as: ClientAs) -> None:
    admin = await client_as("admin")
    for n in range(5):
        await admin.post("/v1/users", json=BIA | {"username": f"u{n}", "email": f"u{n}@example.com"})
    url, seen = "/v1/audit?limit=2&action=user_created", []
    while url:
        page = (await admin.get(url)).json()
        seen += [entry["detail"]["of_username"] for entry in page["audit"]]
        url = page.get("proxima_pagina")
    assert seen == ["u4", "u3", "u2", "u1", "u0"]
    assert (await admin.get("/v1/audit?username=nobody")).json() == {"audit": [], "total_por_pagina": 0}
