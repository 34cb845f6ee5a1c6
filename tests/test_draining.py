"""A process that is told to end: it says so first, answers on, ends its streams well, and then ends."""

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from data_folders import reachable_folder
from fault_service import Service

DRAIN_SECONDS = 300
"""Longer than any test: what a test sees while a process drains depends on no clock."""


@pytest.fixture
async def folder() -> AsyncIterator[Path]:
    with reachable_folder() as made:
        yield made


@pytest.fixture
async def service(folder: Path, database_url: str) -> AsyncIterator[Service]:
    made = Service(folder, database_url, drain_seconds=DRAIN_SECONDS, load_workers=0)
    made.start()
    await made.ready()
    yield made
    await made.close()


async def status(service: Service) -> str:
    answer = await service.client.get("/v1/ready")
    state: str = answer.json()["status"]
    assert answer.status_code == (200 if state == "ready" else 503)
    return state


async def is_draining(service: Service) -> bool:
    return await status(service) == "draining"


async def test_a_process_that_is_told_to_end_is_unready_but_well_and_answers_each_connection_once_more(
    service: Service,
) -> None:
    await service.sign_in()
    assert await status(service) == "ready"
    assert "connection" not in (await service.client.get("/v1/customers")).headers
    service.signal(signal.SIGTERM)
    await service.wait_for(lambda: is_draining(service), "the process drains")
    assert (await service.client.get("/v1/health")).json()["status"] == "ok"
    written = await service.client.post("/v1/customers", json={"nome": "Íris", "email": "iris@example.com"})
    assert (written.status_code, written.headers["connection"]) == (201, "close")
    service.signal(signal.SIGTERM)  # the second does not wait
    assert await service.ended() == 0


@pytest.mark.parametrize("path", ["/v1/events", "/v1/loads/{load}/events"])
async def test_a_stream_goes_on_while_the_process_drains_and_then_comes_to_a_good_end(
    service: Service, path: str
) -> None:
    await service.sign_in()
    batch = await service.client.post(
        "/v1/customers/batch", content="id;nome;email;telefone\n1;A;a@b.co;\n", headers={"Content-Type": "text/csv"}
    )
    address = path.format(load=batch.json()["load"]["id"])
    told: list[str] = []
    begun = asyncio.Event()

    async def watch() -> None:
        async with service.client.stream("GET", address) as stream:
            async for line in stream.aiter_lines():
                told.append(line)
                begun.set()

    watching = asyncio.create_task(watch())
    await begun.wait()
    service.signal(signal.SIGTERM)
    await service.wait_for(lambda: is_draining(service), "the process drains")
    assert not watching.done()
    service.signal(signal.SIGTERM)
    await watching  # raises where the stream was cut
    assert told[-1] == ""  # what was told was told to its end
    assert await service.ended() == 0


async def test_ctrl_c_does_not_wait(service: Service) -> None:
    service.signal(signal.SIGINT)
    assert await service.ended() == 0
    with pytest.raises(httpx.TransportError):
        await service.client.get("/v1/ready")


async def test_several_workers_drain_as_one_does(folder: Path, database_url: str) -> None:
    service = Service(folder, database_url, fresh=True, drain_seconds=0.1)
    service.arguments += ("--workers", "2")

    async def both_have_started() -> bool:
        return service.log.read_text().count('"event": "started"') == 2

    service.start()
    await service.wait_for(both_have_started, "both workers have started")
    service.signal(signal.SIGTERM)
    assert await service.ended() == 0
    assert service.log.read_text().count('"event": "draining"') == 2
    await service.close()
