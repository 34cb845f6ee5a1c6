#!/usr/bin/env python3
"""How long a backup of a filled database takes, and its restore into a new folder with all sums compared.

Prints seconds and sizes. Exits with 1 where an indicator is not what the visits say.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data_dir", type=Path, help="the folder of an embedded database; nothing in it is changed")
    data_dir = parser.parse_args().data_dir
    with tempfile.TemporaryDirectory(prefix="li-restore-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL's own user has to reach it where root runs this
        dump = folder / "logistics.dump"
        backup, seconds = run("backup", dump, data_dir=data_dir)
        print(f"backup: {seconds:.1f} s, {backup['bytes']:,} bytes")
        restored, seconds = run("restore", dump, "--verify", data_dir=folder / "data")
        found = f"{restored['visits']:,} visits, {restored['differences']} differences"
        print(f"restored and verified: {seconds:.1f} s, {found} (load of the machine: {os.getloadavg()[0]:.1f})")
    return 1 if restored["differences"] else 0


def run(*words: object, data_dir: Path) -> tuple[dict[str, int], float]:
    """(its answer, the seconds it took)"""
    command = [sys.executable, "-m", "logistics_indicators", *map(str, words), "--data-dir", str(data_dir), "--json"]
    began = time.monotonic()
    ended = subprocess.run(command, stdout=subprocess.PIPE, check=False)
    if ended.returncode > 1:
        sys.exit(ended.returncode)
    return json.loads(ended.stdout), time.monotonic() - began


if __name__ == "__main__":
    sys.exit(main())
