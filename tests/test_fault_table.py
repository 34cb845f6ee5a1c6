"""docs/operations.md says of each fault what is lost, and which test shows it."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]


def rows() -> list[list[str]]:
    table = (
        (ROOT / "docs/operations.md").read_text().partition("| Fault | What users see | What is lost | Shown by |")[2]
    )
    lines = table.partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def test_each_fault_names_tests_that_are_there() -> None:
    assert len(rows()) > 10
    for row in rows():
        assert len(row) == 4, row
        named = re.findall(r"`([\w/.]+)`", row[3])
        assert named or row[3].startswith("not shown: "), row
        assert all((ROOT / "tests" / name).exists() or (ROOT / name).exists() for name in named), row
