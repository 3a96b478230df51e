"""What `counted` counts: every way in which rows come to Python, whoever asks and of whatever."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import ibis
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from counted import BETWEEN, Counts, counting
from pyarrow import dataset

from healthscore_assets.lake.engine import Engine

FIVE = "SELECT range AS n, 'x' AS text FROM range(5)"
TABLE = pa.table({"n": [1, 2, 3], "text": ["x", "y", None]})


def fetched_one_by_one() -> None:
    found = duckdb.connect().execute(FIVE)
    while found.fetchone():
        pass


def engine_rows(ask: Callable[[Engine, ibis.Table], Any]) -> Callable[[], None]:
    def asked() -> None:
        engine = Engine()
        ask(engine, engine.view("five", FIVE, ibis.schema({"n": "int64", "text": "string"})))
        engine.close()

    return asked


@pytest.mark.parametrize(
    ("does", "rows", "objects"),
    [
        (fetched_one_by_one, 5, 0),
        (lambda: duckdb.connect().execute(FIVE).fetchall(), 5, 0),
        (lambda: duckdb.connect().execute(FIVE).fetchmany(2), 2, 0),
        (lambda: duckdb.connect().sql(FIVE).df(), 5, 0),
        (lambda: duckdb.sql(FIVE).fetchall(), 5, 0),
        (lambda: duckdb.connect().cursor().execute(FIVE).to_arrow_table(), 5, 0),
        (engine_rows(Engine.rows), 5, 10),
        (engine_rows(Engine.to_arrow), 5, 0),
        (lambda: TABLE.to_pylist(), 0, 6),
        (lambda: TABLE.to_pydict(), 0, 6),
        (lambda: TABLE.to_pandas(), 0, 6),
        (lambda: TABLE["text"].to_pylist(), 0, 3),
        (lambda: TABLE["n"].chunk(0).to_pylist(), 0, 3),
        (lambda: TABLE.to_batches()[0].to_pylist(), 0, 6),
        (lambda: [cell.as_py() for cell in TABLE["n"]], 0, 3),
    ],
)
def test_rows_and_objects(does: Callable[[], Any], rows: int, objects: int) -> None:
    counts = Counts()
    with counting(counts):
        does()
    assert (counts.rows[BETWEEN], counts.objects[BETWEEN]) == (rows, objects)
    does()
    assert (counts.rows[BETWEEN], counts.objects[BETWEEN]) == (rows, objects)  # it has ended


def test_files_of_the_lake(tmp_path: Path) -> None:
    pq.write_table(TABLE, tmp_path / "table.parquet")
    counts = Counts()
    with counting(counts):
        pq.read_table(tmp_path / "table.parquet", columns=["n"])["n"].to_pylist()
        with pq.ParquetFile(tmp_path / "table.parquet") as file:
            assert sum(len(batch) for batch in file.iter_batches(2)) == 3
            file.read_row_group(0)
    assert (counts.rows[BETWEEN], counts.objects[BETWEEN]) == (9, 3)


def test_statements() -> None:
    counts = Counts()
    with counting(counts):
        duckdb.connect().execute("SELECT 1")
        duckdb.sql("SELECT 1")
    assert counts.queries[BETWEEN] == 2


@pytest.mark.parametrize(
    "does",
    [
        lambda: duckdb.connect().execute(FIVE).fetchnumpy(),
        lambda: dataset.dataset("table.parquet"),
    ],
)
def test_a_way_that_is_not_counted_is_refused(does: Callable[[], Any]) -> None:
    with counting(Counts()), pytest.raises(AssertionError, match="takes rows out uncounted"):
        does()
