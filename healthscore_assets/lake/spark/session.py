"""The session of this process, which ends with it."""

import atexit
import functools
import tempfile
from contextlib import suppress

import tenacity
from py4j.protocol import Py4JError
from pyspark import SparkConf, SparkContext
from pyspark.errors import PySparkRuntimeError
from pyspark.java_gateway import launch_gateway
from pyspark.sql import SparkSession

from healthscore_assets.lake.spark.needed import need_master
from healthscore_assets.lake.spark.refused import EngineRefused

HERE = "local[*]"
"""The master where nothing names one: this machine, with all its cores."""

_PATIENCE = 120
"""Seconds for a cluster to give a first executor."""

_DEFAULTS = {
    "spark.app.name": "healthscore",
    "spark.log.level": "ERROR",
}
_DEFAULTS_HERE = {
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.ui.enabled": "false",
}


@functools.cache
def open_session(master: str | None, setting: str) -> SparkSession:
    """A session on that master, else on the one of ``spark-submit`` or ``spark-defaults.conf``.

    Whatever is set there counts before what is set here. Parameters: ``setting`` names where the
    master was set.
    Raises EngineRefused where Java does not start, the master does not answer or gives no executor.
    """
    _start_java()
    conf = SparkConf()  # what those settings say
    if master is None:
        master, setting = str(conf.get("spark.master", HERE)), "spark.master"
    need_master(master, setting)
    conf.setMaster(master).set("spark.ui.showConsoleProgress", "false")
    here = master.startswith("local")
    for name, value in (_DEFAULTS | (_DEFAULTS_HERE if here else {})).items():
        conf.setIfMissing(name, value)
    try:
        session = SparkSession.builder.config(conf=conf).getOrCreate()
    except Py4JError as error:
        reason = str(getattr(error, "java_exception", error)).splitlines()[0]
        raise EngineRefused(f"{setting}: no session of Spark at {master}: {reason}") from None
    atexit.register(_stop, session)
    if not here and conf.get("spark.dynamicAllocation.enabled", "false") != "true":
        _await_executor(session, master, setting)
    return session


def _start_java() -> None:
    """Its first words, of modules and log files, are nobody's concern, unless they are its last."""
    with tempfile.TemporaryFile("w+") as said:
        try:
            if SparkContext._gateway is None:
                gateway = launch_gateway(popen_kwargs={"stderr": said})
                SparkContext._ensure_initialized(gateway=gateway)
        except PySparkRuntimeError:
            said.seek(0)
            words = " ".join(said.read().split()[-60:])
            raise EngineRefused(f"HEALTHSCORE_ENGINE=spark: Java did not start: {words}") from None


def _stop(session: SparkSession) -> None:
    with suppress(Py4JError, OSError):  # where Spark has ended before
        session.stop()


def _await_executor(session: SparkSession, master: str, setting: str) -> None:
    """Queries would wait for one for good."""
    known = session.sparkContext._jsc.sc()
    try:
        tenacity.Retrying(
            stop=tenacity.stop_after_delay(_PATIENCE),
            wait=tenacity.wait_fixed(0.2),
            retry=tenacity.retry_if_result(lambda processes: processes < 2),  # the driver is one
        )(lambda: known.getExecutorMemoryStatus().size())
    except tenacity.RetryError:
        raise EngineRefused(
            f"{setting}: {master} gave no executor in {_PATIENCE} s; it has no worker that is "
            f"free and offers the {known.executorMemory()} MiB of memory asked for "
            "(spark.executor.memory in spark-defaults.conf changes that)"
        ) from None
