"""The parts of an Office document: XML in a zip, with relations between them (ECMA-376, part 2)."""

import posixpath
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, BinaryIO
from xml.parsers import expat

from .protocol import Refused

PIECE = 256 * 1024
MOST_BYTES_OF_A_SMALL_PART = 16 * 1024 * 1024

BROKEN = "The workbook is broken: open it in Excel, let it be repaired, and save it again as .xlsx."
ENCRYPTED = "The workbook is protected by a password. Take the password off, and send it again."

Attributes = dict[str, str]
OnStart = Callable[[str, Attributes], None]


class Package:
    """`most_bytes`: of all its parts together, unpacked; zipfile holds a part to the size that it names."""

    def __init__(self, file: BinaryIO, most_bytes: int) -> None:
        with broken_zip_refused():
            self._zip = zipfile.ZipFile(file)
        self.names = {entry.filename.lower(): entry for entry in self._zip.infolist()}
        if any(entry.flag_bits & 1 for entry in self.names.values()):
            raise Refused(ENCRYPTED)
        if sum(entry.file_size for entry in self.names.values()) > most_bytes:
            raise Refused(
                f"The workbook is larger than this service takes: {most_bytes} bytes, unpacked.", too_large=True
            )

    def __contains__(self, name: str) -> bool:
        return name.lower() in self.names

    def part(self, name: str) -> IO[bytes]:
        entry = self.names.get(name.lower())
        if entry is None or entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise Refused(BROKEN)
        return self._zip.open(entry)

    def elements(self, name: str) -> Iterator[tuple[str, Attributes]]:
        """(local name, attributes with local names) of each element of a small part, in order."""
        if name in self and self.names[name.lower()].file_size > MOST_BYTES_OF_A_SMALL_PART:
            raise Refused(BROKEN)
        found: list[tuple[str, Attributes]] = []
        parser = new_parser(lambda n, a: found.append((local(n), {local(key): value for key, value in a.items()})))
        for _ in fed(parser, self, name):
            pass
        yield from found

    def relations(self, name: str) -> list[tuple[str, str, str]]:
        """(id, last word of the type, part) of what a part refers to inside the package; of the package itself: ""."""
        folder, base = posixpath.split(name)
        rels = posixpath.join(folder, "_rels", f"{base}.rels")
        if rels not in self:
            return []
        return [
            (found.get("Id", ""), found.get("Type", "").rsplit("/", 1)[-1], _target(folder, found.get("Target", "")))
            for element, found in self.elements(rels)
            if element == "Relationship" and found.get("TargetMode") != "External"
        ]


def _target(folder: str, target: str) -> str:
    return posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")


def local(name: str) -> str:
    return name.rsplit(":", 1)[-1]


@contextmanager
def broken_zip_refused() -> Iterator[None]:
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, OSError, NotImplementedError, RuntimeError):
        raise Refused(BROKEN) from None


def new_parser(on_start: OnStart) -> expat.XMLParserType:
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = on_start
    parser.StartDoctypeDeclHandler = _refuse_document_type
    return parser


def _refuse_document_type(*_: object) -> None:
    """No program writes one into a workbook; entities in it could be made to swell."""
    raise Refused(BROKEN)


LONGEST_TAG = 4 * 1024 * 1024
"""Of a tag, a comment or the like, bytes. The parser begins anew with one at each piece until it has its end."""


def fed(parser: expat.XMLParserType, package: Package, name: str) -> Iterator[None]:
    """Feeds a part to a parser, a piece at a time."""
    with package.part(name) as part:
        ended, taken = False, 0
        while not ended:
            with broken_zip_refused():
                piece = part.read(PIECE)
            ended, taken = not piece, taken + len(piece)
            try:
                parser.Parse(piece, ended)
            except expat.ExpatError as error:
                if error.code == expat.errors.codes[expat.errors.XML_ERROR_NO_MEMORY]:
                    raise MemoryError from None
                raise Refused(BROKEN) from None
            if taken - parser.CurrentByteIndex > LONGEST_TAG:
                raise Refused(BROKEN)
            yield
