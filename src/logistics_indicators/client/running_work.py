"""Runs what a command does with the service: signed in, and with a failure told in one sentence."""

import asyncio
import os
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager

import httpx
from rich.console import Console
from rich.text import Text

from .. import interrupted
from .connecting import ServiceError, remote_service, with_token
from .inert import inert
from .prompts import ask_for, ask_secret
from .service_options import Service, Work

REJECTED = 1
FAILED = 2

errors = Console(stderr=True, soft_wrap=True, highlight=False)


def run_work(service: Service, work: Work, *, reading: bool = False) -> int:
    """The exit code. reading: on this machine's own data, a service that cannot write."""

    async def run() -> int:
        async with client_of(service, reading=reading) as client:
            return await work(client) or 0

    return outcome_of(lambda: asyncio.run(run()))


def outcome(work: Callable[[], Coroutine[None, None, int]]) -> int:
    """As outcome_of; the work tells by itself where it is interrupted."""
    try:
        return outcome_of(lambda: asyncio.run(work()))
    except KeyboardInterrupt:
        return interrupted.EXIT_CODE


def outcome_of(work: Callable[[], int]) -> int:
    """The exit code; a failure is one sentence, not a traceback. Of KeyboardInterrupt the program tells."""
    try:
        return work()
    except BrokenPipeError:  # whoever read our output has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0
    except (ServiceError, OSError, httpx.HTTPError) as error:
        errors.print(Text.assemble(("Error:", "red"), " ", inert(error) or type(error).__name__))
        return FAILED


def client_of(service: Service, *, reading: bool = False) -> AbstractAsyncContextManager[httpx.AsyncClient]:
    if service.url is not None and service.data_dir is not None:
        raise ServiceError(
            "--data-dir names data of this machine, and --url (or LOGISTICS_URL) a service with data of its own: give "
            "one of them."
        )
    if service.url is None:
        from .local_service import local_service  # the whole service: a client of another one needs none of it

        return local_service(service.data_dir, reading=reading)
    if service.token and not service.username:
        return with_token(service.url, service.token)
    username = service.username or ask_for("Username", "--username, LOGISTICS_USERNAME or LOGISTICS_TOKEN")
    password = service.password or ask_secret(f"Password of {username}", "LOGISTICS_PASSWORD or LOGISTICS_TOKEN")
    return remote_service(service.url, username, password)
