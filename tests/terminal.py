"""The command line in a terminal: what a person sees there, and types at a prompt."""

import os
import pty
import sys
from typing import NamedTuple


class Seen(NamedTuple):
    code: int
    shown: str


def in_a_terminal(words: tuple[object, ...], prompt: str, typed: bytes, **environment: str) -> Seen:
    """Blocks. `typed` goes to the first prompt that ends so; \\x03 is Ctrl-C."""
    command = [sys.executable, "-m", "logistics_indicators", *map(str, words)]
    clean = {k: v for k, v in os.environ.items() if not k.startswith("LOGISTICS_")}
    child, terminal = pty.fork()
    if not child:
        os.execvpe(command[0], command, clean | environment)
    said = b""
    with os.fdopen(terminal, "r+b", buffering=0) as screen:
        while not said.decode(errors="replace").endswith(prompt):
            said += screen.read(1000)
        screen.write(typed)
        try:
            while piece := screen.read(1000):
                said += piece
        except OSError:  # so a terminal of Linux tells of its end
            pass
    return Seen(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), said.decode())
