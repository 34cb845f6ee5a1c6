"""The command line without its imports: one process has done them, and becomes each command that is asked for.

`python -m logistics_indicators` takes a second of a core to begin with, and a run of the tests does so a hundred times.
"""

import atexit
import gc
import importlib
import json
import os
import pkgutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache

REQUEST_BYTES = 2**18


class Nursery:
    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._process = subprocess.Popen(
            [sys.executable, __file__, str(theirs.fileno())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
        )
        theirs.close()
        atexit.register(self._end)

    def _end(self) -> None:
        self._socket.close()
        self._process.wait()

    def bear(self, words: Sequence[str], environment: Mapping[str, str], cwd: str, *ends: int) -> int:
        """`python -m logistics_indicators WORDS` in a session of its own; ends: its input, its output, its errors.

        A pipe that says its process id in a line, and its exit code in another once it has ended.
        """
        request = json.dumps([list(words), dict(environment), cwd]).encode()
        told, tells = os.pipe()
        socket.send_fds(self._socket, [request], [*ends, tells])
        os.close(tells)
        return told


@cache
def shared_nursery() -> Nursery:
    """One for each process of tests."""
    return Nursery()


# -- in the nursery's own process --------------------------------------------------------------------------


def wait_for_births(asked: socket.socket) -> None:
    """Comes back in a process that is born, to be the command."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        request, descriptors, *_ = socket.recv_fds(asked, REQUEST_BYTES, 4)
        if not request:
            sys.exit()
        if not os.fork():
            asked.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            *ends, tells = descriptors
            if child := os.fork():
                watch_over(child, ends, tells)
            os.close(tells)
            words, environment, cwd = json.loads(request)
            become(words, environment, cwd, ends)
            return
        for descriptor in descriptors:
            os.close(descriptor)


def watch_over(child: int, ends: Sequence[int], tells: int) -> None:
    for end in ends:
        os.close(end)
    with suppress(OSError):  # whoever asked may be gone
        os.write(tells, b"%d\n" % child)
        os.write(tells, b"%d\n" % os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    os._exit(0)


def become(words: Sequence[str], environment: Mapping[str, str], cwd: str, ends: Sequence[int]) -> None:
    os.setsid()
    for number, end in enumerate(ends):
        os.dup2(end, number)
        os.close(end)
    # Those that there are know whether what they were opened for could be sought in.
    sys.stdin, sys.stdout = open(0), open(1, "w")  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, errors="backslashreplace")  # noqa: SIM115
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    sys.argv[1:] = words


if __name__ == "__main__":
    from logistics_indicators import app, cli, client  # noqa: F401
    from logistics_indicators.__main__ import main

    for module in pkgutil.iter_modules(client.__path__):
        importlib.import_module(f"{client.__name__}.{module.name}")
    gc.freeze()  # a collection would write to each object, and so make the born one a copy of it all
    wait_for_births(socket.socket(fileno=int(sys.argv[1])))
    main()
