"""What a command costs before it does anything, beside importing Dagster alone."""

import sys
from pathlib import Path

from benchmarks.contestants.programs import HEALTHSCORE
from benchmarks.data.dataset import Dataset
from benchmarks.goals.figure import Figure, at_most, told
from benchmarks.goals.project import Project
from benchmarks.measuring import measure
from benchmarks.rounds import in_turns

LIMIT = 1.5


def process_start(data: Dataset, rounds: int, work: Path) -> list[Figure]:
    """`healthscore run` where nothing is due; and `healthscore --help`, which loads no Dagster."""
    done = Project.of(work / "done", data.files, data.lookups)
    done.run()
    found = in_turns(
        {
            "import": lambda: measure([[sys.executable, "-c", "import dagster"]]),
            "help": lambda: measure([[HEALTHSCORE, "--help"]]),
            "run": done.run,
        },
        rounds,
    )
    importing, helping, running = (found[each].seconds for each in ("import", "help", "run"))
    return [
        at_most(
            f"Process start, `healthscore run` with nothing due: at most {LIMIT} x importing"
            " Dagster",
            running / importing,
            LIMIT,
            f"{running:.2f} s and {importing:.2f} s",
        ),
        told(
            "`healthscore --help`, which loads no Dagster",
            f"{helping / importing:.2f} x",
            f"{helping:.2f} s, beside {importing:.2f} s of importing Dagster",
        ),
    ]
