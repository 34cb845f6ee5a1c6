"""Long work gives way: loads, merges and large answers take the processor time that quick requests leave.

Where threads have no priority of their own (they do on Linux), all share alike.
"""

import contextlib
import os
import sys
from concurrent.futures import ThreadPoolExecutor

NICENESS = 10
"""Of 19: about a tenth of what a request gets, where both want the same processor."""


def give_way(process: int = 0) -> None:
    """Of a process or thread of this machine, by its id; 0 is the calling thread."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, process, NICENESS)


def spare_processes() -> int:
    """Of PostgreSQL, that may help a statement of long work: they do not give way themselves, so half of the
    processors are left to requests. Two indexes are built at a time."""
    return max(0, (os.cpu_count() or 1) // 2 - 2)


def threads_that_give_way() -> ThreadPoolExecutor:
    """For asyncio.to_thread: quick requests do without it."""
    return ThreadPoolExecutor(thread_name_prefix="long-work", initializer=give_way)
