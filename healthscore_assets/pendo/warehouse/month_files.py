"""Rows of a warehouse as Parquet files: whole or not there, equal bytes for equal rows."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import ibis
import pyarrow as pa
import pyarrow.parquet as pq

from healthscore_assets.lake.content import content_hash
from healthscore_assets.pendo.warehouse.connection import BATCH, Connection


@dataclass(frozen=True)
class Written:
    """A file that was written: its rows, the hash of its bytes, and whether they are others."""

    rows: int
    sha256: str
    changed: bool


def write(connection: Connection, table: ibis.Table, path: Path, workshop: Path) -> Written | None:
    """Fetch the rows of an expression into a file; None, and no file, where there are none.

    Parameters: ``workshop`` is a folder of the same disk, from which the file moves to its place
    in one step. A file of the same bytes stays as it is.
    """
    part = workshop / path.name
    rows = 0
    with pq.ParquetWriter(part, table.schema().to_pyarrow(), compression="zstd") as writer:
        for group in _groups(connection.batches(table)):
            writer.write_table(group, row_group_size=BATCH)
            rows += group.num_rows
    if rows == 0:
        part.unlink()
        return None
    sha256 = content_hash(part)
    changed = not path.is_file() or content_hash(path) != sha256
    if changed:
        part.replace(path)
    else:
        part.unlink()
    return Written(rows, sha256, changed)


def _groups(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """The same rows a fixed number at a time, however many a driver hands over."""
    waiting: list[pa.RecordBatch] = []
    count = 0
    for batch in batches:
        while count + batch.num_rows >= BATCH:
            taken = BATCH - count
            yield pa.Table.from_batches([*waiting, batch.slice(0, taken)]).combine_chunks()
            waiting, count, batch = [], 0, batch.slice(taken)
        if batch.num_rows:
            waiting.append(batch)
            count += batch.num_rows
    if waiting:
        yield pa.Table.from_batches(waiting).combine_chunks()
