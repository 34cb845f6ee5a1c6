"""Resumable uploads by a client that others wrote (tuspy), over sockets that break and processes that die."""

import asyncio
import hashlib
import io
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import httpx
import pytest
from conftest import client_of
from data_folders import reachable_folder
from fastapi import FastAPI
from fault_files import FaultFile, customers_file
from fault_service import Service, seeded
from load_client import counts, finished, token_of
from tus import append, created, load_id_of, offset_of
from tusclient.client import TusClient
from tusclient.exceptions import TusUploadFailed
from tusclient.storage.interface import Storage
from tusclient.uploader.uploader import Uploader

MakeService = Callable[..., Service]
MANY = "".join(f"{n};Ana {n};a{n}@mail.com;{'9' * 30}\n" for n in range(1, 30_001)).encode()


def tus_client(origin: str, token: str) -> TusClient:
    return TusClient(f"{origin}/v1/uploads", headers={"Authorization": f"Bearer {token}"})


@pytest.fixture
async def token(app: FastAPI, connection: asyncpg.Connection) -> str:
    return await token_of(app, connection)


async def upload_of(uploader: Uploader, headers: dict[str, str]) -> dict[str, Any]:
    async with httpx.AsyncClient(trust_env=False, headers=headers) as client:
        found: dict[str, Any] = (await client.get(str(uploader.url))).json()
        return found


async def test_tuspy_sends_a_file_with_checksums_and_it_is_the_same_load(
    app: FastAPI, service_url: str, token: str
) -> None:
    tus = tus_client(service_url, token)
    metadata = {"kind": "customers", "filename": "clientes.csv", "on_conflict": "update"}
    uploader = await asyncio.to_thread(
        lambda: tus.uploader(
            file_stream=io.BytesIO(MANY), chunk_size=1_000_000, metadata=metadata, upload_checksum=True
        )
    )
    await asyncio.to_thread(uploader.upload)
    upload = await upload_of(uploader, tus.headers)
    assert upload["status"] == "loaded"
    async with client_of(app, token) as client:
        load = await finished(client, upload["load_id"])
        assert (load["sha256"], load["filename"]) == (hashlib.sha256(MANY).hexdigest(), "clientes.csv")
        assert counts(load) == (30_000, 30_000, 0, 0, 0)


class Remembered(Storage):
    """Addresses of uploads by their files' fingerprints, as a program keeps them that is started again."""

    def __init__(self) -> None:
        self.addresses: dict[str, str] = {}

    def get_item(self, key: str) -> str | None:
        return self.addresses.get(key)

    def set_item(self, key: str, value: str) -> None:
        self.addresses[key] = value

    def remove_item(self, key: str) -> None:
        del self.addresses[key]


class Rereadable(io.BytesIO):
    """tuspy closes what it took a fingerprint of, and then reads it."""

    def close(self) -> None:
        self.seek(0)


async def test_tuspy_takes_up_an_upload_again_by_what_it_remembers_of_the_file(
    app: FastAPI, service_url: str, token: str
) -> None:
    tus, remembered = tus_client(service_url, token), Remembered()

    def uploader() -> Uploader:
        return tus.uploader(
            file_stream=Rereadable(MANY),
            chunk_size=500_000,
            metadata={"kind": "customers"},
            store_url=True,
            url_storage=remembered,
        )

    await asyncio.to_thread(lambda: uploader().upload(stop_at=1_000_000))
    second = await asyncio.to_thread(uploader)
    assert second.offset == 1_000_000
    await asyncio.to_thread(second.upload)
    async with client_of(app, token) as client:
        load = await finished(client, (await upload_of(second, tus.headers))["load_id"])
    assert load["sha256"] == hashlib.sha256(MANY).hexdigest()


async def test_tuspy_is_told_of_a_file_that_can_be_no_load(service_url: str, token: str) -> None:
    tus = tus_client(service_url, token)
    uploader = tus.uploader(file_stream=io.BytesIO(b"%PDF-1.7 " * 20), metadata={"kind": "customers"})
    with pytest.raises(TusUploadFailed) as failed:
        await asyncio.to_thread(uploader.upload)
    assert failed.value.status_code == 415
    assert "a PDF document" in json.loads(failed.value.response_content)["detail"]


# -- a network that breaks ---------------------------------------------------------------------------------


async def cut_after(origin: str, address: str, authorization: str, offset: int, content: bytes, sent: int) -> None:
    """Sends so many bytes of a request that was to bring them all, and breaks the connection."""
    host = urlsplit(origin)
    _, writer = await asyncio.open_connection(host.hostname, host.port)
    head = (
        f"PATCH {address} HTTP/1.1",
        "Host: localhost",
        "Tus-Resumable: 1.0.0",
        "Content-Type: application/offset+octet-stream",
        f"Upload-Offset: {offset}",
        f"Content-Length: {len(content)}",
        f"Authorization: {authorization}",
    )
    writer.write("\r\n".join(head).encode() + b"\r\n\r\n" + content[:sent])
    await writer.drain()
    writer.close()
    await writer.wait_closed()


async def test_a_connection_that_breaks_costs_nothing_that_came(
    service_url: str, client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    address, durable = await created(client, len(MANY)), 0
    while durable < len(MANY) - 450_000:
        await cut_after(service_url, address, client.headers["Authorization"], durable, MANY[durable:], 450_000)
        async with asyncio.timeout(30):
            while await connection.fetchval("SELECT received FROM uploads") < durable + 450_000:
                await asyncio.sleep(0.01)
            while await connection.fetchval("SELECT holder IS NOT NULL FROM uploads"):
                await asyncio.sleep(0.01)
        durable = await offset_of(client, address)
    load = await finished(client, load_id_of(await append(client, address, durable, MANY[durable:])))
    assert load["sha256"] == hashlib.sha256(MANY).hexdigest()


# -- a process that dies -----------------------------------------------------------------------------------


@pytest.fixture
async def make_service(database_url: str) -> AsyncIterator[MakeService]:
    with reachable_folder() as folder:
        async with AsyncExitStack() as stack:

            def make(**settings: Any) -> Service:
                service = Service(folder, database_url, **settings)
                stack.push_async_callback(service.close)
                return service

            yield make


async def started(service: Service) -> Service:
    service.start()
    await service.ready()
    await service.sign_in()
    return service


async def slowly(content: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(content), 20_000):
        yield content[start : start + 20_000]
        await asyncio.sleep(0)


async def append_until_it_dies(service: Service, address: str, content: bytes) -> httpx.Response | None:
    """Goes on from where the upload stands; None where the service dies meanwhile, or another request holds it."""
    try:
        offset = await offset_of(service.client, address)
        answer = await append(service.client, address, offset, slowly(content[offset:]))
    except httpx.TransportError:
        return None
    assert answer.status_code in (204, 409, 423), answer.text
    return answer if answer.status_code == 204 else None


async def test_an_upload_to_two_services_that_are_killed_in_turn_is_the_same_load_exactly_once(
    make_service: MakeService, connection: asyncpg.Connection
) -> None:
    chance = seeded()
    file = customers_file(chance, 12_000)
    services = [await started(make_service(load_chunk_bytes=64 * 1024)) for _ in range(2)]
    address = await created(services[0].client, len(file.content))
    for turn in range(6):
        service, other = services[turn % 2], services[turn % 2 - 1]
        before = await connection.fetchval("SELECT received FROM uploads")
        sending = asyncio.create_task(append_until_it_dies(service, address, file.content))
        await asyncio.sleep(chance.uniform(0, 0.15))  # any moment of the upload
        service.kill()
        await sending
        assert await offset_of(other.client, address) >= before  # nothing durable is lost
        # The time in which a holder that says nothing counts as alive goes by.
        await connection.execute("UPDATE uploads SET held_until = clock_timestamp() WHERE holder IS NOT NULL")
        service.start()
        await service.ready()
    await assert_one_load_of(services[1], connection, address, file)


async def test_a_service_killed_while_an_upload_becomes_a_load_makes_it_once_after_its_start(
    make_service: MakeService, connection: asyncpg.Connection
) -> None:
    chance = seeded()
    file = customers_file(chance, 12_000)
    service = await started(make_service(load_chunk_bytes=16 * 1024))
    address = await created(service.client, len(file.content))
    sending = asyncio.create_task(append_until_it_dies(service, address, file.content))
    async with asyncio.timeout(60):
        while not await connection.fetchval("SELECT EXISTS (SELECT FROM load_chunks)"):
            await asyncio.sleep(0.002)
    service.kill()
    await sending
    await connection.execute("UPDATE uploads SET held_until = clock_timestamp() WHERE holder IS NOT NULL")
    await connection.execute("UPDATE loads SET touched_at = touched_at - interval '31 s' WHERE status = 'receiving'")
    service.start()
    await service.ready()
    await assert_one_load_of(service, connection, address, file)


async def assert_one_load_of(service: Service, connection: asyncpg.Connection, address: str, file: FaultFile) -> None:
    async def is_loaded() -> bool:
        await append_until_it_dies(service, address, file.content)
        return bool((await service.get(address))["status"] == "loaded")

    async def is_swept() -> bool:
        return not await connection.fetchval("SELECT EXISTS (SELECT FROM loads WHERE status = 'receiving')")

    await service.wait_for(is_loaded, "the upload is a load")
    # Nobody sees what a killed service had begun to make of it; it goes after a while.
    await connection.execute("UPDATE loads SET touched_at = touched_at - interval '31 s' WHERE status = 'receiving'")
    await service.wait_for(is_swept, "what was begun is swept")
    load_id = (await service.get(address))["load_id"]
    await service.loaded_exactly(connection, (load_id, file))
    load = await service.get(f"/v1/loads/{load_id}")
    assert load["sha256"] == hashlib.sha256(file.content).hexdigest()
    assert await connection.fetchval("SELECT count(*) FROM upload_parts") == 0
    assert service.broken() == []
