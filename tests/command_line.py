"""Runs the command line as a person does: in a process of its own, which has imported already what it needs."""

import asyncio
import os
import sys
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from nursery import shared_nursery

PASSWORD = "a long password of the tests"
STATE = {"XDG_STATE_HOME": str(Path(tempfile.gettempdir(), "logistics-indicators-tests"))}


@dataclass
class Outcome:
    code: int
    out: str
    err: str


Run = Callable[..., Awaitable[Outcome]]


async def run_command(*words: object, **environment: str) -> Outcome:
    """In a session of its own, so that there is no terminal to ask."""
    (out, out_end), (err, err_end) = os.pipe(), os.pipe()
    nothing = os.open(os.devnull, os.O_RDONLY)
    ends = nothing, out_end, err_end
    told = shared_nursery().bear([*map(str, words)], clean_environment(environment), str(Path.cwd()), *ends)
    for end in ends:
        os.close(end)
    said = await asyncio.wait_for(asyncio.gather(*map(read_all, (told, out, err))), 120)
    return Outcome(int(said[0].split()[1]), *said[1:])


async def read_all(pipe: int) -> str:
    reader = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(pipe, "rb", 0)
    )
    try:
        return (await reader.read()).decode()
    finally:
        transport.close()


async def pipe_into(stdin: bytes | None, *words: object, **environment: str) -> Outcome:
    if stdin is None:
        return await run_command(*words, **environment)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "logistics_indicators",
        *map(str, words),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
        env=clean_environment(environment),
    )
    out, err = await asyncio.wait_for(process.communicate(stdin), 120)
    assert process.returncode is not None
    return Outcome(process.returncode, out.decode(), err.decode())


def clean_environment(environment: Mapping[str, str]) -> dict[str, str]:
    ours = ("LOGISTICS_", "DATABASE_", "POSTGRES_", "JWT_")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return clean | {"COLUMNS": "80"} | STATE | dict(environment)
