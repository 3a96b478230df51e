"""A table that Spark computes, as one file: each task hands in a part, this machine joins them."""

import functools
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
from pyspark import TaskContext
from pyspark.sql import DataFrame

from healthscore_assets.lake.engine import Engine
from healthscore_assets.lake.lake import Lake
from healthscore_assets.lake.parts import Parts

_HANDED_IN = pa.schema({"number": pa.int32(), "key": pa.string()})


def write_file(frame: DataFrame, schema: ibis.Schema, path: Path, lake: Lake, local: Engine) -> int:
    """Write the rows in the order of the frame's partitions; returns how many.

    A part counts when its task has ended well, so that a machine that is lost halfway, and whose
    tasks run again elsewhere, leaves neither gaps nor rows that are there twice.
    """
    parts = Parts.new(lake.store, time.time())
    task = functools.partial(_write_part, lake.location, parts.folder, schema)
    try:
        handed_in = frame.mapInArrow(task, "number int, key string").toArrow().to_pylist()
        keys = [each["key"] for each in sorted(handed_in, key=lambda each: int(each["number"]))]
        files = [lake.store.file(key) for key in keys]
        if not files:
            return local.write(
                local.months("no_rows", {}, schema).drop("months_ago"), schema, path, ()
            )
        return local.join(files, path)
    finally:
        parts.clear()


def _write_part(
    lake: str, folder: str, schema: ibis.Schema, batches: Iterator[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """On the machine that computed the rows; nothing is handed in where there are none."""
    task = TaskContext.get()
    assert task is not None
    parts, arrow = Parts(Lake.at(lake).store, folder), schema.to_pyarrow()
    written = parts.local()
    rows = 0
    try:
        with pq.ParquetWriter(written, arrow, compression="zstd", compression_level=1) as writer:
            for batch in batches:
                rows += batch.num_rows
                writer.write_batch(batch.cast(arrow))
        if rows:
            key = parts.put(written, task.partitionId())
            told = {"number": [task.partitionId()], "key": [key]}
            yield pa.RecordBatch.from_pydict(told, schema=_HANDED_IN)
    finally:
        shutil.rmtree(written.parent, ignore_errors=True)
