"""docs/glossary.md explains every name on the wire that is not plain English, and no name that is not there."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from logistics_indicators.app import create_app
from logistics_indicators.documentation.words import IN_PORTUGUESE
from logistics_indicators.settings import Settings

PAGE = (Path(__file__).parents[1] / "docs/glossary.md").read_text()
EXPLAINED = {name for cell in re.findall(r"^\| (`[^|]+) \|", PAGE, re.M) for name in re.findall("`([^`]+)`", cell)}
OF_THE_TRADE = {"atendimento", "atrasado", "carga", "cliente", "dia útil", "em aberto", "estado", "feriado", "prazo"}
"""Said by people and by the page at /; not a name on the wire."""
IN_FILES_ALONE = {"id_atendimento"}

ENGLISH = """
access account act action active added address addresses after angels as at audit before block bucket by bytes
cells changed changes checksum column columns confirms conflict cores counts cpu created current cursor customer
data database date dates day days delimiter desc detail differences disk drop dropped drops edits effect email
embedded encoding end error errors everywhere examples expected expires field fields file filename finished
first for format found groups hand happened header id idempotency if ignored in inserted key kind last late left
length level limit line load loads loc machine match max meant memory mend mended mends message metadata metric
min moved msg name new none of offset on only open optional os password per percent period polo polos preset presets
processor progress read reason received refresh registration rejected rejects release removed reopen reopened
request reset resumable revoke role row rows rule safe scope scopes second service set settled sha256 sheet
since sort source start started state status stored system time title token tokens tolerance top total touched
tus type unchanged unknown until update updated upload url usage used user username users validate value version
visits waiting warnings where writes zone
"""
PLAIN = set(ENGLISH.split())
"""A name made of these alone needs no glossary."""


def names() -> Iterator[str]:
    """Of the properties and the parameters of the whole document, wherever they stand."""

    def below(part: Any) -> Iterator[str]:
        if isinstance(part, dict):
            properties = part.get("properties")
            yield from properties if isinstance(properties, dict) else ()
            if "in" in part and "schema" in part:
                yield part["name"]
            for each in part.values():
                yield from below(each)
        elif isinstance(part, list):
            for each in part:
                yield from below(each)

    document = create_app(Settings()).openapi()
    yield from below({"paths": document["paths"], "schemas": document["components"]["schemas"]})


@pytest.fixture(scope="module")
def on_the_wire() -> set[str]:
    return set(names())


def is_plain(name: str) -> bool:
    return set(re.split("[-_]", name.lower())) <= PLAIN


def test_every_name_that_is_not_plain_english_is_in_the_glossary(on_the_wire: set[str]) -> None:
    assert {name for name in on_the_wire if not is_plain(name)} - EXPLAINED == set()


def test_the_glossary_explains_no_name_that_is_not_there(on_the_wire: set[str]) -> None:
    assert EXPLAINED - OF_THE_TRADE - IN_FILES_ALONE - on_the_wire == set()


def test_every_portuguese_name_that_the_document_describes_is_in_the_glossary() -> None:
    assert set(IN_PORTUGUESE) - EXPLAINED == set()
