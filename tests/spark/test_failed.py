"""What goes wrong on the machines of a cluster is told by its own words, in one line."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import ibis
import pyarrow as pa
import pytest

from healthscore_assets.lake.refused import LakeRefused
from healthscore_assets.lake.spark.engine import SparkEngine
from healthscore_assets.lake.spark.failed import SparkFailed
from healthscore_assets.lake.unavailable import LakeUnavailable

ROWS = ibis.schema({"n": "int64"})


def raising(error: Exception) -> Callable[[int], Iterator[pa.RecordBatch]]:
    def function(number: int) -> Iterator[pa.RecordBatch]:
        yield pa.RecordBatch.from_pydict({"n": [number]})
        raise error

    return function


@pytest.mark.parametrize(
    ("error", "raised", "told"),
    [
        (LakeUnavailable("s3://b: no answer"), LakeUnavailable, "s3://b: no answer"),
        (LakeRefused("s3://b: no key"), LakeRefused, "s3://b: no key"),
        (
            ModuleNotFoundError("No module named 'healthscore_assets'"),
            SparkFailed,
            "Spark, in a Python of the cluster: ModuleNotFoundError: No module named"
            " 'healthscore_assets'",
        ),
        (
            FileNotFoundError(2, "No such file or directory", "/lake/x.parquet"),
            SparkFailed,
            "Spark, in a Python of the cluster: FileNotFoundError: [Errno 2] No such file or"
            " directory: '/lake/x.parquet'",
        ),
    ],
)
def test_what_an_executor_raises(
    spark: SparkEngine, error: Exception, raised: type[Exception], told: str
) -> None:
    with pytest.raises(raised) as found:
        spark.each("made", raising(error), 2, ROWS)
    assert str(found.value) == told


def test_what_spark_itself_refuses(spark: SparkEngine) -> None:
    with pytest.raises(SparkFailed, match=r"^Spark: \[TABLE_OR_VIEW_NOT_FOUND\][^\n]*$"):
        spark.rows(ibis.table(ROWS, name="nowhere"))


KILLED = """
import sys
from pathlib import Path
import ibis
from pyspark import SparkContext
from healthscore_assets.lake.engine import Engine
from healthscore_assets.lake.lake import Lake
from healthscore_assets.lake.spark.engine import SparkEngine
from healthscore_assets.lake.spark.failed import SparkFailed
from healthscore_assets.lake.spark.refused import EngineRefused
from healthscore_assets.lake.spark.session import open_session

given = "local[1]", "SETTING", Path(sys.argv[1]) / "spark.log"
engine = SparkEngine(open_session(*given), Lake.at(Path(sys.argv[1])), Engine())
one = ibis.memtable({"n": [1]})
kept = engine.keep("one", engine.arrow("rows", one.to_pyarrow(), one.schema()))
SparkContext._gateway.proc.kill()
SparkContext._gateway.proc.wait()
for asked in (lambda: engine.rows(kept), lambda: open_session(*given)):
    try:
        asked()
    except (SparkFailed, EngineRefused) as error:
        print(type(error).__name__, error)
engine.close()
print("closed")
"""


def test_java_that_is_killed(tmp_path: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-c", KILLED, tmp_path], capture_output=True, text=True, timeout=300
    )
    failed, refused, closed = told.stdout.splitlines()
    assert failed.startswith("SparkFailed Spark: its Java has ended; why, is in spark.log")
    assert refused.startswith("EngineRefused HEALTHSCORE_ENGINE=spark: Spark has ended since")
    assert (closed, told.returncode) == ("closed", 0)
