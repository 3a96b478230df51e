"""The session of this process, which ends with it."""

import atexit
import functools
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import tenacity
from py4j.protocol import Py4JError, Py4JJavaError
from pyspark import SparkConf, SparkContext
from pyspark.errors import PySparkRuntimeError
from pyspark.java_gateway import launch_gateway
from pyspark.sql import SparkSession

from healthscore_assets.lake.spark.needed import need_master
from healthscore_assets.lake.spark.refused import EngineRefused

HERE = "local[*]"
"""The master where nothing names one: this machine, with all its cores."""

_OPENED_WITHIN, _EXECUTOR_WITHIN = 300.0, 120.0
"""Seconds for a master to take the application, and for it to give a first executor."""

_STOPPED = "stopped SparkContext"

_DEFAULTS = {
    "spark.app.name": "healthscore",
    "spark.log.level": "ERROR",
}
_DEFAULTS_HERE = {
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.ui.enabled": "false",
}


def open_session(
    master: str | None, setting: str, log: Path, opened_within: float = _OPENED_WITHIN
) -> SparkSession:
    """The session of this process; see `_opened`.

    Raises EngineRefused where it cannot be had, or has ended meanwhile.
    """
    session = _opened(master, setting, log, opened_within)
    if _has_ended(session):
        raise EngineRefused(
            "HEALTHSCORE_ENGINE=spark: Spark has ended since this process opened it; why, is "
            f"in {log} or in the log of the system; run again"
        )
    return session


@functools.cache
def _opened(master: str | None, setting: str, log: Path, within: float) -> SparkSession:
    """A session on that master, else on the one of ``spark-submit`` or ``spark-defaults.conf``.

    Whatever is set there counts before what is set here. Parameters: ``setting`` names where the
    master was set; ``log`` is the file to which Java's words are added.
    Raises EngineRefused where Java does not start, the master does not answer or gives no executor.
    """
    _start_java(log)
    conf = SparkConf()  # what those settings say
    if master is None:
        master, setting = str(conf.get("spark.master", HERE)), "spark.master"
    need_master(master, setting)
    conf.setMaster(master).set("spark.ui.showConsoleProgress", "false")
    here = master.startswith("local")
    for name, value in (_DEFAULTS | (_DEFAULTS_HERE if here else {})).items():
        conf.setIfMissing(name, value)
    with _answering(f"{setting}: no session of Spark at {master}", within, log):
        session = SparkSession.builder.config(conf=conf).getOrCreate()
        atexit.register(_stop, session)
        if not here and conf.get("spark.dynamicAllocation.enabled", "false") != "true":
            _await_executor(session, master, setting)
    return session


def _start_java(log: Path) -> None:
    """Its first words, of modules and log files, are nobody's concern, unless they are its last."""
    if SparkContext._gateway is not None:
        return
    with log.open("a") as said:
        try:
            gateway = launch_gateway(popen_kwargs={"stderr": said})
            SparkContext._ensure_initialized(gateway=gateway)
        except PySparkRuntimeError:
            words = " ".join(log.read_text().split()[-60:])
            raise EngineRefused(f"HEALTHSCORE_ENGINE=spark: Java did not start: {words}") from None


@contextmanager
def _answering(what: str, within: float, log: Path) -> Iterator[None]:
    """Java is ended where it takes longer: it would ask some masters for good.

    Raises EngineRefused where it does, or gives up by itself.
    """
    expired = threading.Event()
    java = getattr(SparkContext._gateway, "proc", None)  # none where spark-submit started it

    def end() -> None:
        expired.set()
        if java is not None:
            java.kill()

    timer = threading.Timer(within, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    except (Py4JError, ConnectionError) as error:
        if expired.is_set():
            reason = f"it did not answer within {within:.0f} s; see that it is up and has room"
        else:
            reason = _innermost(error)
        raise EngineRefused(f"{what}: {reason} (Java's words are in {log})") from None
    finally:
        timer.cancel()


def _innermost(error: Py4JError | ConnectionError) -> str:
    """The cause that has no other behind it, in one line."""
    if not isinstance(error, Py4JJavaError):
        return str(error).splitlines()[0]
    cause = error.java_exception
    while (behind := cause.getCause()) is not None:
        cause = behind
    if _STOPPED in str(cause):  # and only the log says why
        return "it took no application, and Spark gave up on it; see that it is a master"
    return str(cause).splitlines()[0]


def _has_ended(session: SparkSession) -> bool:
    try:
        return bool(session.sparkContext._jsc.sc().isStopped())
    except (Py4JError, OSError):  # and Java with it
        return True


def _stop(session: SparkSession) -> None:
    with suppress(Py4JError, OSError):  # where Spark has ended before
        session.stop()


def _await_executor(session: SparkSession, master: str, setting: str) -> None:
    """Queries would wait for one for good."""
    known = session.sparkContext._jsc.sc()
    try:
        tenacity.Retrying(
            stop=tenacity.stop_after_delay(_EXECUTOR_WITHIN),
            wait=tenacity.wait_fixed(0.2),
            retry=tenacity.retry_if_result(lambda processes: processes < 2),  # the driver is one
        )(lambda: known.getExecutorMemoryStatus().size())
    except tenacity.RetryError:
        raise EngineRefused(
            f"{setting}: {master} gave no executor in {_EXECUTOR_WITHIN:.0f} s; it has no worker "
            f"that is free and offers the {known.executorMemory()} MiB of memory asked for "
            "(spark.executor.memory in spark-defaults.conf changes that)"
        ) from None
