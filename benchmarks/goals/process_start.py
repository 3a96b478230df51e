"""What a command costs before it does anything, beside importing Dagster alone."""

import sys
from pathlib import Path

from benchmarks.contestants.programs import HEALTHSCORE
from benchmarks.data.dataset import Dataset
from benchmarks.goals.figure import Figure, at_most
from benchmarks.goals.project import Project
from benchmarks.measuring import measure
from benchmarks.rounds import in_turns

LIMIT = 1.5


def process_start(data: Dataset, rounds: int, work: Path) -> list[Figure]:
    """`healthscore --help`, and `healthscore run` where nothing is due."""
    done = Project.of(work / "done", data.files, data.lookups)
    done.run()
    found = in_turns(
        {
            "import": lambda: measure([[sys.executable, "-c", "import dagster"]]),
            "healthscore --help": lambda: measure([[HEALTHSCORE, "--help"]]),
            "healthscore run, nothing due": done.run,
        },
        rounds,
    )
    importing = found.pop("import").seconds
    return [
        at_most(
            f"`{command}`: at most {LIMIT} x importing Dagster",
            measured.seconds / importing,
            LIMIT,
            f"{measured.seconds:.2f} s and {importing:.2f} s",
        )
        for command, measured in found.items()
    ]
