#!/usr/bin/env python
"""How long `logistics-indicators --help` takes: the median of nine runs, and the processor time of one, as JSON."""

import json
import os
import statistics
import subprocess
import sys
import time

RUNS = 9
HELP = (sys.executable, "-m", "logistics_indicators", "--help")


def one_run() -> tuple[float, float]:
    """Seconds: (until it has ended, of the processor)."""
    began, before = time.perf_counter(), os.times()
    subprocess.run(HELP, stdout=subprocess.DEVNULL, check=True)
    now = os.times()
    used = now.children_user + now.children_system - before.children_user - before.children_system
    return time.perf_counter() - began, used


def main() -> None:
    one_run()  # the files are in memory then
    walls, used = zip(*(one_run() for _ in range(RUNS)), strict=True)
    print(json.dumps({"wall_s": round(statistics.median(walls), 3), "cpu_s": round(statistics.median(used), 3)}))


if __name__ == "__main__":
    main()
