"""Runs the command line as a person does: in a process of its own."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

PASSWORD = "a long password of the tests"


@dataclass
class Outcome:
    code: int
    out: str
    err: str


Run = Callable[..., Awaitable[Outcome]]


async def run_command(*words: object, **environment: str) -> Outcome:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("LOGISTICS_", "DATABASE_", "POSTGRES_", "JWT_"))}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "logistics_indicators",
        *map(str, words),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=clean | {"COLUMNS": "200"} | environment,
    )
    out, err = await asyncio.wait_for(process.communicate(), 120)
    assert process.returncode is not None
    return Outcome(process.returncode, out.decode(), err.decode())
