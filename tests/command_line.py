"""Runs the command line as a person does: in a process of its own."""

import asyncio
import os
import sys
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

PASSWORD = "a long password of the tests"
STATE = {"XDG_STATE_HOME": str(Path(tempfile.gettempdir(), "logistics-indicators-tests"))}


@dataclass
class Outcome:
    code: int
    out: str
    err: str


Run = Callable[..., Awaitable[Outcome]]


async def run_command(*words: object, **environment: str) -> Outcome:
    return await pipe_into(None, *words, **environment)


async def pipe_into(stdin: bytes | None, *words: object, **environment: str) -> Outcome:
    """In a session of its own, so that there is no terminal to ask."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("LOGISTICS_", "DATABASE_", "POSTGRES_", "JWT_"))}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "logistics_indicators",
        *map(str, words),
        stdin=asyncio.subprocess.DEVNULL if stdin is None else asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
        env=clean | {"COLUMNS": "80"} | STATE | environment,
    )
    out, err = await asyncio.wait_for(process.communicate(stdin), 120)
    assert process.returncode is not None
    return Outcome(process.returncode, out.decode(), err.decode())
