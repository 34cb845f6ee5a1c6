"""A real PostgreSQL for every test: one embedded server for the run, one database a test from a migrated template."""

import asyncio
import fcntl
import gc
import hashlib
import os
import shutil
import subprocess
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import asyncpg
import chance  # noqa: F401  how much is left to it, in every test
import httpx
import pytest
import structlog
from command_line import PASSWORD, Outcome, Run, run_command
from copies import Copies
from data_folders import quick_place
from fastapi import FastAPI
from idle_workers import let_workers_wait, workers_begin_with_a_load
from listening import listening
from made_once import share_compiled_routes, share_the_document
from measured_reading import measured_readings
from one_browser import kept_browser, loop_of_a_test  # noqa: F401  fixtures of the tests that need a browser

from logistics_indicators.accounts import passwords
from logistics_indicators.accounts.tokens import issue_access_token
from logistics_indicators.app import create_app
from logistics_indicators.database import prepare_connection
from logistics_indicators.indicators.calendar import days as calendar
from logistics_indicators.indicators.calendar import official_days
from logistics_indicators.running.embedded import EmbeddedPostgres
from logistics_indicators.running.migrations import migrate, migrations_folder
from logistics_indicators.settings import Settings

# structlog's own choice, rich tracebacks, takes seconds for a deep one, and holds up the event loop meanwhile.
structlog.configure(
    processors=[
        structlog.processors.add_log_level,
        structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
    ]
)


def pytest_collection_finish() -> None:
    """What is imported by now stays to the end: no garbage collection need look at it again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def logs_as_they_were() -> Iterator[None]:
    """A test that starts a command in this process leaves no level or format behind."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)


@pytest.fixture(scope="session", autouse=True)
def made_once_for_all_apps() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        share_the_document(patch)
        let_workers_wait(patch)
        yield


@pytest.fixture(scope="session", autouse=True)
def readings_are_measured() -> Iterator[None]:
    with measured_readings():
        yield


HASHES_OF_THE_SERVICE = passwords.HASH
"""The real ones: fifty milliseconds of a core each."""


@pytest.fixture(scope="session", autouse=True)
def cheap_hashes() -> Iterator[None]:
    """Passwords are hashed as in the service, but with next to no memory; a process of its own hashes at full cost."""
    with pytest.MonkeyPatch.context() as patch:
        cheap = HASHES_OF_THE_SERVICE.using(memory_cost=8)
        patch.setattr(passwords, "HASH", cheap)
        patch.setattr(passwords, "DUMMY_HASH", cheap.hash("the password of nobody"))
        yield


@pytest.fixture
def hashes_of_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    """For a test of what a hash costs."""
    monkeypatch.setattr(passwords, "HASH", HASHES_OF_THE_SERVICE)


SAMPLES = Path(__file__).parent / "samples"
SECRET = "a-secret-of-the-tests-alone-0123456789"


SERVER_DIR = quick_place() / f"logistics-indicators-tests-{os.geteuid()}"
SERVER_OPTIONS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "128MB",
    "max_wal_size": "512MB",
    "min_wal_size": "64MB",
}
"""Durability off, for nothing here outlives the run."""


def shared_server() -> EmbeddedPostgres:
    """One for all who test on this machine at once; the last to stop it takes it down."""
    return EmbeddedPostgres(SERVER_DIR, SERVER_OPTIONS)


@pytest.fixture(scope="session")
def server() -> Iterator[EmbeddedPostgres]:
    embedded = shared_server()
    embedded.start()
    yield embedded
    embedded.stop()
    if not embedded.is_running():
        for folder in (SERVER_DIR, *SERVER_DIR.parent.glob(f"{SERVER_DIR.name}-*")):
            shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def template_database(server: EmbeddedPostgres) -> str:
    """Name of a migrated database, made once for each state of the migrations."""
    days = (Path(str(module.__file__)) for module in (calendar, official_days))
    return asyncio.run(made_once(server, "template", [*migration_files(), *days], _fill_template))


def migration_files(until: str = "9999") -> list[Path]:
    versions = sorted((migrations_folder() / "versions").glob("*.py"))
    return [path for path in versions if path.name[: len(until)] <= until]


async def made_once(
    server: EmbeddedPostgres, kind: str, ingredients: Iterable[Path], fill: Callable[[str], Awaitable[None]]
) -> str:
    """Name of a database that the first to ask fills, for each state of these files; others wait, and copy it."""
    name = f"{kind}_{hashlib.sha256(b''.join(path.read_bytes() for path in ingredients)).hexdigest()[:12]}"
    with (SERVER_DIR / "template.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        connection = await asyncpg.connect(server.url("postgres"))
        try:
            if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
                await connection.execute(f"DROP DATABASE IF EXISTS {name}_unfinished")
                await connection.execute(f"CREATE DATABASE {name}_unfinished")
                await fill(server.url(f"{name}_unfinished"))
                await connection.execute(f"ALTER DATABASE {name}_unfinished RENAME TO {name}")
        finally:
            await connection.close()
    return name


Settle = Callable[[Path], None]


@pytest.fixture(scope="session")
def settle(server: EmbeddedPostgres, template_database: str) -> Settle:
    """Makes a data folder as a first start leaves it: a start in it runs neither initdb nor migrations."""
    made = SERVER_DIR.with_name(f"{SERVER_DIR.name}-{template_database}")
    with (SERVER_DIR / "template.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            unfinished = made.with_name(f"{made.name}-unfinished")
            shutil.rmtree(unfinished, ignore_errors=True)
            first = EmbeddedPostgres(unfinished, SERVER_OPTIONS)
            first.start()
            try:
                asyncio.run(_fill_template(first.url()))
            finally:
                first.stop()
            unfinished.rename(made)

    def copy(folder: Path) -> None:
        subprocess.run(["cp", "--archive", made, folder], check=True)

    return copy


async def _fill_template(url: str) -> None:
    await migrate(url)
    await _fill_calendar(url)


async def _fill_calendar(url: str) -> None:
    """As the first start of an app does: half a second that no test needs to wait for."""
    connection = await asyncpg.connect(url)
    await calendar.sync_calendar(connection)
    await connection.close()


@pytest.fixture(scope="session")
def copies(server: EmbeddedPostgres, template_database: str) -> Iterator[Copies]:
    made = Copies(server.url("postgres"), template_database)
    yield made
    made.close()


@pytest.fixture
async def database_url(server: EmbeddedPostgres, copies: Copies) -> AsyncIterator[str]:
    """URL of an empty, migrated database of this test alone."""
    name = await copies.take()
    yield server.url(name)
    copies.drop(name)


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection of the test's own to its database."""
    opened = await asyncpg.connect(database_url)
    await prepare_connection(opened)
    yield opened
    await opened.close()


@pytest.fixture
def settings(database_url: str) -> Settings:
    return make_settings(database_url)


def make_settings(database_url: str, **changes: object) -> Settings:
    """Settings of a test's app; `changes` are Settings' fields."""
    values = {"load_poll_seconds": 0.2, "database_pool_size": 5} | changes
    return Settings(database_url=database_url, jwt_secret_key=SECRET, **values)  # type: ignore[arg-type]


@asynccontextmanager
async def running_app(settings: Settings) -> AsyncIterator[FastAPI]:
    """The app with its lifespan: pool and all; its workers begin with the first load."""
    app = create_app(settings)
    share_compiled_routes(app)
    async with AsyncExitStack() as stack:
        with workers_begin_with_a_load(app):
            await stack.enter_async_context(app.router.lifespan_context(app))
        yield app


@pytest.fixture
async def app(settings: Settings) -> AsyncIterator[FastAPI]:
    async with running_app(settings) as running:
        yield running


ClientAs = Callable[[str], Awaitable[httpx.AsyncClient]]


def client_of(app: FastAPI, token: str | None = None) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers)


@pytest.fixture
async def anonymous(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app) as client:
        yield client


@pytest.fixture
async def client_as(app: FastAPI, connection: asyncpg.Connection) -> AsyncIterator[ClientAs]:
    """`await client_as("viewer")`: a client whose user was written straight into the database."""
    clients: list[httpx.AsyncClient] = []

    async def make(role: str) -> httpx.AsyncClient:
        name = f"{role}-{uuid.uuid4().hex[:8]}"
        insert = "INSERT INTO users (username, email, password_hash, role) VALUES ($1, $2, '!', $3) RETURNING id"
        user_id = await connection.fetchval(insert, name, f"{name}@example.com", role)
        clients.append(client_of(app, issue_access_token(app.state.token_key, user_id)))
        return clients[-1]

    yield make
    for client in clients:
        await client.aclose()


@pytest.fixture
async def client(client_as: ClientAs) -> httpx.AsyncClient:
    """A client with the role analyst, which reads and writes data."""
    return await client_as("analyst")


@pytest.fixture
async def service_url(app: FastAPI) -> AsyncIterator[str]:
    """The app of this test behind a real socket, for what runs in a process of its own."""
    async with listening(app) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def locally(database_url: str) -> Run:
    """Runs a command on this test's database, with no service running."""

    async def run(*words: object, **environment: str) -> Outcome:
        ours = {"DATABASE_URL": database_url, "JWT_SECRET_KEY": SECRET}
        return await run_command(*words, **ours | environment)

    return run


@pytest.fixture
async def account(anonymous: httpx.AsyncClient) -> str:
    answer = await anonymous.post(
        "/v1/auth/register", json={"username": "ana", "email": "ana@example.com", "password": PASSWORD}
    )
    assert answer.status_code == 201
    return "ana"
