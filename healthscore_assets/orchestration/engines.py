"""Which engine computes the tables, and how it is opened."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from healthscore_assets.lake.computes import Computes
from healthscore_assets.lake.engine import Engine
from healthscore_assets.lake.engine_name import EngineName
from healthscore_assets.lake.lake import Lake
from healthscore_assets.lake.spark.needed import need_java, need_master, need_pyspark
from healthscore_assets.lake.spark.sizes import process_memory
from healthscore_assets.orchestration.instance import spark_log
from healthscore_assets.reading.inbox_files import largest_delivery

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

ENGINE_VARIABLE = "HEALTHSCORE_ENGINE"
MASTER_VARIABLE = "HEALTHSCORE_SPARK_MASTER"


def engine_named(name: str) -> EngineName:
    """The engine of that name. Raises ValueError for another text."""
    try:
        return EngineName(name)
    except ValueError:
        expected = " or ".join(EngineName)
        raise ValueError(f"{ENGINE_VARIABLE}: {name!r} is no engine; expected {expected}") from None


def need_spark() -> str | None:
    """See that a session may be opened, in a moment; the master that is set, if one is.

    Raises EngineRefused where what it needs is missing or no master answers.
    """
    master = os.environ.get(MASTER_VARIABLE) or None
    need_pyspark()
    need_java(os.environ.get("JAVA_HOME"))
    if master is not None:
        need_master(master, MASTER_VARIABLE)
    return master


def open_spark(inbox: Path) -> "SparkSession":
    """The session of this process, opened once, for deliveries as large as those of the inbox.

    Raises EngineRefused where it cannot be had, ExportRefused for an inbox that cannot be read.
    """
    master = need_spark()
    largest = largest_delivery(inbox)
    # Where Spark looks last: what is set in spark-defaults.conf or by spark-submit comes before.
    memory = process_memory(largest, psutil.virtual_memory().total)
    os.environ.setdefault("SPARK_DRIVER_MEMORY", f"{memory}m")
    os.environ.setdefault("SPARK_EXECUTOR_MEMORY", f"{process_memory(largest)}m")
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)

    from healthscore_assets.lake.spark.session import open_session

    return open_session(master, MASTER_VARIABLE, spark_log())


def spark_engine(inbox: Path, lake: Lake, local: Engine) -> Computes:
    """An engine on that session, for one run. Raises EngineRefused where it cannot be had."""
    session = open_spark(inbox)

    from healthscore_assets.lake.spark.engine import SparkEngine

    return SparkEngine(session, lake, local)
