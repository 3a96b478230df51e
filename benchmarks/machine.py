"""What the figures were measured on, and with which versions."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks.measuring import memory_bytes
from healthscore_assets import __version__

_PROJECT = Path(__file__).parents[1]
_CODE = ("*.py", "*.yaml", "*.toml", "requirements*.txt", "lookups")
_PACKAGES = ("dagster", "duckdb", "ibis-framework", "pandas", "pyarrow")


def machine(*more_packages: str) -> dict[str, str]:
    """Date, hardware and versions, as they are told to people."""
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "processor": f"{_processor()}, {os.cpu_count()} cores",
        "memory": f"{memory_bytes() / 2**30:.1f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "healthscore": f"{__version__}, commit {_commit()}",
        "python": platform.python_version(),
        **{name: version(name) for name in (*_PACKAGES, *more_packages)},
    }


def _commit() -> str:
    """Of the code that is measured: ``changed`` where Python files or settings differ from it."""
    try:
        commit = _git("rev-parse", "--short=12", "HEAD").strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return f"{commit}, changed" if _git("status", "--porcelain", "--", *_CODE) else commit


def _git(*words: str) -> str:
    told = subprocess.run(["git", *words], cwd=_PROJECT, check=True, capture_output=True, text=True)
    return told.stdout


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
