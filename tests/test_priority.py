"""Long work gives way to requests."""

import asyncio
import os
import sys
import threading

import asyncpg
import pytest
from conftest import make_settings, running_app

from logistics_indicators.database import preparation, prepare_background_connection, prepare_connection
from logistics_indicators.priority import NICENESS

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="threads have no priority of their own here")


def niceness(process: int) -> int:
    return os.getpriority(os.PRIO_PROCESS, process)


def niceness_here() -> int:
    return niceness(threading.get_native_id())


async def test_a_service_s_threads_give_way_and_its_event_loop_does_not(database_url: str) -> None:
    before = niceness_here()
    async with running_app(make_settings(database_url)):
        assert await asyncio.to_thread(niceness_here) == NICENESS
        assert niceness_here() == before < NICENESS


async def test_a_background_session_s_process_gives_way(connection: asyncpg.Connection) -> None:
    await prepare_connection(connection)
    if niceness(connection.get_server_pid()) >= NICENESS:
        pytest.skip("the tests' PostgreSQL gives way already: these tests were started by nice")
    await prepare_background_connection(connection)
    assert niceness(connection.get_server_pid()) == NICENESS


def test_processes_of_somebody_else_s_server_are_left_alone(database_url: str) -> None:
    assert preparation(make_settings(database_url), background=True) is prepare_connection
