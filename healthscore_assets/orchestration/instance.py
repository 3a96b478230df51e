"""The Dagster instance that the command line and the UI share."""

import os
import shutil
from contextlib import nullcontext
from pathlib import Path

import dagster as dg
from filelock import FileLock

_SETTINGS = Path(__file__).with_name("dagster.yaml")
_DEFAULT_HOME = ".dagster_home"
_LOCK = ".opening.lock"


def open_instance() -> dg.DagsterInstance:
    """The instance of ``DAGSTER_HOME`` (default: ``.dagster_home`` in the current folder).

    A missing or empty folder is set up first, by one process at a time: two that create
    Dagster's SQLite tables together fail on each other's.
    """
    home = Path(os.environ.get("DAGSTER_HOME") or _DEFAULT_HOME).absolute()
    home.mkdir(parents=True, exist_ok=True)
    # Nothing is set up in a folder that is mounted to be read: its tables are in a server.
    with FileLock(home / _LOCK) if os.access(home, os.W_OK) else nullcontext():
        if not any(path.name != _LOCK for path in home.iterdir()):
            shutil.copyfile(_SETTINGS, home / "dagster.yaml")
        os.environ["DAGSTER_HOME"] = str(home)
        return dg.DagsterInstance.get()


if __name__ == "__main__":
    open_instance().dispose()
