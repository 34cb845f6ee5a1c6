"""The reading process: a file in, records of CSV out, within bounds that it cannot raise again."""

import contextlib
import os
import resource
import sys
from collections.abc import Callable, Iterator
from typing import BinaryIO

from ...priority import give_way
from . import ndjson, parquet, workbook
from .protocol import OUT_OF_MEMORY, REFUSED, Refused, Request

READERS: dict[str, Callable[[BinaryIO, Request], Iterator[bytes]]] = {
    "xlsx": workbook.read,
    "ndjson": ndjson.read,
    "parquet": parquet.read,
}
RESERVING = {"parquet"}
"""Forms whose reader takes address space that it never fills: what it fills is bounded there."""


def main() -> int:
    request = Request.from_json(sys.argv[1])
    _bound(request)
    give_way()
    try:
        with open(0, "rb", closefd=False) as file, open(1, "wb", closefd=False) as out:
            for piece in READERS[request.form](file, request):
                out.write(piece)
    except Refused as refused:
        print(refused.refusal.as_json(), file=sys.stderr, flush=True)
        return REFUSED
    except MemoryError:
        return OUT_OF_MEMORY
    return 0


def _bound(request: Request) -> None:
    """It writes no file, leaves no core, and has no more memory or time."""
    bounds = [(resource.RLIMIT_FSIZE, 0, 0), (resource.RLIMIT_CORE, 0, 0)]
    bounds.append((resource.RLIMIT_CPU, request.seconds, request.seconds + 1))  # the first ends it by its own signal
    if sys.platform == "linux":  # elsewhere the address space is no measure
        space = resource.RLIMIT_DATA if request.form in RESERVING else resource.RLIMIT_AS
        bounds.append((space, request.memory, request.memory))
    for bound, soft, hard in bounds:
        now = resource.getrlimit(bound)[1]
        most = hard if now == resource.RLIM_INFINITY else min(hard, now)
        resource.setrlimit(bound, (min(soft, most), most))


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):  # nobody reads on
        os._exit(main())
