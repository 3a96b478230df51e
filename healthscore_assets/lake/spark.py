"""Apache Spark: runs ibis expressions, and functions over Arrow, where one machine is too few."""

from collections.abc import Callable, Iterator
from typing import Any

import ibis
import pyarrow as pa
from ibis.backends.pyspark.datatypes import PySparkSchema
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as spark_functions


class SparkEngine:
    """Tables of a session, by name; the session is closed by who opened it.

    What is kept lies in the executors' memory, or on their disks, until `forget`.
    """

    def __init__(self, session: SparkSession) -> None:
        self._session = session
        self._ibis = ibis.pyspark.connect(session)
        self._kept: dict[str, DataFrame] = {}

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

        def made(numbers: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            for batch in numbers:
                for number in batch.column(0).to_pylist():
                    yield from function(number)

        tasks = self._session.range(0, count, 1, max(count, 1))
        return self._keep(name, tasks.mapInArrow(made, PySparkSchema.from_ibis(schema)), schema)

    def arrow(self, name: str, table: pa.Table, schema: ibis.Schema) -> ibis.Table:
        """A few rows in memory as an ibis table; replaces the one of that name."""
        frame = self._session.createDataFrame(table.cast(schema.to_pyarrow()))
        spark_functions.broadcast(frame).createOrReplaceTempView(name)
        return ibis.table(schema, name=name)

    def keep(self, name: str, table: ibis.Table) -> ibis.Table:
        """Compute a table once for several readers; replaces the one of that name."""
        return self._keep(name, self._frame(table), table.schema())

    def rows(self, table: ibis.Table) -> list[dict[str, Any]]:
        """A small result as Python values; never a whole table."""
        return self._frame(table).toArrow().to_pylist()

    def forget(self) -> None:
        """Give back what is kept."""
        for frame in self._kept.values():
            frame.unpersist()
        self._kept.clear()

    def _keep(self, name: str, frame: DataFrame, schema: ibis.Schema) -> ibis.Table:
        before = self._kept.pop(name, None)
        self._kept[name] = frame.persist()
        frame.createOrReplaceTempView(name)
        if before is not None:
            before.unpersist()
        return ibis.table(schema, name=name)

    def _frame(self, table: ibis.Table) -> DataFrame:
        return self._session.sql(self._ibis.compile(table))
