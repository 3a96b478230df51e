"""Apache Spark: runs ibis expressions, and functions over Arrow, where one machine is too few."""

import functools
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.operations as ops
import pyarrow as pa
import pyarrow.parquet as pq
from ibis.backends.pyspark.datatypes import PySparkSchema
from py4j.protocol import Py4JError
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as spark_functions

from healthscore_assets.lake.engine import Engine
from healthscore_assets.lake.expressions import as_written
from healthscore_assets.lake.lake import Lake
from healthscore_assets.lake.parts import Parts
from healthscore_assets.lake.spark.failed import plainly
from healthscore_assets.lake.spark.reading import as_uri, pieces, read_piece
from healthscore_assets.lake.spark.sizes import Cuts, rows_in_memory
from healthscore_assets.lake.spark.sql import query_of
from healthscore_assets.lake.spark.writing import write_file

_SHUFFLE = "spark.sql.shuffle.partitions"
_COMPILED = "spark.sql.codegen.wholeStage"
_ADAPTIVE = "spark.sql.adaptive.enabled"


class SparkEngine:
    """Tables of a session, by name; the session is closed by who opened it.

    Months come from the lake, which every machine of the cluster has to reach, and are known to
    ``local`` too. What is kept lies in the executors' memory, or on their disks, until `close`.
    """

    def __init__(self, session: SparkSession, lake: Lake, local: Engine) -> None:
        self._session = session
        with plainly():
            ibis.pyspark.connect(session)  # which sets how its expressions are to be understood
        self._lake = lake
        self._local = local
        self._kept: dict[str, DataFrame] = {}
        self._months: dict[str, tuple[Mapping[int, Path], ibis.Schema]] = {}  # not read so far
        self._sizes: dict[str, int] = {}
        self._parts = Parts.new(lake.store, time.time())
        self._handed_on: dict[Path, str] = {}
        settings = session.sparkContext.getConf()
        self._cuts = Cuts.of_settings(settings._jconf.getSizeAsBytes)
        self._set = {n for n in (_SHUFFLE, _COMPILED, _ADAPTIVE) if settings.contains(n)}

    @property
    def local(self) -> Engine:
        """DuckDB on this machine; see `Computes`."""
        return self._local

    def close(self) -> None:
        """Give back what is kept, here and on the cluster."""
        with ExitStack() as then:
            then.callback(self._local.close)
            if self._handed_on:
                then.callback(self._parts.clear)
            with suppress(Py4JError, ConnectionRefusedError):  # Spark ended, and with it its memory
                for frame in self._kept.values():
                    frame.unpersist()
            self._kept.clear()

    @contextmanager
    def single_threaded(self) -> Iterator[None]:
        """Nothing to do: sums of floats may differ in their last bits from run to run."""
        yield

    def months(self, name: str, files: Mapping[int, Path], schema: ibis.Schema) -> ibis.Table:
        """Months of one table, told apart by the column ``months_ago``; see `Engine.months`.

        The cluster learns of them when a query reads them.
        """
        self._months[name] = files, schema
        self._sizes[name] = sum(self._size(path, schema) for path in files.values())
        return self._local.months(name, files, schema)

    def each(
        self,
        name: str,
        function: Callable[[int], Iterator[pa.RecordBatch]],
        count: int,
        schema: ibis.Schema,
    ) -> ibis.Table:
        """Rows that executors make, computed once for several readers.

        Parameters: ``function`` gives the batches of one number from 0 to ``count``, a task each.
        """
        with plainly():
            return self._keep(name, self._tasks(function, count, schema), schema)

    def arrow(self, name: str, table: pa.Table, schema: ibis.Schema) -> ibis.Table:
        """A few rows in memory as an ibis table; replaces the one of that name."""
        with plainly():
            frame = self._session.createDataFrame(table.cast(schema.to_pyarrow()))
            self._show(name, spark_functions.broadcast(frame), table.nbytes)
        return ibis.table(schema, name=name)

    def keep(self, name: str, table: ibis.Table) -> ibis.Table:
        """Compute a table once for several readers; replaces the one of that name."""
        with plainly(), self._query(table) as frame:
            return self._keep(name, frame, table.schema())

    def rows(self, table: ibis.Table) -> list[dict[str, Any]]:
        """A small result as Python values; never a whole table."""
        return self.to_arrow(table).to_pylist()

    def to_arrow(self, table: ibis.Table) -> pa.Table:
        """A result for a model that reads it row by row; never more than it needs."""
        with plainly(), self._query(table) as frame:
            found = frame.toArrow()
        return found.cast(table.schema().to_pyarrow())

    def write(
        self, table: ibis.Table, schema: ibis.Schema, path: Path, order_by: Sequence[str]
    ) -> int:
        """Write a table as one Parquet file, its columns cast to the schema; returns the rows."""
        typed = as_written(table, schema, tuple(order_by))
        with plainly(), self._query(typed) as frame:
            return write_file(frame, schema, path, self._lake, self._local)

    def write_csv(self, table: ibis.Table, path: Path, null: str = "") -> int:
        """Write a small table as CSV, in the order of its rows; returns how many."""
        rows = self._local.arrow("rows_of_csv", self.to_arrow(table), table.schema())
        return self._local.write_csv(rows, path, null)

    def _window(self, files: Mapping[int, Path], schema: ibis.Schema) -> DataFrame:
        """Files of the lake with how many months ago they are."""
        frames = [
            self._file(path, schema).withColumn(
                "months_ago", spark_functions.lit(ago).cast("bigint")
            )
            for ago, path in sorted(files.items())
        ]
        if frames:
            return functools.reduce(DataFrame.unionAll, frames)
        whole = PySparkSchema.from_ibis(ibis.schema({**schema, "months_ago": "int64"}))
        return self._session.createDataFrame([], whole)

    def _file(self, path: Path, schema: ibis.Schema) -> DataFrame:
        """One file of the lake."""
        store = self._lake.store
        if store.shared:
            told = PySparkSchema.from_ibis(schema)
            return self._session.read.schema(told).parquet(as_uri(path)).select(*schema.names)
        those = pieces(store.key_of(path) or self._staged(path), path)
        task = functools.partial(read_piece, self._lake.location, those, schema)
        return self._tasks(task, len(those), schema)

    def _staged(self, path: Path) -> str:
        """The key of a file that is not in the store yet, put there until this engine is closed."""
        if path not in self._handed_on:
            self._handed_on[path] = self._parts.put_copy(path)
        return self._handed_on[path]

    def _tasks(
        self, function: Callable[[int], Iterator[pa.RecordBatch]], count: int, schema: ibis.Schema
    ) -> DataFrame:
        def made(numbers: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            for batch in numbers:
                for number in batch.column(0).to_pylist():
                    yield from function(number)

        tasks = self._session.range(0, count, 1, max(count, 1))
        return tasks.mapInArrow(made, PySparkSchema.from_ibis(schema))

    def _keep(self, name: str, frame: DataFrame, schema: ibis.Schema) -> ibis.Table:
        """Rows computed now, whose number cuts the work of those who read them."""
        before = self._kept.pop(name, None)
        self._kept[name] = frame.persist()
        rows = frame.count()
        if before is not None:  # which may be what the new one was computed from
            before.unpersist()
        self._show(name, frame, rows_in_memory(rows, schema))
        return ibis.table(schema, name=name)

    def _show(self, name: str, frame: DataFrame, size: int) -> None:
        """Make a frame known to queries by a name."""
        frame.createOrReplaceTempView(name)
        self._months.pop(name, None)
        self._sizes[name] = size

    @contextmanager
    def _query(self, table: ibis.Table) -> Iterator[DataFrame]:
        """A query about to be run, whose shuffles are cut by what it reads.

        What it reads more than once is kept for as long.
        """
        read = {each.name for each in table.op().find(ops.UnboundTable)}
        for name in read & self._months.keys():
            self._window(*self._months.pop(name)).createOrReplaceTempView(name)
        self._cut_by(sum(self._sizes.get(name, 0) for name in read))
        query, kept = query_of(table), []
        try:
            for part in query.shared:
                frame = self._session.sql(part.sql)
                if part.costly:
                    kept.append(frame.persist())
                frame.createOrReplaceTempView(part.name)
            yield self._session.sql(query.sql)
        finally:
            for frame in kept:
                frame.unpersist()

    def _cut_by(self, size: int) -> None:
        """Settings of the next query, by how many bytes it reads; what is set counts before."""
        cores = self._session.sparkContext.defaultParallelism  # which grows as executors come
        large = size >= self._cuts.smallest_compiled
        chosen = {
            _SHUFFLE: self._cuts.shuffle_partitions(size, cores),
            _COMPILED: large,
            _ADAPTIVE: large,
        }
        for name in chosen.keys() - self._set:
            self._session.conf.set(name, chosen[name])

    def _size(self, path: Path, schema: ibis.Schema) -> int:
        return rows_in_memory(pq.read_metadata(path).num_rows, schema)
