"""The Dagster instance that the command line and the UI share."""

import os
import shutil
from pathlib import Path

import dagster as dg

_SETTINGS = Path(__file__).with_name("dagster.yaml")
_DEFAULT_HOME = ".dagster_home"


def open_instance() -> dg.DagsterInstance:
    """The instance of ``DAGSTER_HOME`` (default: ``.dagster_home`` in the current folder).

    A missing or empty folder is set up first.
    """
    home = Path(os.environ.get("DAGSTER_HOME") or _DEFAULT_HOME).absolute()
    home.mkdir(parents=True, exist_ok=True)
    if not any(home.iterdir()):
        shutil.copyfile(_SETTINGS, home / "dagster.yaml")
    os.environ["DAGSTER_HOME"] = str(home)
    return dg.DagsterInstance.get()


if __name__ == "__main__":
    open_instance().dispose()
