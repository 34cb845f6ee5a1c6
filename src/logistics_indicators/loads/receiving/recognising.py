"""What bytes are, seen from their first: packed, UTF-16, or no table at all. Pure."""

import re
from dataclasses import dataclass

from ..formats import CSV, NDJSON, PARQUET, Form

GZIP = b"\x1f\x8b"
ZIP = (b"PK\x03\x04", b"PK\x05\x06")

NOT_TABLES: tuple[tuple[bytes, str], ...] = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Excel 97 workbook (.xls), or an encrypted one"),
    (b"%PDF-", "a PDF document"),
    (b"ORC", "an ORC file"),
    (b"Obj\x01", "an Avro file"),
    (b"ARROW1", "an Arrow file"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"\x89PNG\r\n\x1a\n", "an image (PNG)"),
    (b"\xff\xd8\xff", "an image (JPEG)"),
    (b"GIF8", "an image (GIF)"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    *(
        (b"BZh%d%b" % (size, block), "a bzip2 archive")
        for size in range(1, 10)
        for block in (b"1AY&SY", b"\x17rE8P\x90")
    ),
    (b"\xfd7zXZ\x00", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive"),
    (b"\x04\x22\x4d\x18", "an lz4 archive"),
    (b"\x1f\x9d", "a file packed with compress (.Z)"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90\x00", "a program"),
    (b"{\\rtf", "an RTF document"),
    (b"\xff\xfe\x00\x00", "a text in UTF-32"),
    (b"\x00\x00\xfe\xff", "a text in UTF-32"),
)
_MAYBE_TEXT = (b"ORC", b"GIF8", b"MZ\x90\x00", b"\xff\xd8\xff", b"\x28\xb5\x2f\xfd")
"""Beginnings that a row could have: they count only where bytes follow soon that no text has."""
_CONTROLS = frozenset(range(32)) - frozenset(b"\t\n\r\x0b\x0c\x1b")

HTML = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype|html|head|body|table|\?xml)\b", re.IGNORECASE)
JSON = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:\{\s*\"|\[\s*[\[{]|\[\s*\]|\{\s*\})")

NDJSON_START = re.compile(rb"(?:\xef\xbb\xbf)?\s*\{[ \t]*\"(?:[^\"\\\r\n]|\\.)*\"[ \t]*:[^\r\n]")
PARQUET_START = b"PAR1"

MOST_UNPRINTABLE = 0.3
"""Share of control characters past which bytes are no text."""

SAMPLE = 4096


def is_packed(head: bytes) -> bool:
    return head.startswith((GZIP, *ZIP))


def form_of(head: bytes) -> Form:
    """Of what is not packed."""
    if head.startswith(PARQUET_START) and _is_certain(PARQUET_START, head):
        return PARQUET
    return NDJSON if NDJSON_START.match(head) else CSV


def what_else(head: bytes) -> str | None:
    """What the bytes look like where they are no table; None where they may be one."""
    for magic, name in NOT_TABLES:
        if head.startswith(magic) and _is_certain(magic, head):
            return name
    if HTML.match(head):
        return "an HTML or XML page"
    if JSON.match(head):
        return "JSON that is no NDJSON (which has one object a line)"
    if utf16_of(head):
        return None
    sample = head[:SAMPLE]
    controls = sum(byte in _CONTROLS for byte in sample)
    if len(sample) >= 64 and controls > MOST_UNPRINTABLE * len(sample):
        return "binary data"
    return None


def _is_certain(magic: bytes, head: bytes) -> bool:
    return magic not in (*_MAYBE_TEXT, PARQUET_START) or any(byte in _CONTROLS for byte in head[len(magic) : 64])


@dataclass(frozen=True)
class Utf16:
    codec: str
    """Python's name."""
    mark: int
    """Length of the byte order mark."""


def utf16_of(head: bytes) -> Utf16 | None:
    """By its mark, or by the zero bytes that Latin letters have in it."""
    if head.startswith((b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff")):
        return None
    if head.startswith(b"\xff\xfe"):
        return Utf16("utf-16-le", 2)
    if head.startswith(b"\xfe\xff"):
        return Utf16("utf-16-be", 2)
    sample = head[:SAMPLE]
    even, odd = sample[0::2], sample[1::2]
    if len(sample) < 4:
        return None
    zeros_even, zeros_odd = even.count(0) / len(even), odd.count(0) / len(odd)
    if zeros_odd > 0.5 and zeros_even < 0.05:
        return Utf16("utf-16-le", 0)
    if zeros_even > 0.5 and zeros_odd < 0.05:
        return Utf16("utf-16-be", 0)
    return None
