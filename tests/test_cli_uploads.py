"""`load` over a network that breaks, and with a client that dies: what is durable is not sent a second time."""

import asyncio
import hashlib
import io
import json
import os
import signal
import stat
import sys
import zipfile
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import httpx
import pytest
from command_line import Outcome, pipe_into
from fastapi import FastAPI
from faulty_network import Network, network_to
from load_client import token_of

from logistics_indicators.client import remembered, resuming
from logistics_indicators.client.connecting import ServiceError
from logistics_indicators.client.loading_options import LoadOptions
from logistics_indicators.client.remembered import Remembered
from logistics_indicators.client.resuming import Uploads
from logistics_indicators.loads.kinds import Kind

HEADER = b"id;nome;email;telefone\n"
MANY = HEADER + "".join(f"{n};Ana {'a' * 150};a{n}@mail.com;119\n" for n in range(1, 6_001)).encode()
UPLOADS = "logistics-indicators/uploads"
UPLOAD_ID = "0b5ad0bc-6a35-4b0d-9c7e-6a9c8f6f0a11"


@dataclass
class Person:
    """Whoever loads files on a machine of their own, over the network."""

    network: Network
    home: Path
    token: str

    @property
    def environment(self) -> dict[str, str]:
        return {
            "LOGISTICS_URL": f"http://127.0.0.1:{self.network.port}",
            "LOGISTICS_TOKEN": self.token,
            "XDG_STATE_HOME": str(self.home),
        }

    async def load(self, *words: object, stdin: bytes | None = None) -> Outcome:
        return await pipe_into(stdin, "load", *words, "--json", **self.environment)

    async def load_until(
        self, came: Callable[[], Awaitable[bool]], file: Path, end: signal.Signals = signal.SIGKILL
    ) -> Outcome:
        """The program gets the signal then."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "logistics_indicators", "load", file),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=os.environ | self.environment,
        )
        async with asyncio.timeout(60):
            while not await came():
                await asyncio.sleep(0.02)
        process.send_signal(end)
        out, err = await process.communicate()
        return Outcome(process.returncode or 0, out.decode(), err.decode())

    def remembered(self) -> list[Path]:
        folder = self.home / UPLOADS
        return sorted(folder.iterdir()) if folder.exists() else []


@pytest.fixture
async def person(
    app: FastAPI, service_url: str, connection: asyncpg.Connection, tmp_path: Path
) -> AsyncIterator[Person]:
    async with network_to(urlsplit(service_url).port or 0) as network:
        yield Person(network, tmp_path / "state", await token_of(app, connection))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "clientes.csv"
    path.write_bytes(MANY)
    return path


def load_of(outcome: Outcome) -> dict[str, Any]:
    assert outcome.code == 0, outcome.err
    (load,) = json.loads(outcome.out)["loads"]
    assert isinstance(load, dict)
    return load


async def test_a_connection_that_breaks_goes_on_from_the_last_durable_byte(
    person: Person, file: Path, connection: asyncpg.Connection
) -> None:
    person.network.left = [200_000, 250_000, 150_000]
    load = load_of(await person.load(file, "--on-conflict", "update"))
    assert (load["sha256"], load["filename"]) == (hashlib.sha256(MANY).hexdigest(), "clientes.csv")
    assert (load["rows_inserted"], load["on_conflict"]) == (6_000, "update")
    assert person.network.cuts == 3
    assert person.network.sent < len(MANY) + 400_000  # what was under way at each cut, and no more
    assert await connection.fetchval("SELECT count(*) FROM uploads") == 1
    assert person.remembered() == []


async def test_a_program_that_died_goes_on_when_the_same_file_is_loaded_again(
    person: Person, file: Path, connection: asyncpg.Connection
) -> None:
    async def half_came() -> bool:
        person.network.is_frozen = person.network.sent > len(MANY) // 2
        return person.network.is_frozen and bool(
            await connection.fetchval("SELECT max(received) > 400000 FROM uploads")
        )

    await person.load_until(half_came, file)
    (state,) = person.remembered()
    assert (stat.S_IMODE(state.stat().st_mode), stat.S_IMODE(state.parent.stat().st_mode)) == (0o600, 0o700)
    person.network.is_frozen = False
    load = load_of(await person.load(file))
    assert load["sha256"] == hashlib.sha256(MANY).hexdigest()
    # one upload: what came before is not taken twice, however often the dead program's request was in the way (423)
    assert await connection.fetchval("SELECT count(*) FROM uploads") == 1
    assert person.remembered() == []


async def test_a_command_that_is_interrupted_says_how_it_goes_on(
    person: Person, file: Path, connection: asyncpg.Connection
) -> None:
    async def some_came() -> bool:
        person.network.is_mute = person.network.sent > len(MANY) // 2
        return person.network.is_mute

    outcome = await person.load_until(some_came, file, signal.SIGINT)
    assert outcome.code == 130
    assert outcome.err.strip().splitlines()[-1].startswith("Interrupted. The same command goes on from here;")
    person.network.is_mute = False
    assert load_of(await person.load(file))["rows_inserted"] == 6_000
    assert await connection.fetchval("SELECT count(*) FROM uploads") == 1


async def test_a_load_that_ended_is_not_taken_for_the_next_one_because_another_file_was_refused(
    person: Person, file: Path, tmp_path: Path
) -> None:
    (tmp_path / "x.csv").write_bytes(b"%PDF-1.7 " * 20)
    outcome = await person.load(file, tmp_path / "x.csv", "--kind", "customers")
    assert outcome.code == 2
    first = json.loads(outcome.out)["loads"][0]
    assert person.remembered() == []
    assert load_of(await person.load(file, "--kind", "customers"))["id"] != first["id"]


async def test_a_file_that_changes_while_it_is_sent_becomes_no_load(
    person: Person, file: Path, connection: asyncpg.Connection
) -> None:
    person.network.left = [400_000]  # a cut, so that there is time enough between two requests
    sending = asyncio.create_task(person.load(file))
    async with asyncio.timeout(60):
        while not person.network.cuts:
            await asyncio.sleep(0.01)
    file.write_bytes(MANY.replace(b"Ana", b"Bia"))
    outcome = await sending
    assert (outcome.code, outcome.err.strip()) == (
        2,
        "Error: clientes.csv: the file was changed while it was sent; no load was made of it.",
    )
    assert await connection.fetchval("SELECT count(*) FROM loads") == 0
    assert load_of(await person.load(file))["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()


async def test_another_file_of_that_name_is_sent_from_its_beginning(
    person: Person, file: Path, connection: asyncpg.Connection
) -> None:
    async def some_came() -> bool:
        return bool(await connection.fetchval("SELECT max(received) > 0 FROM uploads"))

    person.network.left = [400_000]
    await person.load_until(some_came, file)
    other = MANY.replace(b"Ana", b"Bia")
    file.write_bytes(other)
    assert load_of(await person.load(file))["sha256"] == hashlib.sha256(other).hexdigest()
    assert await connection.fetchval("SELECT count(*) FROM uploads") == 2


async def test_a_program_that_died_before_it_heard_of_the_load_makes_no_second_one(
    person: Person, file: Path, connection: asyncpg.Connection
) -> None:
    async def is_loaded() -> bool:
        person.network.is_mute = person.network.sent > len(MANY) - 100_000
        return bool(await connection.fetchval("SELECT EXISTS (SELECT FROM loads WHERE status = 'completed')"))

    await person.load_until(is_loaded, file)
    person.network.is_mute, person.network.sent = False, 0
    outcome = await person.load(file)
    load = load_of(outcome)
    assert f"had sent it already, as load {load['id']}. The same command again makes another load." in outcome.err
    assert (load["rows_inserted"], load["rows_rejected"]) == (6_000, 0)
    assert person.network.sent < 20_000
    assert await connection.fetchval("SELECT count(*) FROM loads") == 1

    again = load_of(await person.load(file))  # meant: the one before has ended
    assert (again["id"] != load["id"], again["rows_inserted"]) == (True, 0)


async def test_an_upload_that_is_gone_is_begun_anew(person: Person, file: Path, connection: asyncpg.Connection) -> None:
    async def some_came() -> bool:
        return bool(await connection.fetchval("SELECT max(received) > 0 FROM uploads"))

    person.network.left = [400_000]
    await person.load_until(some_came, file)
    await connection.execute("DELETE FROM uploads")
    assert load_of(await person.load(file))["rows_inserted"] == 6_000


async def test_what_the_service_says_of_a_file_and_of_what_is_asked_is_said_as_ever(
    person: Person, tmp_path: Path
) -> None:
    file = tmp_path / "x.csv"
    file.write_bytes(b"%PDF-1.7 " * 20)
    outcome = await person.load(file, "--kind", "customers")
    assert (outcome.code, outcome.err.strip().splitlines()[-1][:49]) == (
        2,
        "Error: x.csv: The file looks like a PDF document,",
    )
    file.write_bytes(HEADER)
    outcome = await person.load(file, "--kind", "customers", "--columns", "cor:Farbe")
    assert outcome.code == 2
    assert outcome.err.strip() == "Error: x.csv: unknown column cor; there are: id, nome, email, telefone"
    assert person.remembered() == []


async def test_the_standard_input_and_zips_of_several_tables_go_in_one_piece(
    person: Person, tmp_path: Path, connection: asyncpg.Connection
) -> None:
    assert load_of(await person.load("-", stdin=MANY[:50_000] + b"\n"))["rows_inserted"] > 50
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.csv", HEADER + b"90001;Ana;ana@mail.com;1\n")
        archive.writestr("b.csv", HEADER + b"90002;Bia;bia@mail.com;1\n")
    (tmp_path / "clientes.zip").write_bytes(packed.getvalue())
    outcome = await person.load(tmp_path / "clientes.zip")
    assert outcome.code == 0, outcome.err
    assert [load["rows_inserted"] for load in json.loads(outcome.out)["loads"]] == [1, 1]
    assert await connection.fetchval("SELECT count(*) FROM uploads") == 0


async def test_a_service_that_stays_away_is_asked_a_bounded_number_of_times(
    monkeypatch: pytest.MonkeyPatch, file: Path, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(resuming, "FIRST_PAUSE_SECONDS", 0)
    asked = 0

    def away(request: httpx.Request) -> httpx.Response:
        nonlocal asked
        asked += 1
        raise httpx.ConnectError("no route to host")

    async with httpx.AsyncClient(transport=httpx.MockTransport(away), base_url="http://service") as client:
        with pytest.raises(
            ServiceError, match=r"broke off at 0 of .* no route to host. The same command again goes on"
        ):
            await Uploads().send(client, file, Kind.customers, LoadOptions(), lambda size: None)
    assert asked == resuming.ATTEMPTS + 1


async def test_a_proxy_that_lets_no_bytes_pass_is_asked_a_bounded_number_of_times(
    monkeypatch: pytest.MonkeyPatch, file: Path, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(resuming, "FIRST_PAUSE_SECONDS", 0)
    asked: list[str] = []
    upload = {"id": UPLOAD_ID, "offset": 0, "load_id": None, "status": "receiving"}

    def forbids(request: httpx.Request) -> httpx.Response:
        asked.append(request.method)
        if request.method == "PATCH":
            return httpx.Response(403, text="Forbidden by the proxy")
        return httpx.Response(201 if request.method == "POST" else 200, json=upload)

    async with httpx.AsyncClient(transport=httpx.MockTransport(forbids), base_url="http://service") as client:
        with pytest.raises(ServiceError, match="broke off at 0 of"):
            await Uploads().send(client, file, Kind.customers, LoadOptions(), lambda size: None)
    assert asked.count("PATCH") == resuming.ATTEMPTS + 1


def test_few_uploads_are_remembered_and_nothing_that_is_no_id(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr(remembered, "MOST", 3)
    for number in range(5):
        Remembered(f"{number}").remember(UPLOAD_ID)
        os.utime(tmp_path / UPLOADS / f"{number}", (number, number))
    assert [Remembered(f"{number}").upload_id() for number in (1, 2, 4)] == [None, UPLOAD_ID, UPLOAD_ID]
    (tmp_path / UPLOADS / "4").write_text("../auth/me" + UPLOAD_ID)
    assert Remembered("4").upload_id() is None


def test_where_nothing_can_be_remembered_nothing_fails(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    Remembered("1").remember(UPLOAD_ID)
    assert Remembered("1").upload_id() is None
    Remembered("1").forget()
