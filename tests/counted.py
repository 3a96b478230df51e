"""The run of a month, counted: what it asks, takes into Python, opens, writes and tells Dagster.

counts = Counts()
with counting(counts):
    instance.add_event_listener(run_id, counts.heard)
    ...                                  # the run
"""

import ctypes
import gc
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import ibis
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa
from pyarrow import dataset

from healthscore_assets.lake.engine import Engine

_STARTS, _ENDS = "STEP_START", ("STEP_SUCCESS", "STEP_FAILURE")

_ASKS = ("execute", "executemany", "query", "sql", "from_query")

_FETCHES = (
    *("fetchone", "fetchmany", "fetchall", "fetchdf", "fetch_df", "df", "to_df"),
    *("fetch_arrow_table", "to_arrow_table"),
)

_NOT_COUNTED = (
    *("arrow", "fetch_arrow_reader", "fetch_record_batch", "to_arrow_reader"),
    *("fetch_df_chunk", "fetchnumpy", "pl", "tf", "torch"),
)

_MAKES_OBJECTS = ("to_pylist", "to_pydict", "to_pandas", "as_py")

BETWEEN = "between stages"


class Counts:
    """What each stage costs, as it runs; hears where the run is from its events.

    ``rows`` leave DuckDB or are read from the lake's files, to Arrow, pandas or Python alike;
    ``objects`` are those that Python then makes of what is in Arrow, one for each cell.
    """

    def __init__(self) -> None:
        self.stage = BETWEEN
        self.queries: Counter[str] = Counter()
        self.rows: Counter[str] = Counter()
        self.objects: Counter[str] = Counter()
        self.openings: Counter[str] = Counter()
        self.written: Counter[str] = Counter()
        self.events: Counter[str] = Counter()

    def heard(self, entry: dg.EventLogEntry) -> None:
        """An event of the run was stored."""
        kind = entry.get_dagster_event().event_type_value if entry.is_dagster_event else "LOG"
        self.events[kind] += 1
        if kind == _STARTS:
            self.stage = str(entry.step_key)
        elif kind in _ENDS:
            self.stage = BETWEEN

    def opened(self, *_: object) -> None:
        """A database of Dagster's, or the ledger, was opened."""
        self.openings[self.stage] += 1

    def wrote(self, path: Path) -> None:
        """A file ``<table>-<month>.<suffix>`` was staged."""
        table = path.stem[: -len("-YYYY-MM")]
        name = table if path.suffix == ".parquet" else f"{table} as CSV"
        self.written[name] += path.stat().st_size


@contextmanager
def counting(counts: Counts) -> Iterator[None]:
    """Count whatever this process does, of any engine and any connection."""
    sa.event.listen(sa.pool.Pool, "connect", counts.opened)
    try:
        with pytest.MonkeyPatch.context() as patch, _arrow_counted(counts):
            _count_duckdb(counts, patch)
            _count_files_read(counts, patch)
            _count_files_written(counts, patch)
            yield
    finally:
        sa.event.remove(sa.pool.Pool, "connect", counts.opened)


def _count_duckdb(counts: Counts, patch: pytest.MonkeyPatch) -> None:
    """Statements, and the rows of their results; a way to take these that is not counted fails."""
    connections = (duckdb, duckdb.DuckDBPyConnection)  # the module is one, too
    for owner in connections:
        for name in _ASKS:
            patch.setattr(owner, name, _counted(getattr(owner, name), counts, counts.queries, _one))
    for owner in (*connections, duckdb.DuckDBPyRelation):
        for name in filter(vars(owner).__contains__, _FETCHES):
            method = _counted(getattr(owner, name), counts, counts.rows, _rows_in)
            patch.setattr(owner, name, method)
        for name in filter(vars(owner).__contains__, _NOT_COUNTED):
            patch.setattr(owner, name, _refused(f"{owner.__name__}.{name}"))


def _count_files_read(counts: Counts, patch: pytest.MonkeyPatch) -> None:
    """Of Parquet; reading it as a dataset is not counted, and fails."""
    read = [(pq.ParquetFile, name) for name in ("read", "read_row_group", "read_row_groups")]
    for owner, name in ((pq, "read_table"), *read):
        method = _counted(getattr(owner, name), counts, counts.rows, _rows_in)
        patch.setattr(owner, name, method)
    in_batches = pq.ParquetFile.iter_batches

    def counted(*given: Any, **named: Any) -> Iterator[pa.RecordBatch]:
        for batch in in_batches(*given, **named):
            counts.rows[counts.stage] += batch.num_rows
            yield batch

    patch.setattr(pq.ParquetFile, "iter_batches", counted)
    patch.setattr(dataset, "dataset", _refused("pyarrow.dataset.dataset"))


def _count_files_written(counts: Counts, patch: pytest.MonkeyPatch) -> None:
    write, write_csv = Engine.write, Engine.write_csv

    def written(
        engine: Engine, table: ibis.Table, schema: ibis.Schema, path: Path, order_by: Sequence[str]
    ) -> int:
        rows = write(engine, table, schema, path, order_by)
        counts.wrote(path)
        return rows

    def written_csv(engine: Engine, table: ibis.Table, path: Path, null: str = "") -> int:
        rows = write_csv(engine, table, path, null)
        counts.wrote(path)
        return rows

    patch.setattr(Engine, "write", written)
    patch.setattr(Engine, "write_csv", written_csv)


@contextmanager
def _arrow_counted(counts: Counts) -> Iterator[None]:
    """Methods of Arrow's classes, which take no new ones but in the dictionary behind them."""
    replaced = []
    for kind in _kinds_of_arrow():
        (methods,) = gc.get_referents(kind.__dict__)
        for name in filter(methods.__contains__, _MAKES_OBJECTS):
            replaced.append((kind, methods, name, methods[name]))
            methods[name] = _counted(methods[name], counts, counts.objects, _cells_in)
        _forget_methods(kind)
    try:
        yield
    finally:
        for kind, methods, name, method in replaced:
            methods[name] = method
            _forget_methods(kind)


def _kinds_of_arrow() -> list[type]:
    found = [*pa.Table.__mro__, *pa.RecordBatch.__mro__, *pa.ChunkedArray.__mro__]
    kinds = [pa.Array, pa.Scalar]
    for kind in kinds:
        kinds += kind.__subclasses__()
        found += kind.__mro__
    return [kind for kind in dict.fromkeys(found) if kind is not object]


def _forget_methods(kind: type) -> None:
    """Python remembers where it found a method."""
    ctypes.pythonapi.PyType_Modified(ctypes.py_object(kind))


_inside: list[bool] = []


def _counted(
    method: Callable[..., Any],
    counts: Counts,
    counter: Counter[str],
    measure: Callable[[Any], int],
) -> Callable[..., Any]:
    """The method, whose results are added to the counter; what it calls itself is not."""

    def counted(*arguments: Any, **named: Any) -> Any:
        _inside.append(True)
        try:
            result = method(*arguments, **named)
        finally:
            _inside.pop()
        if not _inside:
            counter[counts.stage] += measure(result)
        return result

    return counted


def _refused(name: str) -> Callable[..., Any]:
    def refused(*_: Any, **__: Any) -> Any:
        raise AssertionError(f"{name} takes rows out uncounted: take them out another way")

    return refused


def _one(_: Any) -> int:
    return 1


def _rows_in(result: Any) -> int:
    """Of a list, a data frame or a table; a row is one, and None is none."""
    if result is None:
        return 0
    return 1 if isinstance(result, tuple) else len(result)


def _cells_in(result: Any) -> int:
    """How many objects it holds; what holds no others is one."""
    if hasattr(result, "size"):  # of pandas
        return int(result.size)
    if isinstance(result, dict):
        return sum(map(_cells_in, result.values()))
    if isinstance(result, list):
        return sum(map(_cells_in, result))
    return 1
