"""Which keys of a load may have been seen before: a Bloom filter over the chunks parsed so far.

It only ever sorts rows into "new for certain" and "look it up", so its false positives cost a look-up and its
size is bounded whatever the file's.
"""

import numpy as np
import polars as pl

from .tables import key_of

SMALLEST, LARGEST = 2**23, 2**27
"""Bits: 1 MB to 16 MB."""

BITS_PER_BYTE_OF_FILE = 1
"""A row of 64 bytes with two keys then has 16 to 32 bits a key."""

MARKS = range(40, 64, 6)
"""Where in a key's hash it is told which bits of its word it sets: for a million visits 300 false positives in all."""


class SeenKeys:
    """All marks of a key are in one word: whether it is there is one look into memory."""

    def __init__(self, file_bytes: int) -> None:
        wanted = max(SMALLEST, min(LARGEST, file_bytes * BITS_PER_BYTE_OF_FILE))
        words = (1 << wanted.bit_length() - 1) // 64
        self._mask = np.uint64(words - 1)
        self._words = np.zeros(words, np.uint64)

    def add(self, keys: pl.Series) -> pl.Series:
        """Remember the keys; True for each that an earlier call may have brought, or that stands twice here."""
        hashes = keys.hash().to_numpy()
        places = (hashes & self._mask).astype(np.intp)
        marks = np.zeros(len(keys), np.uint64)
        for first in MARKS:
            marks |= np.uint64(1) << (hashes >> np.uint64(first) & np.uint64(63))
        seen = self._words[places] & marks == marks
        np.bitwise_or.at(self._words, places, marks)
        return pl.Series(seen) | ~keys.is_first_distinct()


class LoadMemory:
    """What this process has seen of one load, chunk by chunk in order.

    Chunks that another process took, or that were taken before this process started, leave a gap: from there on
    `register` answers None, and every row is looked up.
    """

    def __init__(self, file_bytes: int) -> None:
        self._seen: dict[str, SeenKeys] = {}
        self._file_bytes = file_bytes
        self._next_seq = 0

    def is_at_least(self, seq: int) -> bool:
        """True where all chunks before `seq` have been seen."""
        return self._next_seq >= seq

    def register(self, seq: int, rows: pl.DataFrame, keys: tuple[str, ...]) -> pl.Series | None:
        """True for each row that shares a key with an earlier row of the file, perhaps; None where unknown."""
        if seq != self._next_seq:
            return None
        self._next_seq += 1
        doubtful = pl.Series([False]).new_from_index(0, rows.height)
        for key in keys:
            if key not in self._seen:
                self._seen[key] = SeenKeys(self._file_bytes // 2)
            doubtful = doubtful | self._seen[key].add(key_of(rows, key))
        return doubtful
