"""Makes texts of files and services safe to print in a terminal."""

import codecs
import re
from typing import IO

from ..texts import printable


def inert(text: object) -> str:
    """One line, in which nothing moves the cursor, changes the order of the signs, or cannot be written."""
    return printable(" ".join(str(text).split()))


NOT_PRINTED = re.compile(r"[^\x20-\x7e\n]")


def inert_json(text: str) -> str:
    """The same JSON, in which what would move the cursor or change the order of the signs is written as \\u."""
    return NOT_PRINTED.sub(lambda found: found[0] if found[0].isprintable() else _escaped(found[0]), text)


def _escaped(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[place : place + 2].hex()}" for place in range(0, len(units), 2))


class InertBytes:
    """Takes the pieces of a text in UTF-8, and writes its lines so that a terminal obeys none of it."""

    def __init__(self, out: IO[bytes]) -> None:
        self._out = out
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")(errors="replace")

    def write(self, piece: bytes) -> int:
        """How many bytes it took."""
        text = self._decoder.decode(piece).replace("\r", "")
        self._out.write("".join(c if c in "\n\t" else printable(c) for c in text).encode())
        return len(piece)
