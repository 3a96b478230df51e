"""The Dagster instance that the command line and the UI share."""

import os
import shutil
from contextlib import nullcontext
from pathlib import Path

import dagster as dg
from filelock import FileLock

_SETTINGS = Path(__file__).with_name("dagster.yaml")
_DEFAULT_HOME = ".dagster_home"
_LOCK, _SPARK_LOG = ".opening.lock", "spark.log"


def spark_log() -> Path:
    """The file for what Spark says by itself; nowhere in a home that is mounted to be read."""
    home = _home()
    return home / _SPARK_LOG if os.access(home, os.W_OK) else Path(os.devnull)


def open_instance() -> dg.DagsterInstance:
    """The instance of ``DAGSTER_HOME`` (default: ``.dagster_home`` in the current folder).

    A missing or empty folder is set up first, by one process at a time: two that create
    Dagster's SQLite tables together fail on each other's.
    """
    home = _home()
    # Nothing is set up in a folder that is mounted to be read: its tables are in a server.
    with FileLock(home / _LOCK) if os.access(home, os.W_OK) else nullcontext():
        if all(path.name in (_LOCK, _SPARK_LOG) for path in home.iterdir()):
            shutil.copyfile(_SETTINGS, home / "dagster.yaml")
        os.environ["DAGSTER_HOME"] = str(home)
        return dg.DagsterInstance.get()


def _home() -> Path:
    home = Path(os.environ.get("DAGSTER_HOME") or _DEFAULT_HOME).absolute()
    home.mkdir(parents=True, exist_ok=True)
    return home


if __name__ == "__main__":
    open_instance().dispose()
