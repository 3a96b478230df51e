"""Rows of the published month, for those who send them on."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

Row = Mapping[str, Any]
"""A row of `crm_scores`."""

_AT_ONCE = 1_000


class RowsDamaged(Exception):
    """A file of `crm_scores` cannot be read; the message is one line and names it."""


def rows_of(path: Path) -> Iterator[Row]:
    """The rows of a file of `crm_scores`, in the order of the ids, a thousand in memory.

    Raises RowsDamaged for a file that is no table, from its beginning or from some row on.
    """
    batches = _batches(path)
    while True:
        try:
            batch = next(batches, None)
        except (pa.ArrowInvalid, OSError) as error:
            why = " ".join(str(error).split())
            raise RowsDamaged(f"{path}: cannot be read ({why}); make the month again") from None
        if batch is None:
            return
        yield from batch.to_pylist()


def _batches(path: Path) -> Iterator[pa.RecordBatch]:
    with pq.ParquetFile(path) as file:
        yield from file.iter_batches(_AT_ONCE)
