"""docs/errors.md has every status that the service answers, under its title."""

import inspect
import re
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

from logistics_indicators.app import create_app
from logistics_indicators.errors import Problem, phrase_of
from logistics_indicators.listening import protocol
from logistics_indicators.settings import Settings

ROWS = dict(re.findall(r"^\| (\d{3}) ([^|]+?) \| \S", (Path(__file__).parents[1] / "docs/errors.md").read_text(), re.M))


def kinds(problem: type[Problem]) -> Iterator[type[Problem]]:
    yield problem
    for kind in problem.__subclasses__():
        yield from kinds(kind)


def answered() -> set[int]:
    """By the classes of errors, by the document, and by what the protocol answers before a request is one; 405 has no
    class."""
    document = create_app(Settings()).openapi()
    statuses = {s for item in document["paths"].values() for o in item.values() for s in o["responses"] if s >= "400"}
    early = {int(HTTPStatus[name]) for name in re.findall(r"_fail\(HTTPStatus\.(\w+)", inspect.getsource(protocol))}
    assert 505 in early
    return {int(kind.status) for kind in kinds(Problem)} | {int(s) for s in statuses - {"default"}} | early | {405}


def test_every_error_stands_on_the_page_under_its_title() -> None:
    assert {int(status) for status in ROWS} == answered()
    for status, title in ROWS.items():
        assert title == phrase_of(int(status))
