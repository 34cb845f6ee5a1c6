"""What surrounds a run of the service: the checks before it, and the lines that say where it answers."""

import asyncio
import contextlib
import ipaddress
import multiprocessing
import os
import signal
import socket
import sys
import threading
import time
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import uvicorn
from pydantic import ValidationError
from uvicorn.supervisors import ChangeReload, Multiprocess

from ..settings import Settings
from .embedded import EmbeddedPostgres, EmbeddedServerError
from .secrets_folder import UnusableSecret, check_stored_secret

ANNOUNCE_SECONDS = 120
"""How long a start is waited for before nothing is announced any more."""

STARTUP_FAILURE = 3
"""uvicorn's exit code, of a worker too."""

LOADING = (
    "send files to\n/v1/customers/batch and /v1/services/batch. The tour is in README.md. Ctrl-C stops the service.\n"
)
REGISTER = (
    "Next: open the page. It makes your account (the first one is the admin) and takes your files.\n"
    f"Without a browser: POST /v1/auth/register; then {LOADING}"
)
SIGN_IN = f"Next: sign in on the page.\nWithout a browser: POST /v1/auth/login; then {LOADING}"


class CannotServe(Exception):
    """The service cannot start as it is configured; the message says what to do."""


def use_data_dir(data_dir: Path | None) -> None:
    """An option of the command line outweighs the environment; worker processes inherit the latter."""
    if data_dir is not None:
        os.environ["DATA_DIR"] = str(data_dir.expanduser().absolute())


def check_before_serving(*, anew: bool = True) -> Settings:
    """The settings of the environment; raises CannotServe with a sentence where they are no good.

    anew: the embedded database may be made anew; a mistyped folder has none.
    """
    try:
        settings = Settings()
        if settings.embedded:
            server = EmbeddedPostgres(settings.data_dir)
            if not (anew or server.is_made):
                raise CannotServe(f"There is no database in {settings.data_dir}: --data-dir names the folder of one.")
            server.claim_folder()
            check_stored_secret(settings)
    except ValidationError as error:
        raise CannotServe("\n".join(_sentence(list(e["loc"]), e["msg"]) for e in error.errors())) from error
    except (EmbeddedServerError, UnusableSecret, OSError) as error:
        raise CannotServe(str(error)) from error
    return settings


def _sentence(loc: list[str | int], message: str) -> str:
    message = message.removeprefix("Value error, ")
    return f"{str(loc[0]).upper()}: {message}" if loc else message


def run_service(config: uvicorn.Config, sockets: list[socket.socket]) -> None:
    """Until it is told to end; the exit code tells a service that could not start, also one of several processes."""
    with contextlib.suppress(KeyboardInterrupt):
        if config.should_reload:
            ChangeReload(config, uvicorn.Server(config).run, sockets).run()
            started = True  # a start that failed waits for the change that mends it
        elif config.workers > 1:
            supervisor = Multiprocess(config, sockets)
            supervisor.run()
            started = all(process.exitcode != STARTUP_FAILURE for process in supervisor.processes)
        else:
            config.load_app()
            server = uvicorn.Server(config)
            server.run(sockets)
            started = server.started
        if not started:
            sys.exit(STARTUP_FAILURE)


def end_well_on_sigterm() -> None:
    """uvicorn, once it has ended gracefully, raises the signal again: then the exit code is to say that all is well."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))


def announce_when_ready(host: str, port: int, settings: Settings) -> None:
    """Print where the service answers as soon as it does, from a thread that ends with the process."""
    threading.Thread(target=_announce, args=(origin_of(host, port), settings), daemon=True).start()


def origin_of(host: str, port: int) -> str:
    """URL of a service that listens on `host`; one that listens everywhere is on this machine too.

    Never by a name: `localhost` may lead to another family's address, where somebody else answers.
    """
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return f"http://{host}:{port}"
    if address.is_unspecified:
        return f"http://[::1]:{port}" if address.version == 6 else f"http://127.0.0.1:{port}"
    return f"http://[{host}]:{port}" if address.version == 6 else f"http://{host}:{port}"


def wait_until_ready(origin: str, seconds: float = ANNOUNCE_SECONDS) -> bool:
    """False where the service is not healthy after so long."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if _answers(f"{origin}/v1/health"):
            return True
        time.sleep(0.3)
    return False


def places(origin: str) -> str:
    """A line that names what a person can open."""
    page = f"Page: {origin}/  " if _answers(f"{origin}/") else ""
    return f"Logistics Indicators answers.  {page}API and its docs: {origin}/docs"


def _announce(origin: str, settings: Settings) -> None:
    if wait_until_ready(origin):
        step = SIGN_IN if asyncio.run(accounts_exist(settings)) else REGISTER
        sys.stderr.write(f"\n{places(origin)}\n{step}\n")


async def accounts_exist(settings: Settings) -> bool:
    """Asked of the database: over HTTP one would have to make an account to see whether it is the first."""
    url = EmbeddedPostgres(settings.data_dir).url() if settings.embedded else settings.direct_url()
    connection = await asyncpg.connect(url)
    try:
        return bool(await connection.fetchval("SELECT EXISTS (SELECT FROM users)"))
    finally:
        await connection.close()


def _answers(url: str) -> bool:
    """Without the command line's client, which takes 7 MB: this runs in the service's own process."""
    place = urlsplit(url)
    connection = HTTPConnection(place.hostname or "", place.port, timeout=5)
    try:
        connection.request("GET", place.path)
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def end_with_parent() -> None:
    """Of one of several workers: it ends as on SIGTERM once the process that started it is gone, however it went."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    loop = asyncio.get_running_loop()

    def parent_is_gone() -> None:
        loop.remove_reader(parent.sentinel)
        os.kill(os.getpid(), signal.SIGTERM)

    loop.add_reader(parent.sentinel, parent_is_gone)
