"""The tables of an upload, each as text of CSV, whatever it was sent as."""

import asyncio
import hashlib
import zipfile
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import dataclass, field, replace
from typing import IO

from ...errors import Unprocessable
from ..formats import CSV, XLSX, Form
from ..parsing.headers import Opening
from ..reading.records import DELIMITER
from .apart import Apart
from .bodies import bounded
from .opening import OpeningOptions
from .recognising import GZIP, SAMPLE, ZIP, form_of
from .unpacking import after, gunzip, is_office_document, member_pieces, only_entry, opened_zip

Keep = Callable[[AsyncIterator[bytes]], AbstractAsyncContextManager[IO[bytes]]]
"""Puts a stream into a temporary file, which is gone at the end."""


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
    opening: Opening | None = None
    """Where it is known, and the pieces are rows alone."""

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

    async def of(self, stream: AsyncIterator[bytes]) -> AsyncGenerator[Table]:
        """In order; the pieces of one must be taken before the next. Close it, and the pieces end."""
        head, whole = await _begun(stream)
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
        entry = only_entry(archive)
        async for table in self._of_file(member_pieces(archive, entry, self.apart.bounds.most_bytes)):
            yield table

    async def _apart(self, form: Form, file: IO[bytes], fingerprint: Fingerprint) -> AsyncGenerator[Table]:
        async with self.apart.reading(form.name, file, self.sheet) as (head, records):
            pieces = bounded(records, self.apart.bounds.most_bytes)
            yield Table(form, pieces, fingerprint, head.sheet, head.warnings)


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
    for name in ("delimiter", "encoding"):
        if getattr(asked, name) is not None:
            raise Unprocessable.field("query", name, msg=f"The file is {form.title}, which has no {name}.")
    if not (form.has_header or asked.header):
        raise Unprocessable.field("query", "header", msg=f"The file is {form.title}, where each value has a name.")
    return replace(asked, delimiter=DELIMITER, encoding="utf-8")
