"""A standalone cluster of Spark: a master and workers, each a process on the loopback interface."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pyspark

_SPARK_CLASS = Path(pyspark.__file__).parent / "bin" / "spark-class"
_SECONDS = 120
_DEPLOY = "org.apache.spark.deploy"
_MASTER_AT = re.compile(r"Starting Spark master at (spark://[\w.]+:\d+)")
_REGISTERED = re.compile(r"Successfully registered with master")


@dataclass
class Cluster:
    """Where the master is, and its workers' processes."""

    folder: Path
    master: str = ""
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start_master(self) -> None:
        options = ["--host", "127.0.0.1", "--port", "0", "--webui-port", "0"]
        self.master = self._started("master", ["master.Master", *options], _MASTER_AT)

    def start_worker(self, name: str) -> subprocess.Popen[bytes]:
        """One core, and memory for one executor."""
        options = ["--host", "127.0.0.1", "--cores", "1", "--memory", "1200m", "--webui-port", "0"]
        work = ["--work-dir", str(self.folder / name)]
        self._started(name, ["worker.Worker", *options, *work, self.master], _REGISTERED)
        return self.processes[-1]

    def _started(self, name: str, command: list[str], ready: re.Pattern[str]) -> str:
        log = self.folder / f"{name}.log"
        env = {**os.environ, "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_LOG_DIR": str(self.folder)}
        env.pop("SPARK_HOME", None)
        with log.open("wb") as out:
            process = subprocess.Popen(
                [_SPARK_CLASS, f"{_DEPLOY}.{command[0]}", *command[1:]],
                stdout=out,
                stderr=subprocess.STDOUT,
                env=env,
                start_new_session=True,  # so that an executor is killed with its worker
            )
        self.processes.append(process)
        until = time.monotonic() + _SECONDS
        while (found := ready.search(log.read_text())) is None:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < until, log.read_text()
            time.sleep(0.1)
        return found[found.lastindex or 0]


def kill(process: subprocess.Popen[bytes]) -> None:
    """A worker and its executor, without a word."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@contextmanager
def running(folder: Path) -> Iterator[Cluster]:
    """A cluster without workers, which is gone afterwards."""
    cluster = Cluster(folder)
    try:
        cluster.start_master()
        yield cluster
    finally:
        for process in cluster.processes:
            if process.poll() is None:
                kill(process)
