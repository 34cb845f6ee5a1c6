"""What a load remembers of the keys that it has seen: it may doubt a new one, and forgets none."""

import polars as pl
import pytest

from logistics_indicators.loads.merging.seen_keys import LARGEST, SMALLEST, LoadMemory, SeenKeys

KEYS = {
    "ids in order": pl.Series(range(1, 200_001)),
    "ids in no order": pl.Series([i * 7_919 % 1_000_003 for i in range(200_000)]),
    "addresses": pl.Series([f"ana.{i}@example.com" for i in range(200_000)]),
}


@pytest.mark.parametrize("keys", KEYS.values(), ids=KEYS)
def test_every_key_that_comes_again_is_doubted_and_few_others(keys: pl.Series) -> None:
    seen = SeenKeys(SMALLEST)
    doubted = [seen.add(keys[start : start + 10_000]).sum() for start in range(0, len(keys), 10_000)]
    assert sum(doubted) < len(keys) / 200
    assert all(seen.add(keys[start : start + 10_000]).all() for start in range(0, len(keys), 10_000))


def test_a_key_that_stands_twice_in_a_chunk_is_doubted_the_second_time() -> None:
    assert SeenKeys(SMALLEST).add(pl.Series([5, 6, 5, 7, 6])).to_list() == [False, False, True, False, True]


@pytest.mark.parametrize("size", [0, 1, SMALLEST + 1, LARGEST * 1000])
def test_a_file_of_any_size_has_its_keys_told_apart(size: int) -> None:
    seen = SeenKeys(size)
    assert not seen.add(pl.Series([1, 2, 3])).any()
    assert seen.add(pl.Series([3, 4])).to_list() == [True, False]


def test_behind_a_gap_any_row_may_have_been_seen() -> None:
    memory = LoadMemory(1000)
    rows = pl.DataFrame({"id": [1, 2], "email": ["a@example.com", "B@example.com"]})
    assert memory.register(0, rows, ("id", "email")) is not None
    again = memory.register(
        1, pl.DataFrame({"id": [3, 4], "email": ["b@example.com", "c@example.com"]}), ("id", "email")
    )
    assert again is not None
    assert again.to_list() == [True, False]
    assert memory.register(3, rows, ("id", "email")) is None
