"""The clock is put forward or back: what was written before lies in the past or the future by so much."""

import time
from datetime import timedelta

import asyncpg
import httpx
import pytest
from command_line import PASSWORD
from conftest import SAMPLES, client_of
from fastapi import FastAPI
from load_client import assert_indicators_are_exact, client_with, finished, send

from logistics_indicators.accounts.tokens import issue_access_token

LOGIN = {"username": "ana", "password": PASSWORD}
MOVE_LOADS = "UPDATE loads SET received_at = received_at + $1::interval, touched_at = touched_at + $1::interval"


async def status_with_token_of(app: FastAPI, user_id: int, ahead: float, monkeypatch: pytest.MonkeyPatch) -> int:
    """Of a request with a token that was issued by a clock so many seconds ahead of ours."""
    now = time.time()
    with monkeypatch.context() as clock:
        clock.setattr(time, "time", lambda: now + ahead)
        token = issue_access_token(app.state.token_key, user_id)
    async with client_of(app, token) as client:
        return (await client.get("/v1/customers/total")).status_code


async def test_a_token_is_taken_where_clocks_differ_a_little_and_signing_in_anew_helps_where_they_differ_much(
    app: FastAPI, anonymous: httpx.AsyncClient, account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    user_id = (await anonymous.post("/v1/auth/login", json=LOGIN)).json()["user"]["id"]
    statuses = [await status_with_token_of(app, user_id, ahead, monkeypatch) for ahead in (-50, 0, 50, 3600, -86_400)]
    assert statuses == [200, 200, 200, 401, 401]
    signed_in = (await anonymous.post("/v1/auth/login", json=LOGIN)).json()
    anew = {"Authorization": f"Bearer {signed_in['access_token']}"}
    assert (await anonymous.get("/v1/customers/total", headers=anew)).status_code == 200


async def test_nobody_is_shut_out_by_attempts_to_sign_in_that_a_clock_put_back_since_had_counted(
    anonymous: httpx.AsyncClient, account: str, connection: asyncpg.Connection
) -> None:
    wrong = LOGIN | {"password": "a wrong password of the tests"}
    while (await anonymous.post("/v1/auth/login", json=wrong)).status_code != 429:
        pass
    assert (await anonymous.post("/v1/auth/login", json=LOGIN)).status_code == 429
    await connection.execute("UPDATE throttle SET empty_at = empty_at + interval '1 day'")
    assert (await anonymous.post("/v1/auth/login", json=LOGIN)).status_code == 200


@pytest.mark.parametrize("step", [timedelta(days=-1), timedelta(days=1)], ids=["forward", "back"])
async def test_files_are_loaded_in_the_order_in_which_they_came_though_the_clock_was_moved_between_them(
    connection: asyncpg.Connection, database_url: str, step: timedelta
) -> None:
    async with client_with(connection, database_url, load_workers=0) as client:
        assert (await send(client, "customers", SAMPLES / "customers.csv")).status_code == 202
        await connection.execute(MOVE_LOADS, step)
        visits = (await send(client, "services", SAMPLES / "services.csv")).json()["load"]["id"]
        changed = (SAMPLES / "services.csv").read_bytes().replace(b" - ", b" - NOVO ")
        update = (await send(client, "services", changed, on_conflict="update")).json()["load"]["id"]
    async with client_with(connection, database_url) as client:
        assert (await finished(client, visits))["rows_inserted"] == 2994
        assert (await finished(client, update))["rows_updated"] > 0
        await assert_indicators_are_exact(client, connection)
