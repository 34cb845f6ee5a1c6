"""The demo's two files: the same bytes wherever and whenever they are made."""

from pathlib import Path

from ..loads.kinds import Kind
from .generating import UNKNOWN_CUSTOMERS_FROM, main

ROWS = 20_000
MADE_LIKE = ("--angels", "60", "--polos", "16", "--dirty", "0.001", "--seed", "7")


def make_files(folder: Path, rows: int = ROWS) -> list[tuple[Path, Kind]]:
    """So many visits and their customers; a few rows are bad, as they are in real files."""
    services, customers = folder / "services.csv", folder / "customers.csv"
    main(["services", "--rows", str(rows), *MADE_LIKE, "--output", str(services)])
    known = str(UNKNOWN_CUSTOMERS_FROM)
    main(["customers", "--from", str(services), "--below", known, "--output", str(customers)])
    return [(customers, Kind.customers), (services, Kind.services)]
