"""The tables of an upload, each as text of CSV, whatever it was sent as."""

import asyncio
import hashlib
import zipfile
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, aclosing, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from typing import IO

from ...errors import Problem, Unprocessable, UnsupportedMediaType
from ..formats import CSV, XLSX, Form
from ..parsing.headers import Opening
from ..reading.named import listed
from ..reading.records import DELIMITER
from .apart import Apart
from .bodies import bounded, safe_filename
from .opening import OF_CSV, OpeningOptions
from .recognising import GZIP, SAMPLE, ZIP, form_of
from .swelling import Swelling
from .unpacking import TABLE_NAMES, after, gunzip, is_office_document, member_pieces, members_of, opened_zip, too_large

Keep = Callable[[AsyncIterator[bytes]], AbstractAsyncContextManager[IO[bytes]]]
"""Puts a stream into a temporary file, which is gone at the end."""

Place = Callable[[], AbstractAsyncContextManager[None]]
"""Where a file may be read apart, as long as it takes."""


MOST_APART = 40
"""Tables of one zip that are no CSV: to read one takes a process, whose start alone takes a part of a second."""


class Fingerprint:
    """Of a file as it was sent, unpacked."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self.size = 0

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    async def counted(self, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        async for piece in pieces:
            self._digest.update(piece)
            self.size += len(piece)
            yield piece


@dataclass
class Table:
    form: Form
    pieces: AsyncIterator[bytes]
    """CSV; of another form, as the reading process writes it."""
    fingerprint: Fingerprint
    """Of a table in CSV, complete once its pieces have come."""
    sheet: str | None = None
    warnings: list[str] = field(default_factory=list)
    name: str | None = None
    """Of its file in a zip that has several."""
    opening: Opening | None = None
    """Where it is known, and the pieces are rows alone."""
    lacking: list[int] = field(default_factory=list)
    """Places of columns that some rows do not have; complete once the pieces have come."""

    async def drain(self) -> None:
        """Until its fingerprint is complete."""
        if self.form is CSV:
            async for _ in self.pieces:
                pass


@dataclass(frozen=True)
class Tables:
    """How the tables of one upload are come by."""

    keep: Keep
    apart: Apart
    sheet: str | None = None
    place: Place = nullcontext
    swelling: Swelling = field(default_factory=Swelling)

    async def of(self, stream: AsyncIterator[bytes]) -> AsyncGenerator[Table]:
        """In order; the pieces of one must be taken before the next. Close it, and the pieces end."""
        head, whole = await _begun(self.swelling.sent(stream))
        if head.startswith(ZIP):
            tables = self._of_zip(whole)
        elif head.startswith(GZIP):
            tables = self._of_file(gunzip(whole, self.apart.bounds.most_bytes))
        else:
            tables = self._of_file(whole)
        async with aclosing(tables):
            async for table in tables:
                yield table

    async def _of_file(self, pieces: AsyncIterator[bytes]) -> AsyncGenerator[Table]:
        head, whole = await _begun(pieces)
        form, fingerprint = form_of(head), Fingerprint()
        if form is CSV:
            yield Table(CSV, fingerprint.counted(whole), fingerprint)
            return
        async with self.keep(fingerprint.counted(whole)) as file, aclosing(self._apart(form, file, fingerprint)) as one:
            async for table in one:
                yield table

    async def _of_zip(self, pieces: AsyncIterator[bytes]) -> AsyncGenerator[Table]:
        fingerprint = Fingerprint()
        async with self.keep(fingerprint.counted(pieces)) as file:
            with await asyncio.to_thread(opened_zip, file) as archive:
                if is_office_document(archive):
                    tables = self._apart(XLSX, file, fingerprint)
                else:
                    tables = self._of_members(archive)
                async with aclosing(tables):
                    async for table in tables:
                        yield table

    async def _of_members(self, archive: zipfile.ZipFile) -> AsyncGenerator[Table]:
        members = members_of(archive)
        share, warnings = _Share(self.apart.bounds.most_bytes), _not_read(members.others)
        names, apart = _names([entry.filename for entry in members.tables]), 0
        for entry, name in zip(members.tables, names, strict=True):
            pieces = member_pieces(archive, entry, self.apart.bounds.most_bytes)
            with told_of(name):
                async with aclosing(self._of_member(pieces)) as tables:
                    async for table in tables:
                        apart += table.form is not CSV
                        _refuse_too_many(apart)
                        table.name, table.pieces = name, share.taken(table.pieces)
                        table.warnings, warnings = [*table.warnings, *warnings], []
                        yield table

    async def _of_member(self, pieces: AsyncIterator[bytes]) -> AsyncGenerator[Table]:
        """A workbook is a zip, too; any other archive in an archive is refused as no table."""
        head, whole = await _begun(pieces)
        tables = self._of_workbook(whole) if head.startswith(ZIP) else self._of_file(whole)
        async with aclosing(tables):
            async for table in tables:
                yield table

    async def _of_workbook(self, pieces: AsyncIterator[bytes]) -> AsyncGenerator[Table]:
        fingerprint = Fingerprint()
        async with self.keep(fingerprint.counted(pieces)) as file:
            with await asyncio.to_thread(opened_zip, file) as archive:
                if not is_office_document(archive):
                    raise UnsupportedMediaType("The zip holds an archive in an archive, which is not unpacked.")
                async with aclosing(self._apart(XLSX, file, fingerprint)) as tables:
                    async for table in tables:
                        yield table

    async def _apart(self, form: Form, file: IO[bytes], fingerprint: Fingerprint) -> AsyncGenerator[Table]:
        async with self.place(), self.apart.reading(form.name, file, self.sheet) as (head, records, lacking):
            pieces = bounded(self.swelling.written(records), self.apart.bounds.most_bytes)
            yield Table(form, pieces, fingerprint, head.sheet, head.warnings, lacking=lacking)


def _refuse_too_many(apart: int) -> None:
    if apart > MOST_APART:
        raise UnsupportedMediaType(
            f"The zip holds more than {MOST_APART} tables that are no CSV. Send them in several, or as CSV."
        )


def _not_read(others: list[str]) -> list[str]:
    if not others:
        return []
    return [
        f"Files of the zip that are no tables by their names were not read: {listed(others)}. "
        f"Names of tables end in {', '.join(TABLE_NAMES)}."
    ]


def _names(paths: list[str]) -> list[str | None]:
    """Of several, the names alone, or with their folders where two are the same."""
    if len(paths) == 1:
        return [None]
    names = [_shown(path) for path in paths]
    return [
        "/".join(filter(None, map(_shown, path.split("/")))) if names.count(name) > 1 else name
        for path, name in zip(paths, names, strict=True)
    ]


def _shown(name: str) -> str | None:
    return safe_filename(name.encode("utf-8", "replace"))


class _Share:
    """What the tables of one upload may be together, as CSV."""

    def __init__(self, most: int) -> None:
        self._most = self._left = most

    async def taken(self, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        async for piece in pieces:
            self._left -= len(piece)
            if self._left < 0:
                raise too_large(self._most)
            yield piece


@contextmanager
def told_of(name: str | None) -> Iterator[None]:
    """A problem says which of several tables it is of."""
    try:
        yield
    except Problem as problem:
        if name is not None:
            problem.detail = f"{name}: {problem.detail}"
        raise


async def _begun(stream: AsyncIterator[bytes]) -> tuple[bytes, AsyncIterator[bytes]]:
    """(a file's first bytes, all of it)"""
    head = b""
    async for piece in stream:
        head += piece
        if len(head) >= SAMPLE:
            break
    return head, after(head, stream)


def as_written_here(asked: OpeningOptions, form: Form) -> OpeningOptions:
    """How to read what the reading process wrote. Raises Unprocessable where something else was asked."""
    for name in OF_CSV:
        if getattr(asked, name) is not None and name not in asked.of_preset:
            raise Unprocessable.field("query", name, msg=f"The file is {form.title}, which has no {name}.")
    if not (form.has_header or asked.header):
        raise Unprocessable.field("query", "header", msg=f"The file is {form.title}, where each value has a name.")
    return replace(asked, delimiter=DELIMITER, encoding="utf-8")
