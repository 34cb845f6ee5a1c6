"""Processes behind a real haproxy: one after the other is restarted, by a later version too, and no request fails.

RESTARTS=20 restarts so often before the later version comes; scripts/rolling_restarts does so and shows the figures.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import httpx
import pytest
from behind_haproxy import Proxy, behind_haproxy, later_version, restart
from data_folders import reachable_folder
from fault_service import PASSWORD, seeded
from mixed_load import CUSTOMERS, MixedLoad

RESTARTS = int(os.environ.get("RESTARTS") or 0)


@pytest.fixture
def folder() -> Iterator[Path]:
    with reachable_folder() as made:
        yield made


async def load_of(proxy: Proxy) -> MixedLoad:
    """By a user who signed in; with the customers that visits refer to."""
    first = proxy.services[0]
    await first.sign_in()
    load = MixedLoad(seeded(), first.client.headers["Authorization"], proxy.client)
    await load.bring_customers()
    return load


async def test_processes_restart_and_a_later_version_takes_over_while_no_request_fails(
    folder: Path, database_url: str, connection: asyncpg.Connection
) -> None:
    later = later_version(folder)
    async with behind_haproxy(folder, database_url) as proxy:
        load = await load_of(proxy)
        async with load.going_on():
            for number in range(RESTARTS):
                await restart(proxy, proxy.services[number % len(proxy.services)])
                print(f"restart {number + 1}; {load.figures()}", flush=True)
            for service in proxy.services:
                service.environment["PYTHONPATH"] = str(later)
                await restart(proxy, service)
                print(f"a process of the later version; {load.figures()}", flush=True)
        print(load.figures(), flush=True)
        assert load.failed == []
        assert await connection.fetchval("SELECT count(of_a_later_version) FROM services") == 0
        await load.assert_everything_is_there_once(connection)
        assert [line for service in proxy.services for line in service.broken()] == []


async def test_a_process_that_dies_costs_readers_nothing_and_no_write_that_was_answered(
    folder: Path, database_url: str, connection: asyncpg.Connection
) -> None:
    async with behind_haproxy(folder, database_url, processes=2) as proxy:
        load = await load_of(proxy)
        dying = proxy.services[0]
        async with load.going_on(rows_alone=True):
            await dying.wait_for(load.has_written, "single rows are written")
            dying.kill()
            await proxy.until("DOWN", dying)
        assert [failure for failure in load.failed if " GET " in failure] == []
        visits = {row["id"] for row in await connection.fetch("SELECT id FROM visits")}
        customers = {row["id"] for row in await connection.fetch("SELECT id FROM customers")}
        assert load.visits.keys() <= visits
        assert load.customers.keys() <= customers
        stored, answered = len(visits) + len(customers), len(load.visits) + len(load.customers)
        assert stored - CUSTOMERS <= answered + len(load.failed)


async def test_clients_behind_the_proxy_have_their_own_addresses_whatever_they_say(
    folder: Path, database_url: str, connection: asyncpg.Connection
) -> None:
    async with behind_haproxy(folder, database_url, processes=1) as proxy:
        transport = httpx.AsyncHTTPTransport(local_address="127.0.0.9")
        async with proxy.client(transport=transport) as client:
            account = {"username": "ana", "email": "ana@example.com", "password": PASSWORD}
            answer = await client.post("/v1/auth/register", json=account, headers={"X-Forwarded-For": "10.1.2.3"})
            assert answer.status_code == 201
        assert await connection.fetchval("SELECT DISTINCT address FROM audit_log") == "127.0.0.9"
