"""A module of the benchmarks, run as people run it."""

import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parents[1]


def run(*words: str | Path) -> str:
    """A module of the benchmarks; what it printed."""
    command = [sys.executable, "-m", *words]
    done = subprocess.run(command, cwd=PROJECT, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout
