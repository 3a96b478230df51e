"""What a command costs: seconds, CPU seconds and peak memory, as the system accounts for them."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.launcher import THEN

_LAUNCHER = Path(__file__).with_name("launcher.py")
_PROJECT = Path(__file__).parents[1]

LIMIT = 0.9
"""Of the machine's memory a process may fill; it is stopped there, before the system is short."""


@dataclass(frozen=True)
class Cost:
    """Of one command, or of several one after the other: sums, and the largest peak."""

    seconds: float
    cpu_seconds: float
    peak_bytes: int


@dataclass(frozen=True)
class Failed(Exception):
    """A command that did not come to its end, and why."""

    command: str
    why: str

    def __str__(self) -> str:
        return f"{self.command}: {self.why}"


def measure(
    commands: Sequence[Sequence[str | Path]], environment: Mapping[str, str] | None = None
) -> Cost:
    """Run commands one after the other, each a process from start to finish.

    The memory is that of the process tree's largest process. What was written before is put on the
    disk first, so that nobody pays for somebody else's files.
    Raises Failed.
    """
    words = [str(word) for command in commands for word in (*command, THEN)][:-1]
    with tempfile.TemporaryDirectory() as folder:
        errors = Path(folder) / "errors"
        os.sync()
        told = subprocess.run(
            [sys.executable, "-S", _LAUNCHER, str(_limit()), errors, *words],
            env={**clean_environment(), **(environment or {})},
            check=True,
            capture_output=True,
            text=True,
        )
        used = json.loads(told.stdout)
        if used[-1]["status"]:
            command = " ".join(Path(str(word)).name for word in commands[len(used) - 1][:2])
            if used[-1]["stopped"]:
                raise Failed(command, f"stopped with more than {_limit() / 2**30:.1f} GiB filled")
            raise Failed(command, _why(used[-1]["status"], errors.read_text(errors="replace")))
    return Cost(
        sum(each["seconds"] for each in used),
        sum(each["cpu_seconds"] for each in used),
        max(each["peak_bytes"] for each in used),
    )


def measure_module(
    name: str, *arguments: str | Path, environment: Mapping[str, str] | None = None
) -> Cost:
    """Run one of these modules by this Python, a process from start to finish. Raises Failed."""
    command = [sys.executable, "-m", name, *arguments]
    return measure([command], {**(environment or {}), "PYTHONPATH": str(_PROJECT)})


def clean_environment() -> dict[str, str]:
    """That of this process, without what points the graph to anybody's data."""
    ours = ("HEALTHSCORE_", "DAGSTER_HOME")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


def memory_bytes() -> int:
    """Of the machine."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _limit() -> int:
    return int(LIMIT * memory_bytes())


def _why(status: int, errors: str) -> str:
    lines = [line for line in errors.splitlines() if line.strip()]
    said = lines[-1].strip() if lines else "nothing on standard error"
    ended = f"ended with {status}" if status > 0 else f"killed by signal {-status}"
    return f"{ended}: {said}"
