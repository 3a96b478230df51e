"""One Spark for all tests, on two cores of this machine; it needs the `spark` extra and Java 17."""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from healthscore_assets.lake.engine import Engine
from healthscore_assets.lake.lake import Lake
from healthscore_assets.lake.spark.engine import SparkEngine


def pytest_configure(config: pytest.Config) -> None:
    """PySpark leaves the sockets that results come by to the garbage collector."""
    config.addinivalue_line("filterwarnings", "ignore:unclosed <socket:ResourceWarning")


def pytest_sessionstart() -> None:
    """Without Java nothing here can run, which is a failure."""
    home = os.environ.get("JAVA_HOME")
    if not (shutil.which("java") or (home and (Path(home) / "bin" / "java").is_file())):
        pytest.exit("tests/spark needs Java 17: apt-get install openjdk-17-jre-headless", 1)


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkEngine]:
    """A session that listens on the loopback interface alone, says errors alone, and is closed."""
    from pyspark.sql import SparkSession

    place = tmp_path_factory.mktemp("spark")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        patch.delenv("SPARK_HOME", raising=False)
        session = (
            SparkSession.builder.master("local[2]")
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.driver.memory", "1g")
            .config("spark.local.dir", str(place))
            .config("spark.sql.warehouse.dir", str(place / "warehouse"))
            # Tables this small are planned and compiled for longer than they are computed.
            .config("spark.driver.extraJavaOptions", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")
            .config("spark.sql.session.timeZone", "UTC")
            .config("spark.ui.enabled", "false")
            .config("spark.ui.showConsoleProgress", "false")
            .config("spark.log.level", "ERROR")
            .getOrCreate()
        )
        gateway = session.sparkContext._gateway
        engine = SparkEngine(session, Lake.at(place / "lake"), Engine())
        yield engine
        engine.close()
        session.stop()
        gateway.shutdown()
