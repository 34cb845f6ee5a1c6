"""Loads whose database dies, or is told to end: the API answers 503 meanwhile, revives it, and goes on by itself."""

import asyncio
import os
import random
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import psutil
import pytest
from conftest import Settle
from data_folders import reachable_folder
from fault_files import customers_file, visits_file
from fault_service import Service, Sql, moments_of_the_loads, seeded

CUSTOMERS = 1000


@pytest.fixture
def sql(service: Service) -> Iterator[Sql]:
    made = Sql(service)
    yield made
    made.close()


@pytest.fixture
async def service(settle: Settle) -> AsyncIterator[Service]:
    """A service with an embedded server of its own, ready."""
    with reachable_folder() as folder:
        settle(folder / "data")
        made = Service(folder, load_chunk_bytes=8192)
        try:
            made.start()
            await made.ready()
            await made.sign_in()
            yield made
        finally:
            await made.close()


def kill_postmaster(service: Service, chance: random.Random) -> None:
    os.kill(service.embedded.postmaster_pid(), signal.SIGKILL)


def kill_a_backend(service: Service, chance: random.Random) -> None:
    """Any process of the server but its first: the server ends all sessions and recovers."""
    backends = psutil.Process(service.embedded.postmaster_pid()).children()
    with suppress(psutil.NoSuchProcess):
        chance.choice(backends).kill()


Answers = list[tuple[str, int, str]]


@asynccontextmanager
async def clients_who_keep_asking(service: Service, *paths: str) -> AsyncIterator[Answers]:
    """(path, status, media type) of all that they are answered while the block runs."""
    answers: Answers = []

    async def ask(path: str) -> None:
        while True:
            answer = await service.client.get(path)
            answers.append((path, answer.status_code, answer.headers["Content-Type"].partition(";")[0]))
            await asyncio.sleep(0.05)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(ask(path)) for path in paths]
        yield answers
        for task in tasks:
            task.cancel()


def assert_only_503_meanwhile(answers: Answers) -> None:
    """Every question was answered, with what was asked or with a problem that says to come again."""
    assert {status for _, status, _ in answers} == {200, 503}
    assert {media for _, status, media in answers if status == 503} <= {"application/problem+json", "application/json"}
    assert {media for path, status, media in answers if status == 503 and path != "/v1/health"} == {
        "application/problem+json"
    }
    assert ("/v1/health", 503) in {(path, status) for path, status, _ in answers}


async def test_a_database_killed_in_mid_load_is_revived_and_nothing_is_lost(service: Service, sql: Sql) -> None:
    chance = seeded()
    customers, visits = customers_file(chance, CUSTOMERS), visits_file(chance, 6000, CUSTOMERS)
    loads = (await service.send(customers), customers), (await service.send(visits), visits)
    faults = [*[kill_postmaster] * 3, *[kill_a_backend] * 4]
    chance.shuffle(faults)
    async with clients_who_keep_asking(service, "/v1/loads", "/v1/services?limit=1", "/v1/health") as answers:
        async for _ in moments_of_the_loads(chance, len(faults), service, sql):
            faults.pop()(service, chance)
        await service.loaded_exactly(sql, *loads)
        await service.ready()
    assert not service.broken()
    assert_only_503_meanwhile(answers)


async def test_both_killed_at_once_begin_again_together(service: Service, sql: Sql) -> None:
    chance = seeded()
    customers, visits = customers_file(chance, CUSTOMERS), visits_file(chance, 4000, CUSTOMERS)
    loads = (await service.send(customers), customers), (await service.send(visits), visits)
    async for _ in moments_of_the_loads(chance, 2, service, sql):
        kill_postmaster(service, chance)
        service.kill()
        service.start()
    await service.loaded_exactly(sql, *loads)


def restart(service: Service) -> None:
    """As an operator does, with the server's own tool and as its own user."""
    postmaster = psutil.Process(service.embedded.postmaster_pid())
    data = str(service.embedded.cluster_dir)
    pg_ctl = Path(postmaster.exe()).with_name("pg_ctl")
    owner = None if postmaster.uids().real == os.geteuid() else postmaster.uids().real
    subprocess.run(
        [str(pg_ctl), "restart", "-w", "-t", "10", "-m", "fast", "-D", data, "-l", f"{data}/server.log"],
        user=owner,
        group=None if owner is None else postmaster.gids().real,
        extra_groups=None if owner is None else [],
        cwd=data,
        check=True,
        stdout=subprocess.DEVNULL,
        timeout=60,
    )


async def test_a_database_restarted_or_told_to_end_is_back_by_itself(service: Service, sql: Sql) -> None:
    chance = seeded()
    customers, visits = customers_file(chance, CUSTOMERS), visits_file(chance, 4000, CUSTOMERS)
    loads = (await service.send(customers), customers), (await service.send(visits), visits)
    ends = [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, None]
    async with clients_who_keep_asking(service, "/v1/loads") as answers:
        async for _ in moments_of_the_loads(chance, len(ends), service, sql):
            end = ends.pop()
            if end is None:
                with suppress(
                    subprocess.CalledProcessError
                ):  # the API may be first to start it again, and pg_ctl wait in vain
                    await asyncio.to_thread(restart, service)
            else:
                os.kill(service.embedded.postmaster_pid(), end)
        await service.loaded_exactly(sql, *loads)
    assert not service.broken()
    assert {status for _, status, _ in answers} <= {200, 503}
