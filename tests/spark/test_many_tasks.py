"""Work that is cut into many tasks, compiled and planned anew, as that of large months is."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from healthscore_assets.lake.engine import Engine
from healthscore_assets.lake.spark.engine import SparkEngine
from healthscore_assets.lake.spark.sizes import Cuts, rows_in_memory

SCHEMA = ibis.schema({"client_id": "string", "visitor": "int64", "value": "float64"})
ROWS = 20_000
SIZE = rows_in_memory(ROWS, SCHEMA)


@pytest.fixture
def large(spark: SparkEngine, monkeypatch: pytest.MonkeyPatch) -> Iterator[SparkEngine]:
    """The engine to which a few rows are many."""
    coalescing = "spark.sql.adaptive.coalescePartitions.enabled"
    spark._session.conf.set(coalescing, "false")
    monkeypatch.setattr(spark, "_cuts", Cuts(SIZE // 10, SIZE // 20, SIZE // 4))
    yield spark
    spark._session.conf.unset(coalescing)


def tenths() -> Callable[[int], Iterator[pa.RecordBatch]]:
    """A tenth of the rows each, in no order; by value, since executors do not know this module."""

    def tenth(number: int) -> Iterator[pa.RecordBatch]:
        each = [n * 7919 % ROWS for n in range(number * ROWS // 10, (number + 1) * ROWS // 10)]
        clients, values = [f"c{n % 300:03}" for n in each], [n % 1000 / 4 for n in each]
        columns = {"client_id": clients, "visitor": each, "value": values}
        yield pa.RecordBatch.from_pydict(columns, schema=SCHEMA.to_pyarrow())

    return tenth


def test_parts_are_joined_in_order(
    large: SparkEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    joined: list[int] = []
    plain = Engine.join

    def counted(self: Engine, parts: Sequence[Path], path: Path) -> int:
        joined.append(len(parts))
        return plain(self, parts, path)

    monkeypatch.setattr(Engine, "join", counted)
    rows = large.each("rows_of_many", tenths(), 10, SCHEMA)
    written = tmp_path / "usage.parquet"
    assert large.write(rows, SCHEMA, written, ["client_id", "visitor"]) == ROWS
    assert joined[0] > 5
    found = pq.read_table(written)
    every = pa.Table.from_batches([batch for n in range(10) for batch in tenths()(n)])
    assert found.equals(every.sort_by([("client_id", "ascending"), ("visitor", "ascending")]))


def test_settings_follow_the_rows_that_are_there(large: SparkEngine) -> None:
    def settings() -> tuple[str | None, ...]:
        names = ("shuffle.partitions", "codegen.wholeStage", "adaptive.enabled")
        return tuple(large._session.conf.get(f"spark.sql.{name}") for name in names)

    rows = large.each("rows_of_many", tenths(), 10, SCHEMA)
    assert len(large.rows(rows.group_by("client_id").aggregate(n=rows.count()))) == 300
    assert settings() == ("10", "true", "true")
    few = large.keep("few_of_them", rows.filter(rows.visitor < ROWS // 100))
    assert large.rows(few.aggregate(n=few.count())) == [{"n": ROWS // 100}]
    assert settings() == ("1", "false", "false")


def test_what_is_set_for_the_session_counts(
    large: SparkEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(large, "_set", {"spark.sql.shuffle.partitions"})
    large._session.conf.set("spark.sql.shuffle.partitions", "3")
    rows = large.each("rows_of_many", tenths(), 10, SCHEMA)
    assert len(large.rows(rows.group_by("client_id").aggregate(n=rows.count()))) == 300
    assert large._session.conf.get("spark.sql.shuffle.partitions") == "3"
