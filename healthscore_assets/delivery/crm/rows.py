"""Rows of the published month, for those who send them on."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

Row = Mapping[str, Any]
"""A row of `crm_scores`."""

_AT_ONCE = 1_000


def rows_of(path: Path) -> Iterator[Row]:
    """The rows of a file of `crm_scores`, in the order of the ids, a thousand in memory."""
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(_AT_ONCE):
            yield from batch.to_pylist()
