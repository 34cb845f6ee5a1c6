"""docs/asvs.md answers every requirement of ASVS 5.0, levels 1 and 2, once, and what it names is there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROWS = re.findall(r"^\| ([\d., –]+) \| (met|not met|not ours) \| (.+) \|$", (ROOT / "docs/asvs.md").read_text(), re.M)
REQUIREMENTS = 253
PLACES = (ROOT, ROOT / "src/logistics_indicators", ROOT / "tests")


def ids(cell: str) -> list[str]:
    found = []
    for part in cell.split(", "):
        first, _, last = part.partition("–")
        section, _, number = first.rpartition(".")
        assert not last or last.rpartition(".")[0] == section, part
        found += [f"{section}.{n}" for n in range(int(number), int((last or first).rpartition(".")[2]) + 1)]
    return found


def files(text: str) -> list[str]:
    return re.findall(r"`([\w/.-]+\.(?:py|md|yaml|toml|js|lock))`", text)


def test_every_requirement_has_one_answer() -> None:
    found = [requirement for cell, _, _ in ROWS for requirement in ids(cell)]
    assert sorted(found) == sorted(set(found))
    assert len(found) == REQUIREMENTS


def test_what_is_met_names_where() -> None:
    settings = set(re.findall(r"^\| `([A-Z_]+)` \|", (ROOT / "README.md").read_text(), re.M))
    assert settings
    named = {cell: [*files(text), *settings.intersection(re.findall(r"`(\w+)`", text))] for cell, _, text in ROWS}
    assert [cell for cell, answer, _ in ROWS if answer == "met" and not named[cell]] == []


def test_the_files_that_the_answers_name_are_there() -> None:
    named = {name for _, _, text in ROWS for name in files(text)}
    assert named
    assert [name for name in sorted(named) if not any((place / name).exists() for place in PLACES)] == []


def test_the_settings_that_the_answers_name_are_there() -> None:
    """A name in capitals is a setting, or a constant of the source."""
    named = {name for _, _, text in ROWS for name in re.findall(r"`([A-Z]+(?:_[A-Z]+)+)`", text)}
    sources = "".join(path.read_text() for path in (ROOT / "src/logistics_indicators").rglob("*.py")).upper()
    assert named
    assert [name for name in sorted(named) if not re.search(rf"\b{name}\b", sources)] == []


def test_security_md_leads_there() -> None:
    assert "(docs/asvs.md)" in (ROOT / "SECURITY.md").read_text()
