"""docs/architecture.md and CONTRIBUTING.md say what is so: the folders, who imports whom, the files that they name."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src/logistics_indicators"
PAGE = (ROOT / "docs/architecture.md").read_text()
FOLDERS = {file.parent.name for file in PACKAGE.glob("*/__init__.py")}
ABOVE_THE_FOLDERS = {"app.py", "cli.py"}
"""The modules at the root that may import folders."""

NAMING_FILES = [ROOT / "CONTRIBUTING.md", ROOT / "docs/architecture.md", *sorted((ROOT / "docs/adr").glob("*.md"))]


@cache
def imported_by(file: Path) -> set[str]:
    """The folders of ours that a file imports from, its own left out."""
    here = file.relative_to(PACKAGE).parts[:-1]
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom):
            if not node.level and (node.module or "").split(".")[0] != PACKAGE.name:
                continue  # http.client is no folder of ours
            up = here[: len(here) - node.level + 1]
            named = tuple((node.module or "").split("."))
            if not node.level and named[0] != PACKAGE.name:  # as http.client
                continue
            module = (*up, *named) if node.level else named[1:]
            found |= {module[0]} if module and module[0] else {alias.name for alias in node.names}
    return (found & FOLDERS) - set(here)


def imports() -> set[tuple[str, str]]:
    return {
        (folder, other)
        for folder in FOLDERS
        for file in (PACKAGE / folder).rglob("*.py")
        for other in imported_by(file)
    }


def test_the_diagram_has_every_folder_and_every_import_between_two_and_no_other() -> None:
    (diagram,) = re.findall(r"```mermaid\n(.*?)```", PAGE, re.DOTALL)
    assert set(re.findall(r"^ +(\w+) --> (\w+)$", diagram, re.MULTILINE)) == imports()
    assert set(re.findall(r"\w+", diagram.partition("\n")[2])) == FOLDERS


def test_every_folder_has_a_line_on_the_page() -> None:
    assert set(re.findall(r"^\| `(\w+)` \| .+ \|$", PAGE, re.MULTILINE)) == FOLDERS


@pytest.mark.parametrize("folder", sorted(FOLDERS))
def test_a_folder_says_what_it_is_for_and_imports_what_it_says(folder: str) -> None:
    sentence = ast.get_docstring(ast.parse((PACKAGE / folder / "__init__.py").read_text())) or ""
    _, found, allowed = sentence.partition("May import ")
    assert found
    used = {other for name, other in imports() if name == folder}
    assert "everything" in allowed or used == FOLDERS & set(re.findall(r"\w+", re.sub(r"\(.*?\)", "", allowed)))


def test_the_modules_at_the_root_that_import_folders_are_those_that_the_page_names() -> None:
    assert {file.name for file in PACKAGE.glob("*.py") if imported_by(file)} == ABOVE_THE_FOLDERS
    assert all(f"`{name}`" in PAGE for name in ABOVE_THE_FOLDERS)


def named_files() -> list[tuple[str, str]]:
    names = ((page, name) for page in NAMING_FILES for name in re.findall(r"`([\w./-]+)`", page.read_text()))
    return [(page.name, name) for page, name in names if re.search(r"/|\.(py|md|toml)$", name) and name != "bin/"]


@pytest.mark.parametrize(("page", "name"), sorted(set(named_files())))
def test_a_file_that_is_named_is_there(page: str, name: str) -> None:
    assert (ROOT / name).exists() or (PACKAGE / name).exists() or name == "frequency_lists.py"
