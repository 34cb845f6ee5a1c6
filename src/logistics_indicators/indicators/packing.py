"""Cells of a block as bytes and back, and how cells spread over the levels. Pure: no database, no event loop.

A block's bytes are its columns one after the other, little-endian: the eight-byte ones, then the four-byte ones.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from .blocks import Grain

Integers: TypeAlias = npt.NDArray[Any]
"""Of 32 or 64 bits."""


@dataclass(frozen=True)
class Layout:
    """Columns of a packed table: cells are told apart by `keys`; `sums` add up, those in `wide` over 8 bytes."""

    table: str
    keys: tuple[str, ...]
    sums: tuple[str, ...]
    wide: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """In the order of the bytes."""
        return (*self.wide, *self.keys, *(name for name in self.sums if name not in self.wide))

    @property
    def cell_bytes(self) -> int:
        return 4 * len(self.columns) + 4 * len(self.wide)


VISITS = Layout("rollup_blocks", ("polo_id", "angel_id"), ("total", "on_time", "seconds"), ("seconds",))
LATE = Layout("late_blocks", ("polo_id", "angel_id", "days_late"), ("total",))


@dataclass(frozen=True)
class PackedBlock:
    grain: int
    block: date
    visits: int
    cells: bytes


def unpack(layout: Layout, cells: bytes) -> dict[str, Integers]:
    """Views on the bytes, a column each."""
    number = len(cells) // layout.cell_bytes
    columns: dict[str, Integers] = {}
    offset = 0
    for name in layout.columns:
        kind: npt.DTypeLike = "<i8" if name in layout.wide else "<i4"
        columns[name] = np.frombuffer(cells, kind, number, offset)
        offset += columns[name].nbytes
    return columns


def unpack_signed(layout: Layout, blocks: Iterable[tuple[int, bytes]]) -> dict[str, Integers]:
    """The cells of (sign, bytes) pairs one after the other, their sums signed; the same cell may occur often."""
    parts: dict[str, list[Integers]] = {name: [] for name in layout.columns}
    for sign, cells in blocks:
        for name, values in unpack(layout, cells).items():
            parts[name].append(-values if sign < 0 and name in layout.sums else values)
    empty = np.empty(0, np.int64)
    return {name: np.concatenate(values) if values else empty for name, values in parts.items()}


def frame_of(layout: Layout, blocks: Sequence[tuple[int, date, bytes]]) -> pl.DataFrame:
    """grain, block, keys and sums of (grain, block, bytes) rows."""
    cells = unpack_signed(layout, ((1, body) for _, _, body in blocks))
    sizes = [len(body) // layout.cell_bytes for _, _, body in blocks]
    grains = np.repeat(np.array([grain for grain, _, _ in blocks], np.int32), sizes)
    firsts = np.repeat(np.array([block for _, block, _ in blocks], "datetime64[D]").astype(np.int32), sizes)
    return pl.DataFrame({"grain": grains, "block": firsts, **cells}).select(
        pl.col("grain").cast(pl.Int32),
        pl.col("block").cast(pl.Date),
        *(pl.col(name).cast(pl.Int32) for name in layout.keys),
        *(pl.col(name).cast(pl.Int64) for name in layout.sums),
    )


def pack(layout: Layout, cells: pl.DataFrame) -> Iterator[PackedBlock]:
    """A packed block for each (grain, block) of the frame, whose cells must be distinct."""
    for (grain, block), part in cells.partition_by("grain", "block", as_dict=True).items():
        body = b"".join(
            part[name].to_numpy().astype("<i8" if name in layout.wide else "<i4").tobytes() for name in layout.columns
        )
        assert isinstance(grain, int)
        assert isinstance(block, date)
        yield PackedBlock(grain, block, int(part["total"].sum()), body)


def add_up(layout: Layout, cells: pl.DataFrame) -> pl.DataFrame:
    """Equal cells summed; those that came to nothing are gone."""
    keys = ["grain", "block", *layout.keys]
    return (
        cells.lazy()
        .group_by(keys)
        .agg(pl.col(name).sum() for name in layout.sums)
        .filter(pl.any_horizontal(pl.col(name) != 0 for name in layout.sums))
        .sort(keys)
        .collect()
    )


def block_expression(grain: Grain, day: pl.Expr) -> pl.Expr:
    """First day of the day's block; as blocks.block_of."""
    if grain is Grain.day:
        return day
    if grain is Grain.eighth:
        eighth = pl.min_horizontal((day.dt.day().cast(pl.Int32) - 1) // 8, pl.lit(3))
        return pl.date(day.dt.year(), day.dt.month(), 1 + 8 * eighth)
    return day.dt.truncate({Grain.month: "1mo", Grain.quarter: "1q", Grain.year: "1y"}[grain])


def spread(layout: Layout, days: pl.DataFrame) -> dict[Grain, pl.DataFrame]:
    """The cells of single days (day, keys, sums) at every level, each level summed from the one below."""
    levels: dict[Grain, pl.DataFrame] = {}
    below = days.rename({"day": "block"})
    for grain in Grain:
        named = below.with_columns(
            pl.lit(grain.value, pl.Int32).alias("grain"), block_expression(grain, pl.col("block")).alias("block")
        )
        levels[grain] = below = add_up(layout, named)
    return levels


DELTA_SCHEMA = {
    "day": pl.Int32,  # days since 1970-01-01
    "open": pl.Int8,
    "polo_id": pl.Int32,
    "angel_id": pl.Int32,
    "days_late": pl.Int32,
    "visits": pl.Int64,
    "seconds": pl.Int64,
}


def read_deltas(csv: bytes) -> pl.DataFrame:
    """Cells of deltas from PostgreSQL's CSV, columns as DELTA_SCHEMA has them."""
    frame = pl.read_csv(csv, has_header=False, schema=DELTA_SCHEMA) if csv else pl.DataFrame(schema=DELTA_SCHEMA)
    return frame.with_columns(pl.col("day").cast(pl.Date), pl.col("open") == 1)


def visits_of(deltas: pl.DataFrame) -> pl.DataFrame:
    """Cells of VISITS by day, from deltas."""
    return deltas.filter(~pl.col("open")).select(
        "day",
        *VISITS.keys,
        pl.col("visits").alias("total"),
        pl.when(pl.col("days_late") <= 0).then("visits").otherwise(0).alias("on_time"),
        "seconds",
    )


def late_of(deltas: pl.DataFrame) -> pl.DataFrame:
    """Cells of LATE by day, from deltas."""
    late = deltas.filter(~pl.col("open") & (pl.col("days_late") >= 1))
    return late.select("day", *LATE.keys, pl.col("visits").alias("total"))


def open_of(deltas: pl.DataFrame) -> pl.DataFrame:
    """data_limite, polo_id, angel_id, total of the visits not made yet."""
    return (
        deltas.filter(pl.col("open"))
        .group_by(pl.col("day").alias("data_limite"), "polo_id", "angel_id")
        .agg(pl.col("visits").sum().alias("total"))
        .filter(pl.col("total") != 0)
        .sort("data_limite", "polo_id", "angel_id")
    )
