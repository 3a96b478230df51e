"""Months of the lake as Spark reads them: by their path where all machines see it, else by key."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import ibis
import pyarrow as pa
import pyarrow.parquet as pq

from healthscore_assets.lake.lake import Lake

ROWS_AT_ONCE = 4_000_000
"""Of one file in a bucket: at most so many rows are a task."""

_GLOB = re.compile(r"([\[\]{}*?\\])")


def as_uri(path: Path) -> str:
    """A local file as Hadoop takes it, which would read some characters as a pattern."""
    return "file:" + _GLOB.sub(r"\\\1", str(path))


@dataclass(frozen=True)
class Piece:
    """Row groups of a file in the store."""

    key: str
    row_groups: list[int]


def pieces(key: str, copy: Path) -> list[Piece]:
    """The pieces of a file, of which this machine has a copy, in their order."""
    groups: list[list[int]] = []
    rows = 0
    told = pq.read_metadata(copy)
    for number in range(told.num_row_groups):
        more = told.row_group(number).num_rows
        if not groups or rows + more > ROWS_AT_ONCE:
            groups.append([])
            rows = 0
        groups[-1].append(number)
        rows += more
    return [Piece(key, group) for group in groups]


def read_piece(
    lake: str, those: list[Piece], schema: ibis.Schema, number: int
) -> Iterator[pa.RecordBatch]:
    """The rows of a piece, on the machine that asks for them."""
    piece = those[number]
    with pq.ParquetFile(Lake.at(lake).store.file(piece.key)) as file:
        for batch in file.iter_batches(row_groups=piece.row_groups, columns=list(schema.names)):
            yield batch.cast(schema.to_pyarrow())
