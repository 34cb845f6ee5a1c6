"""A workbook's texts, which its cells name by number."""

import re
from array import array
from xml.parsers import expat

from .package import BROKEN, Attributes, Package, fed, local, new_parser
from .protocol import Refused
from .records import cell

ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
LONGEST_TEXT = 70_000
"""Characters: more than a cell of Excel holds, and than a row may have here. What follows is left out."""


def unescaped(text: str) -> str:
    """`_x000D_` stands for a character that XML does not have, or not well."""
    if "_x" not in text:
        return text
    return (
        ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
        .encode("utf-16", "surrogatepass")
        .decode("utf-16", "replace")
    )


class Texts:
    """As they stand in a record. Packed: a million of them take little more than their letters."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._ends = array("Q", [0])

    def add(self, text: str) -> None:
        self._bytes += cell(unescaped(text)).encode()
        self._ends.append(len(self._bytes))

    def __getitem__(self, index: int) -> str:
        if not 0 <= index < len(self._ends) - 1:
            raise Refused(BROKEN)
        return self._bytes[self._ends[index] : self._ends[index + 1]].decode()


def shared_texts(package: Package, name: str | None) -> Texts:
    texts = Texts()
    if name:
        parser = new_parser(lambda element, attributes: None)
        _SharedTexts(parser, texts)
        for _ in fed(parser, package, name):
            pass
    return texts


class _SharedTexts:
    """A text may come in runs, each in a font; how it is spoken (`rPh`) is no part of it."""

    def __init__(self, parser: expat.XMLParserType, texts: Texts) -> None:
        self._texts = texts
        self._runs: list[str] = []
        self._length = 0
        self._taking = self._spoken = False
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._data

    def _start(self, name: str, attributes: Attributes) -> None:
        name = local(name)
        if name == "t":
            self._taking = not self._spoken
        elif name == "rPh":
            self._spoken = True
        elif name == "si":
            self._runs, self._length = [], 0

    def _end(self, name: str) -> None:
        name = local(name)
        if name == "t":
            self._taking = False
        elif name == "rPh":
            self._spoken = False
        elif name == "si":
            self._texts.add("".join(self._runs))

    def _data(self, text: str) -> None:
        if self._taking and self._length < LONGEST_TEXT:
            self._runs.append(text)
            self._length += len(text)
