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
"""A row of 64 bytes with two keys then has 32 bits a key."""

HASHES = 3
"""Bits that a key sets: for a million rows a dozen false positives in all, for ten million one in 100 at the end."""


class SeenKeys:
    def __init__(self, file_bytes: int) -> None:
        wanted = max(SMALLEST, min(LARGEST, file_bytes * BITS_PER_BYTE_OF_FILE))
        bits = 1 << (wanted - 1).bit_length()
        self._mask = np.uint64(bits - 1)
        self._bytes = np.zeros(bits // 8, dtype=np.uint8)

    def add(self, keys: pl.Series) -> pl.Series:
        """Remember the keys; True for each that an earlier call may have brought, or that stands twice here."""
        hashes = keys.hash().to_numpy()
        steps = hashes >> np.uint64(32) | np.uint64(1)
        seen = np.ones(len(keys), dtype=np.bool_)
        marks = []
        for number in range(HASHES):
            slots = hashes + np.uint64(number) * steps & self._mask
            places, bits = slots >> np.uint64(3), np.uint8(1) << (slots & np.uint64(7)).astype(np.uint8)
            seen &= (self._bytes[places] & bits) != 0
            marks.append((places, bits))
        for places, bits in marks:
            np.bitwise_or.at(self._bytes, places, bits)
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
