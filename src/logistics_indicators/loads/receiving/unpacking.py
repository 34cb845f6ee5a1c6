"""gzip and zip taken apart: a bounded piece at a time, however far a few bytes would swell, off the event loop."""

import asyncio
import struct
import zipfile
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

from ...errors import BadRequest, ContentTooLarge, Problem, Unprocessable, UnsupportedMediaType

UNPACK_PIECE = 256 * 1024
MOST_SMALL_MEMBERS = 1000
SMALL_MEMBER = 1024
"""A gzip may have one member more for each so many bytes that it holds: to begin a member costs as much as they do."""

MOST_ZIP_ENTRIES, LARGEST_ZIP_DIRECTORY = 1000, 1024 * 1024
MOST_TABLES = 100
TABLE_NAMES = (".csv", ".tsv", ".xlsx", ".ndjson", ".jsonl", ".parquet")
PARTS_OF_WORKBOOKS = (b"[Content_Types].xml", b"_rels/", b"docProps/", b"xl/")
CUT_WORKBOOK = "The workbook is broken: its end is missing, or damaged. Save it again, and send that."
LONGEST_ZIP_END = 22 + 65535
"""Bytes: the record at its end, with a comment."""


def too_large(limit: int) -> Problem:
    return ContentTooLarge(f"The file is larger than this service takes: {limit} bytes, unpacked.")


class _Gunzip:
    def __init__(self) -> None:
        self._unzip = zlib.decompressobj(wbits=31)
        self._members = 1
        self._size = 0

    @property
    def is_whole(self) -> bool:
        return self._unzip.eof

    def step(self, packed: bytes) -> tuple[bytes, bytes]:
        """(a piece of what is unpacked, what is left of the packed bytes)."""
        out: list[bytes] = []
        room = UNPACK_PIECE
        while packed and room > 0:
            if self._unzip.eof:  # members of a gzip file may follow one another
                if not packed.strip(b"\x00"):  # padding of tapes and blocks
                    return b"".join(out), b""
                self._next_member()
            piece = self._unzip.decompress(packed, room)
            packed = self._unzip.unused_data if self._unzip.eof else self._unzip.unconsumed_tail
            room -= len(piece)
            self._size += len(piece)
            out.append(piece)
        return b"".join(out), packed

    def _next_member(self) -> None:
        self._members += 1
        if self._members > MOST_SMALL_MEMBERS + self._size // SMALL_MEMBER:
            raise BadRequest(
                f"The gzip has too many members that hold next to nothing: more than {MOST_SMALL_MEMBERS}, and one for "
                f"each {SMALL_MEMBER} bytes. Pack the file in one piece."
            )
        self._unzip = zlib.decompressobj(wbits=31)


async def gunzip(stream: AsyncIterator[bytes], limit: int) -> AsyncIterator[bytes]:
    """Several members too. Raises BadRequest for what is no gzip, ContentTooLarge past `limit` bytes unpacked."""
    unzip = _Gunzip()
    size = 0
    async for packed in stream:
        while packed:
            try:
                piece, packed = await asyncio.to_thread(unzip.step, packed)
            except zlib.error:
                raise BadRequest("What came is not the gzip that it says it is.") from None
            size += len(piece)
            if size > limit:
                raise too_large(limit)
            if piece:
                yield piece
    if not unzip.is_whole:
        raise BadRequest("The gzip ends too early.")


def opened_zip(file: IO[bytes]) -> zipfile.ZipFile:
    """Raises BadRequest for what is none, Unprocessable for a cut workbook, UnsupportedMediaType for too many files."""
    try:
        with _told_of_zips():
            _refuse_a_large_directory(file)
            return zipfile.ZipFile(file)
    except BadRequest:
        if _begins_as_a_workbook(file):
            raise Unprocessable.field("body", "file", msg=CUT_WORKBOOK) from None
        raise


def _begins_as_a_workbook(file: IO[bytes]) -> bool:
    """By the name of its first part: of one that was cut, no more is known."""
    file.seek(26)
    length, _ = struct.unpack("<HH", file.read(4).ljust(4, b"\x00"))
    return file.read(length).startswith(PARTS_OF_WORKBOOKS)


def is_office_document(archive: zipfile.ZipFile) -> bool:
    names = {entry.filename for entry in archive.infolist()}
    return "[Content_Types].xml" in names or any(name.startswith("xl/") for name in names)


async def member_pieces(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, limit: int) -> AsyncIterator[bytes]:
    """Raises ContentTooLarge past `limit` bytes."""
    size = 0
    with _told_of_zips():
        member = archive.open(entry)
    with member:
        while piece := await asyncio.to_thread(_next_piece, member):
            size += len(piece)
            if size > limit:
                raise too_large(limit)
            yield piece


def _next_piece(member: IO[bytes]) -> bytes:
    with _told_of_zips():
        return member.read(UNPACK_PIECE)


@contextmanager
def _told_of_zips() -> Iterator[None]:
    try:
        yield
    except (NotImplementedError, RuntimeError):
        raise UnsupportedMediaType("The zip is encrypted, or packed in a way that is not read here.") from None
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, OSError):
        raise BadRequest("The zip is broken.") from None


@dataclass(frozen=True)
class Members:
    tables: list[zipfile.ZipInfo]
    others: list[str]
    """Names of the files that are no tables by their names."""


def members_of(archive: zipfile.ZipFile) -> Members:
    """In the zip's order: the files whose names say that they are tables, or the only one that there is."""
    entries = archive.infolist()
    names = {entry.filename for entry in entries[:MOST_ZIP_ENTRIES]}
    if "mimetype" in names or "META-INF/MANIFEST.MF" in names:
        raise UnsupportedMediaType("The file looks like an OpenDocument file or a program. Save the sheet as CSV.")
    files = [e for e in entries if not e.is_dir() and not _is_of_the_system(e.filename)]
    tables = [entry for entry in files if entry.filename.lower().endswith(TABLE_NAMES)]
    if not tables and len(files) != 1:
        raise UnsupportedMediaType(
            f"The zip holds {len(files)} files, and none is named as a table: {', '.join(TABLE_NAMES)}."
        )
    if len(tables) > MOST_TABLES:
        raise UnsupportedMediaType(f"The zip holds more than {MOST_TABLES} tables. Send them in several.")
    for file in tables or files:
        _refuse_a_hidden(file)
    return Members(tables or files, [file.filename for file in files if tables and file not in tables])


def _refuse_a_hidden(file: zipfile.ZipInfo) -> None:
    if file.flag_bits & 1:
        raise UnsupportedMediaType("A file in the zip is encrypted. Send it without a password.")
    if file.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):  # zipfile bounds no other's pieces
        raise UnsupportedMediaType("The zip is packed in a way that is not read here.")


def _refuse_a_large_directory(archive: IO[bytes]) -> None:
    """By the record at the zip's end, before zipfile reads it whole."""
    size = archive.seek(0, 2)
    archive.seek(max(0, size - LONGEST_ZIP_END))
    end = archive.read()
    place = end.rfind(b"PK\x05\x06")
    if 0 <= place <= len(end) - 22:
        entries, directory = struct.unpack_from("<HL", end, place + 10)
        if place >= 76 and end[place - 20 :].startswith(b"PK\x06\x07"):  # zip64: zipfile believes that record instead
            more_entries, more_bytes = struct.unpack_from("<QQ", end, place - 44)
            entries, directory = max(entries, more_entries), max(directory, more_bytes)
        if entries > MOST_ZIP_ENTRIES or directory > LARGEST_ZIP_DIRECTORY:
            raise UnsupportedMediaType("The zip holds too many files. Send a zip with one table in it.")


def _is_of_the_system(name: str) -> bool:
    return name.startswith("__MACOSX/") or name.rsplit("/", 1)[-1] in (".DS_Store", "Thumbs.db", "desktop.ini")


async def after(first: bytes, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """A stream that was begun, as one stream again."""
    if first:
        yield first
    async for piece in pieces:
        yield piece
