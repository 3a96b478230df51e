"""What Spark needs and may be without, looked for before any work starts."""

import importlib.util
import re
import shutil
import socket
import subprocess
from pathlib import Path

from healthscore_assets.lake.spark.refused import EngineRefused

OLDEST_JAVA = 17

_PATIENCE = 5.0
"""Seconds for a master to take a connection."""

_JAVA_WITHIN = 60.0
"""Seconds for Java to tell its version."""

_VERSION = re.compile(r'version "(\d+)')
_MASTER = re.compile(r"local(\[(\d+|\*)(,\d+)?\])?|yarn|k8s://.+|spark://(?P<hosts>.+)")
_HOST = re.compile(r"(?P<host>[^:/\s]+|\[[0-9a-fA-F:]+\]):(?P<port>\d{1,5})")
_MASTERS = "spark://host:port, local[*], yarn or k8s://..."


def need_pyspark() -> None:
    """Raises EngineRefused where the extra is not installed."""
    if importlib.util.find_spec("pyspark") is None:
        raise EngineRefused(
            "HEALTHSCORE_ENGINE=spark: pyspark is not installed here; install the extra with "
            "pip install 'healthscore-assets[spark]', or leave the setting at duckdb"
        )


def need_java(java_home: str | None) -> None:
    """Parameters: ``java_home`` is JAVA_HOME. Raises EngineRefused without a Java that will do."""
    path = str(Path(java_home) / "bin" / "java") if java_home else shutil.which("java")
    if path is None or not Path(path).is_file():
        where = f"JAVA_HOME={java_home} has no bin/java" if java_home else "PATH holds no java"
        raise EngineRefused(
            f"HEALTHSCORE_ENGINE=spark: Spark needs Java {OLDEST_JAVA}, and {where}; install it, "
            "such as Debian's openjdk-17-jre-headless, or set JAVA_HOME to where it is"
        )
    told = _version_told(path)
    found = _VERSION.search(told)
    if found is None or int(found[1]) < OLDEST_JAVA:
        version = f"of version {found[1]}" if found else "which does not tell its version"
        raise EngineRefused(
            f"HEALTHSCORE_ENGINE=spark: Spark needs Java {OLDEST_JAVA} or later, and {path} is a "
            f"Java {version}; set JAVA_HOME to a newer one"
        )


def _version_told(java: str) -> str:
    """Raises EngineRefused where it cannot be started, or does not come to an end."""
    try:
        return subprocess.run(
            [java, "-version"], capture_output=True, text=True, check=False, timeout=_JAVA_WITHIN
        ).stderr
    except (OSError, subprocess.TimeoutExpired) as error:
        reason = getattr(error, "strerror", None) or "it does not come to an end"
        raise EngineRefused(
            f"HEALTHSCORE_ENGINE=spark: {java} cannot be run ({reason}); set JAVA_HOME to a Java "
            f"{OLDEST_JAVA} of this machine"
        ) from None


def need_master(master: str, setting: str) -> None:
    """Raises EngineRefused where it is no master, or none of its hosts takes a connection.

    Parameters: ``setting`` is where it was set. Those of YARN and Kubernetes are Spark's to find.
    """
    told = _MASTER.fullmatch(master)
    hosts = (told["hosts"] or "").split(",") if told else []
    parsed = [_HOST.fullmatch(host) for host in hosts if host]
    if told is None or None in parsed:
        raise EngineRefused(f"{setting}: {master!r} is no master of Spark; expected {_MASTERS}")
    reasons = [_unreachable(each["host"].strip("[]"), int(each["port"])) for each in parsed if each]
    if reasons and None not in reasons:
        raise EngineRefused(
            f"{setting}: no master answers at {master} ({reasons[0]}); start it, or correct the "
            "setting"
        )


def _unreachable(host: str, port: int) -> str | None:
    """Why a connection is not taken; None where it is."""
    try:
        socket.create_connection((host, port), _PATIENCE).close()
    except (OSError, OverflowError) as error:
        return getattr(error, "strerror", None) or str(error)
    return None
