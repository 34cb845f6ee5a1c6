"""The file's bytes out of a request's body, as they come: multipart or bare, packed or not, always bounded."""

import re
import unicodedata
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from urllib.parse import unquote, unquote_to_bytes

from python_multipart.exceptions import FormParserError, MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

from ...errors import BadRequest, Problem, Unprocessable, UnsupportedMediaType
from ..formats import JSON, NDJSON, Form
from .batch_bounds import MOST_BYTES, too_many
from .unpacking import gunzip, too_large

XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PARQUET_TYPE = "application/vnd.apache.parquet"
ODS_TYPE = "application/vnd.oasis.opendocument.spreadsheet"
FILE_TYPES = {
    "text/csv",
    "application/vnd.ms-excel",
    "application/octet-stream",
    "text/plain",
    "application/csv",
    "application/x-csv",
    "text/x-csv",
    "text/comma-separated-values",
    XLSX_TYPE,
    ODS_TYPE,
    "text/tab-separated-values",
    "application/gzip",
    "application/x-gzip",
    "application/zip",
    "application/x-zip-compressed",
    "application/json",
    "application/x-ndjson",
    "application/jsonl",
    PARQUET_TYPE,
}
TOLD_TYPES = sorted(FILE_TYPES - {ODS_TYPE})
"""Of these a file can be taken. One that is named .ods may be something else; if not, it is told what to do."""

BATCH_TYPES = {"application/json": JSON, "application/x-ndjson": NDJSON}
MOST_PARTS = 8
LONGEST_PART_HEADERS = 8 * 1024
LONGEST_AROUND_PARTS = 64 * 1024
"""Bytes that a multipart body may have before its first part, and those that are read after its last."""

PACKED_MORE = 100
"""What cannot be packed becomes longer as gzip, by far less than one part of so many."""

LONGEST_PADDING = 64
"""Blanks behind a delimiter (RFC 2046, transport padding)."""


@dataclass
class FileBody:
    """An async iterator over the file's bytes; `filename` is known once the first have come."""

    stream: AsyncIterator[bytes]
    filename: str | None = None
    charset: str | None = None
    """Of the bare body's Content-Type, or of the part's; known once the first bytes have come."""
    pieces: AsyncIterator[bytes] = field(init=False)
    batch: Form | None = None
    """Where it is no file, but a small batch of objects."""


def open_body(
    content_type: str | None,
    content_encoding: str | None,
    stream: AsyncIterator[bytes],
    limit: int,
    length: str | None = None,
) -> FileBody:
    """The file in a request. Raises UnsupportedMediaType and ContentTooLarge at once; Problems while it is read.

    `limit`: bytes, unpacked. `length`: the header Content-Length.
    """
    main, options = parse_options_header(content_type or "")
    media_type = main.decode("latin-1").lower()
    encoding = (content_encoding or "identity").strip().lower()
    if encoding not in ("identity", "gzip", "x-gzip"):
        raise UnsupportedMediaType("The body may be gzip or not packed at all; Content-Encoding names something else.")
    _refuse_length(
        int(length[:20]) if length and length.isdecimal() else 0, limit, media_type, packed=encoding != "identity"
    )
    unpacked = stream if encoding == "identity" else gunzip(stream, limit + LONGEST_PART_HEADERS * MOST_PARTS)
    body = FileBody(unpacked)
    if media_type == "multipart/form-data":
        boundary = options.get(b"boundary")
        if not boundary:
            raise BadRequest("The multipart body's Content-Type has no boundary.")
        body.pieces = _Multipart(body, boundary).pieces(limit)
    elif media_type in BATCH_TYPES:
        body.batch = BATCH_TYPES[media_type]
        body.pieces = bounded(unpacked, limit)
    elif media_type in FILE_TYPES:
        body.charset = options.get(b"charset", b"").decode("latin-1")
        body.pieces = bounded(unpacked, limit)
    elif not content_type:
        body.pieces = untyped(unpacked)
    else:
        raise wrong_type()
    return body


def _refuse_length(length: int, limit: int, media_type: str, *, packed: bool) -> None:
    """Raises ContentTooLarge before anything is read where a body of so many bytes holds more than is taken."""
    if packed:
        length -= limit // PACKED_MORE + LONGEST_AROUND_PARTS
    elif media_type in BATCH_TYPES and length > MOST_BYTES:
        raise too_many()
    if media_type == "multipart/form-data":
        length -= 2 * LONGEST_AROUND_PARTS + MOST_PARTS * LONGEST_PART_HEADERS
    if length > limit:
        raise too_large(limit)


def empty_file(words: str | None = None) -> Problem:
    return Unprocessable.field("body", "file", msg=words or "The file is empty.")


def wrong_type() -> Problem:
    return UnsupportedMediaType(
        "Send the file as multipart/form-data in the field `file`, or bare with Content-Type: text/csv. "
        "Few rows may be an array of objects, with Content-Type: application/json."
    )


async def untyped(stream: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Of a body without a type: where it is empty too, what is missing is the file."""
    async for piece in stream:
        if piece:
            raise wrong_type()
        yield piece
    raise Unprocessable.field("body", "file", msg="The request has no file.")


async def bounded(stream: AsyncIterator[bytes], limit: int) -> AsyncIterator[bytes]:
    size = 0
    async for piece in stream:
        size += len(piece)
        if size > limit:
            raise too_large(limit)
        if piece:
            yield piece


class _Multipart:
    """Push parser turned into an iterator over the bytes of the part named `file`."""

    def __init__(self, body: FileBody, boundary: bytes) -> None:
        self._body = body
        self._headers: dict[bytes, bytes] = {}
        self._header_name = b""
        self._header_value = b""
        self._header_bytes = 0
        self._parts = 0
        self._in_file = False
        self._seen_file = False
        self._ended = False
        self._out: list[bytes] = []
        self._delimiter = b"--" + boundary
        self._first_delimiter = re.compile(
            b"(?:^|\\n)" + re.escape(self._delimiter) + b"(?:[ \\t]{0,%d}(?=\\r\\n)|(?=--))" % LONGEST_PADDING
        )
        self._preamble: bytearray | None = bytearray()
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._on_part_begin,
                    "on_header_field": self._on_header_field,
                    "on_header_value": self._on_header_value,
                    "on_header_end": self._on_header_end,
                    "on_headers_finished": self._on_headers_finished,
                    "on_part_data": self._on_part_data,
                    "on_part_end": self._on_part_end,
                    "on_end": self._on_end,
                },
            )
        except FormParserError:
            raise BadRequest("The boundary in the multipart body's Content-Type is too long.") from None

    async def pieces(self, limit: int) -> AsyncIterator[bytes]:
        """The file's bytes. What follows the last part is read up to a bound, and left unread beyond it."""
        size = after_end = 0
        async for data in self._body.stream:
            if self._ended:
                after_end += len(data)
                if after_end > LONGEST_AROUND_PARTS:
                    break
                continue
            try:
                self._parser.write(self._without_preamble(data))
            except MultipartParseError:
                raise BadRequest("The multipart body is malformed.") from None
            out, self._out = self._out, []
            for piece in out:
                size += len(piece)
                if size > limit:
                    raise too_large(limit)
                yield piece
        if not self._ended:
            raise BadRequest("The multipart body ends too early.")
        if not self._seen_file:
            raise Unprocessable.field("body", "file", msg="The multipart body has no field `file` with a file.")

    def _without_preamble(self, data: bytes) -> bytes:
        """From the first delimiter on; what stands before it is nobody's (RFC 2046, 5.1.1)."""
        if self._preamble is None:
            return data
        seen = max(0, len(self._preamble) - len(self._delimiter) - LONGEST_PADDING - 3)
        self._preamble += data
        found = self._first_delimiter.search(self._preamble, seen)
        if (found.start() if found else len(self._preamble)) > LONGEST_AROUND_PARTS:
            raise BadRequest("The multipart body does not begin with the boundary of its Content-Type.")
        if found is None:
            return b""
        rest = bytes(self._preamble[found.end() :])
        self._preamble = None
        return self._delimiter + rest

    def _on_part_begin(self) -> None:
        self._parts += 1
        if self._parts > MOST_PARTS:
            raise BadRequest(f"The multipart body has more than {MOST_PARTS} parts.")
        self._headers, self._header_bytes = {}, 0
        self._header_name = self._header_value = b""

    def _count(self, size: int) -> None:
        self._header_bytes += size
        if self._header_bytes > LONGEST_PART_HEADERS:
            raise BadRequest("The headers of a part of the multipart body are too long.")

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._count(end - start)
        self._header_name += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._count(end - start)
        self._header_value += data[start:end]

    def _on_header_end(self) -> None:
        self._headers[self._header_name.lower()] = self._header_value
        self._header_name = self._header_value = b""

    def _on_headers_finished(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        name = options.get(b"name", b"").decode("utf-8", "replace")
        if name != "file":
            raise Unprocessable.field("body", name[:100], msg="unknown field; there is: file")
        if self._seen_file:
            raise Unprocessable.field("body", "file", msg="The file is given more than once; send one file a load.")
        kind, told = parse_options_header(self._headers.get(b"content-type", b"application/octet-stream"))
        if kind and kind.decode("latin-1").lower() not in FILE_TYPES:
            raise UnsupportedMediaType(f"The file's type may be one of: {', '.join(TOLD_TYPES)}.")
        self._seen_file = self._in_file = True
        self._body.charset = told.get(b"charset", b"").decode("latin-1")
        extended = extended_filename(self._headers[b"content-disposition"])
        self._body.filename = extended or safe_filename(options.get(b"filename"))

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        if self._in_file and end > start:
            self._out.append(data[start:end])

    def _on_part_end(self) -> None:
        self._in_file = False

    def _on_end(self) -> None:
        self._ended = True


NOT_SHOWN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode categories that are never part of a file's name: they hide, reorder or break the text around them."""


EXTENDED = re.compile(rb";\s*filename\*\s*=\s*(utf-8|iso-8859-1)'[^';]*'([^;\s]+)", re.IGNORECASE)
QUOTED_STRING = re.compile(rb'"(?:[^"\\]|\\.?)*+(?:"|\Z)', re.DOTALL)
"""One that never ends goes on to the end: were it none, every quote in it would be tried as the beginning of one."""


def extended_filename(disposition: bytes) -> str | None:
    """Of `filename*` (RFC 8187), which says its encoding, and which some clients send beside `filename`, or alone."""
    found = EXTENDED.search(QUOTED_STRING.sub(b"", disposition))
    if found is None:
        return None
    return _shown(unquote_to_bytes(found[2]).decode(found[1].decode(), "replace"))


def safe_filename(name: bytes | None) -> str | None:
    """The name alone, without folders, controls, joiners or marks of direction. It is only ever shown."""
    if not name:
        return None
    return _shown(unquote(name.decode("utf-8", "replace"), errors="replace"))


def _shown(name: str) -> str | None:
    text = name.replace("\\", "/").rsplit("/", 1)[-1]
    shown = "".join(c for c in text if c != "\ufffd" and unicodedata.category(c) not in NOT_SHOWN)
    return shown.strip()[:255] or None
