"""A file's first bytes: what they are, in which encoding, with which header; then the rest as lines of text.

The spool holds what the parser reads: line ends as LF, UTF-16 as UTF-8, nothing in front of the first row.
"""

import asyncio
import codecs
import re
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from itertools import islice

from ...errors import Unprocessable, UnsupportedMediaType
from ...texts import printable
from ..formats import CSV, PYTHON_CODECS, EncodingCensus, Form
from ..kinds import COLUMNS, Kind
from ..parsing.headers import BadHeader, Mapped, Opening, key_by_hand, read_opening
from .recognising import is_packed, utf16_of, what_else
from .unpacking import after

HEAD_LINES, HEAD_BYTES = 64, 256 * 1024
"""The first so many lines, or bytes, must hold what tells how to read the rest."""

BLANK = b' \t\r\n;,"'
LINE_END = re.compile(rb"\r\n|\n|\r")
QUOTED = re.compile(rb'"[^"]*(?:"|\Z)')

NAMED_DELIMITERS: Mapping[str, str] = {";": ";", ",": ",", "tab": "\t"}
"""As they are asked for."""

OF_CSV = ("delimiter", "encoding")
"""What files of other forms have not."""

Transform = Callable[[bytes, bool], bytes]
"""(a piece, whether it is the last) to the text that is spooled."""


@dataclass(frozen=True)
class OpeningOptions:
    """What the sender said of the file; None or empty: it is seen from the file."""

    kind: Kind
    delimiter: str | None
    encoding: str | None
    header: bool
    columns: Mapped
    of_preset: frozenset[str] = frozenset()
    """What a preset says alone: it means CSV, and counts for no other form where that has none of it."""


@dataclass
class OpenedFile:
    opening: Opening
    encoding: str | None
    """None: UTF-8 or Windows-1252, which all of the file tells."""
    pieces: AsyncIterator[bytes]
    """From the first row of data on."""
    header: bytes
    """What was passed over before it."""


async def open_file(pieces: AsyncIterator[bytes], options: OpeningOptions, form: Form = CSV) -> OpenedFile | None:
    """None where the file is empty. Raises UnsupportedMediaType and Unprocessable. `form`: what was read apart."""
    head, rest = await _read_head(pieces)
    if form is CSV:
        _refuse_what_is_no_table(head)
    encoding, transform = _reading(head, options.encoding)
    text = _without_marks(transform(head, rest is None))
    looked_at = _first_lines(text) if rest else text
    shown = _shown(looked_at, encoding)
    try:
        opening = await asyncio.to_thread(
            read_opening, options.kind, shown, options.delimiter, options.columns, header=options.header, form=form
        )
    except BadHeader as error:
        raise Unprocessable.field("body", "file", msg=str(error)) from None
    if opening is None:
        return None
    place = _bytes_before(looked_at, shown, opening.first_row)
    return OpenedFile(opening, encoding, _rest(text[place:], rest, transform), text[:place])


async def peeked(pieces: AsyncIterator[bytes]) -> tuple[bytes, bool, AsyncIterator[bytes]]:
    """(the first bytes, by which a file is opened; whether they are all; all pieces again)"""
    head, rest = await _read_head(pieces)
    return head, rest is None, after(head, rest if rest is not None else _nothing())


async def _nothing() -> AsyncIterator[bytes]:
    for piece in tuple[bytes, ...]():
        yield piece


def shown_text(head: bytes, asked: str | None, *, is_whole: bool) -> str:
    """The first lines, read as they are where a file is opened."""
    encoding, transform = _reading(head, asked)
    text = _without_marks(transform(head, is_whole))
    return _shown(text if is_whole else _first_lines(text), encoding)


def _shown(text: bytes, encoding: str | None) -> str:
    return text.decode(PYTHON_CODECS[encoding or _likeliest(text)], "replace").replace("\x00", "\ufffd")


async def _read_head(pieces: AsyncIterator[bytes]) -> tuple[bytes, AsyncIterator[bytes] | None]:
    """(the first bytes, the others; None where there are none). What is first does not depend on the pieces."""
    head = bytearray()
    wanted = 0
    async for piece in pieces:
        head += piece
        if len(head) < wanted:
            continue
        wanted = len(head) + len(head) // 8  # so that pieces of a byte do not cost a look each
        lines = head.count(b"\n", len(head) - len(head.lstrip(BLANK)))
        if len(head) > HEAD_BYTES or lines > HEAD_LINES:
            first = bytes(head[: min(HEAD_BYTES, len(_first_lines(head)) if lines > HEAD_LINES else HEAD_BYTES)])
            if utf16_of(first):
                first = bytes(head[: len(first) + len(first) % 2])
            return first, after(bytes(head[len(first) :]), pieces)
    return bytes(head), None


def _first_lines(text: bytes | bytearray) -> bytes:
    """As many whole lines as are looked at, behind blank ones; all of it where it has no line end."""
    end = len(text) - len(text.lstrip(BLANK))
    for _ in range(HEAD_LINES):
        following = text.find(b"\n", end) + 1
        if not following:
            break
        end = following
    return bytes(text[:end] if end else text)


def _refuse_what_is_no_table(head: bytes) -> None:
    looks_like = "an archive in an archive" if is_packed(head) else what_else(head)
    if looks_like:
        raise UnsupportedMediaType(
            f"The file looks like {looks_like}, which is no table that can be read here. "
            "Send it as CSV, plain or packed as gzip or zip, as an Excel workbook (.xlsx), NDJSON or Parquet."
        )


def _reading(head: bytes, asked: str | None) -> tuple[str | None, Transform]:
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8", _with_line_feeds(lambda piece, final: piece)
    utf16 = utf16_of(head)
    if utf16 and utf16.mark:
        asked = None
    if asked == "utf-16" or (asked is None and utf16):
        decoder = codecs.getincrementaldecoder(utf16.codec if utf16 else "utf-16-le")(errors="replace")
        return "utf-16", _with_line_feeds(lambda piece, final: decoder.decode(piece, final).encode("utf-8", "replace"))
    return asked, _with_line_feeds(lambda piece, final: piece)


def _with_line_feeds(inner: Transform) -> Transform:
    """Where the first lines, quotes passed over, end in carriage returns, these end all lines: line feeds do so too."""
    ends_with_returns: bool | None = None

    def transform(piece: bytes, final: bool) -> bytes:
        nonlocal ends_with_returns
        text = inner(piece, final)
        if ends_with_returns is None:
            bare = QUOTED.sub(b"", text).strip(b"\r\n")
            ends = {end[0] for end in islice(LINE_END.finditer(bare), HEAD_LINES)}
            ends_with_returns = ends == {b"\r"}
        return text.replace(b"\r", b"\n") if ends_with_returns else text

    return transform


def _without_marks(text: bytes) -> bytes:
    """Without byte order marks: some programs write one in front of another's."""
    while text.startswith(codecs.BOM_UTF8):
        text = text.removeprefix(codecs.BOM_UTF8)
    return text


def _likeliest(text: bytes) -> str:
    census = EncodingCensus()
    census.add(text)
    return census.encoding


def _bytes_before(text: bytes, shown: str, place: int) -> int:
    """Place in the bytes of a line's beginning in the text, or of its end. A line end is a byte in all encodings."""
    lines = shown.count("\n", 0, place)
    at = 0
    for _ in range(lines):
        at = text.index(b"\n", at) + 1
    return at if shown[place - 1 : place] == "\n" or not place else len(text)


async def _rest(first: bytes, pieces: AsyncIterator[bytes] | None, transform: Transform) -> AsyncIterator[bytes]:
    yield first
    if pieces is not None:
        async for piece in pieces:
            yield transform(piece, False)
        yield transform(b"", True)


def mapped_columns(kind: Kind, text: str) -> dict[str, str]:
    """`angel:Agente,polo:Hub` by our names. Raises Unprocessable."""
    mapped: dict[str, str] = {}
    for pair in text.split(","):
        ours, colon, theirs = (part.strip() for part in pair.partition(":"))
        if not colon or not theirs:
            msg = "write pairs of our name and the file's, as angel:Agente,polo:Hub"
            raise Unprocessable.field("query", "columns", msg=msg)
        if ours not in COLUMNS[kind]:
            msg = f"unknown column {printable(ours)[:100]}; there are: {', '.join(COLUMNS[kind])}"
            raise Unprocessable.field("query", "columns", msg=msg)
        if ours in mapped or key_by_hand(theirs) in map(key_by_hand, mapped.values()):
            raise Unprocessable.field("query", "columns", msg=f"{printable(pair)[:100]} is mapped twice")
        mapped[ours] = theirs
    return mapped
