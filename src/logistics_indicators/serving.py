"""What surrounds a run of the service: the checks before it, and the lines that say where it answers."""

import sys
import threading
import time
import urllib.error
import urllib.request

from pydantic import ValidationError

from .embedded import EmbeddedPostgres, EmbeddedServerError
from .settings import Settings

ANNOUNCE_SECONDS = 120
"""How long a start is waited for before nothing is announced any more."""

NEXT_STEP = (
    "Next: POST /v1/auth/register makes your account (the first one is the admin); then send files to\n"
    "/v1/customers/batch and /v1/services/batch. The tour is in README.md. Ctrl-C stops the service.\n"
)


class CannotServe(Exception):
    """The service cannot start as it is configured; the message says what to do."""


def check_before_serving() -> Settings:
    """The settings of the environment; raises CannotServe with a sentence where they are no good."""
    try:
        settings = Settings()
        if settings.embedded:
            EmbeddedPostgres(settings.data_dir).claim_folder()
    except ValidationError as error:
        raise CannotServe("\n".join(_sentence(list(e["loc"]), e["msg"]) for e in error.errors())) from error
    except (EmbeddedServerError, OSError) as error:
        raise CannotServe(str(error)) from error
    return settings


def _sentence(loc: list[str | int], message: str) -> str:
    message = message.removeprefix("Value error, ")
    return f"{str(loc[0]).upper()}: {message}" if loc else message


def announce_when_ready(host: str, port: int) -> None:
    """Print where the service answers as soon as it does, from a thread that ends with the process."""
    threading.Thread(target=_announce, args=(_origin(host, port),), daemon=True).start()


def _origin(host: str, port: int) -> str:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 (nothing is bound here)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _announce(origin: str) -> None:
    deadline = time.monotonic() + ANNOUNCE_SECONDS
    while time.monotonic() < deadline:
        if _answers(f"{origin}/v1/health"):
            page = f"page: {origin}/  " if _answers(f"{origin}/") else ""
            sys.stderr.write(f"\nLogistics Indicators answers.  {page}API and its docs: {origin}/docs\n{NEXT_STEP}\n")
            return
        time.sleep(0.2)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 (our own http URL)
            return bool(answer.status == 200)
    except (OSError, urllib.error.HTTPError):
        return False
