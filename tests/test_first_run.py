"""An empty service: it says that it waits for its first account, and shows made-up data where it is asked to."""

import asyncio
from pathlib import Path

import asyncpg
import httpx
import pytest
from conftest import ClientAs, client_of, make_settings, running_app
from load_client import finished, load_file

from logistics_indicators.demo import files
from logistics_indicators.demo.files import make_files

ANA = {"username": "ana", "email": "ana@example.com", "password": "a long walk on the beach"}
CUSTOMERS = "id;nome;email;telefone\n1;Íris;iris@example.com;\n"


@pytest.fixture
async def admin(client_as: ClientAs) -> httpx.AsyncClient:
    return await client_as("admin")


@pytest.fixture
def small_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files.make_files, "__defaults__", (1000,))


async def test_a_new_service_waits_for_its_first_account(anonymous: httpx.AsyncClient) -> None:
    assert (await anonymous.get("/v1/setup")).json() == {"first_account": True, "registration": "open"}
    assert (await anonymous.post("/v1/auth/register", json=ANA)).status_code == 201
    assert (await anonymous.get("/v1/setup")).json() == {"first_account": False, "registration": "open"}


async def test_closed_registration_is_told(database_url: str) -> None:
    async with running_app(make_settings(database_url, registration="closed")) as app, client_of(app) as anyone:
        assert (await anyone.get("/v1/setup")).json() == {"first_account": True, "registration": "closed"}


async def test_the_demo_is_loaded_with_its_visits_and_a_few_bad_rows(admin: httpx.AsyncClient) -> None:
    answer = await admin.post("/v1/demo")
    assert answer.status_code == 202
    customers, visits = [await finished(admin, load["id"]) for load in answer.json()["loads"]]
    assert (customers["kind"], customers["status"], customers["rows_rejected"]) == ("customers", "completed", 0)
    assert (visits["kind"], visits["status"], visits["rows_read"]) == ("services", "completed", 20_000)
    assert 0 < visits["rows_rejected"] < 100
    assert (await admin.get("/v1/indicators/sla/polo")).json()["sla_polo"]


@pytest.mark.usefixtures("small_demo")
async def test_a_double_click_loads_the_demo_once(admin: httpx.AsyncClient, connection: asyncpg.Connection) -> None:
    answers = await asyncio.gather(*(admin.post("/v1/demo") for _ in range(3)))
    answers.append(await admin.post("/v1/demo"))
    assert {answer.status_code for answer in answers} == {202}
    assert len({tuple(load["id"] for load in answer.json()["loads"]) for answer in answers}) == 1
    assert await connection.fetchval("SELECT count(*) FROM loads") == 2


@pytest.mark.usefixtures("small_demo")
async def test_of_two_admins_who_ask_for_the_demo_at_once_one_gets_it(
    client_as: ClientAs, connection: asyncpg.Connection
) -> None:
    admins = [await client_as("admin") for _ in range(2)]
    answers = await asyncio.gather(*(admin.post("/v1/demo") for admin in admins))
    assert sorted(answer.status_code for answer in answers) == [202, 409]
    assert await connection.fetchval("SELECT count(*) FROM loads") == 2


@pytest.mark.usefixtures("small_demo")
async def test_a_service_that_has_anything_gets_no_demo(admin: httpx.AsyncClient) -> None:
    load = await load_file(admin, "customers", CUSTOMERS)
    assert (await admin.post("/v1/demo")).status_code == 409
    assert (await admin.delete(f"/v1/loads/{load['id']}")).status_code == 200
    assert (await admin.post("/v1/demo")).status_code == 409


async def test_a_customer_written_by_hand_is_something(admin: httpx.AsyncClient) -> None:
    assert (await admin.post("/v1/customers", json={"nome": "Íris", "email": "i@example.com"})).status_code == 201
    answer = await admin.post("/v1/demo")
    assert (answer.status_code, answer.headers["Content-Type"]) == (409, "application/problem+json")


@pytest.mark.usefixtures("small_demo")
async def test_a_demo_that_was_undone_does_not_come_back(admin: httpx.AsyncClient) -> None:
    loads = (await admin.post("/v1/demo")).json()["loads"]
    for load in loads:
        await finished(admin, load["id"])
    for load in reversed(loads):
        assert (await admin.delete(f"/v1/loads/{load['id']}")).status_code == 200
    assert (await admin.post("/v1/demo")).status_code == 409


def test_the_demos_files_are_the_same_each_time(tmp_path: Path) -> None:
    made = []
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        made.append([path.read_bytes() for path, _ in make_files(tmp_path / name, 500)])
    assert made[0] == made[1]
