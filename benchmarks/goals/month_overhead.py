"""What a month costs beyond its own queries, beside as many assets that do nothing."""

import json
import subprocess
import sys
from pathlib import Path
from statistics import median

from benchmarks.data.dataset import Dataset
from benchmarks.goals.figure import Figure, at_most
from benchmarks.goals.project import Project
from benchmarks.measuring import clean_environment

LIMIT = 1.3


def month_overhead(data: Dataset, rounds: int, work: Path) -> list[Figure]:
    """The months after a process's first, which also loads and compiles what the others use."""
    ours: list[float] = []
    queries: list[float] = []
    empty: list[float] = []
    first: list[tuple[float, float]] = []
    for _ in range(rounds):
        graph = _months("graph", data, work)
        nothing = _months("empty", data, work)
        first.append((graph[0][0] - graph[0][1], nothing[0][0]))
        ours.append(median(seconds - queried for seconds, queried in graph[1:]))
        queries.append(median(queried for _, queried in graph[1:]))
        empty.append(median(seconds for seconds, _ in nothing[1:]))
    beyond, alone = median(ours), median(empty)
    first_ours, first_empty = (median(each) for each in zip(*first, strict=True))
    return [
        at_most(
            f"A month beyond its own queries: at most {LIMIT} x as many empty assets",
            beyond / alone,
            LIMIT,
            f"{beyond:.2f} s beside {median(queries):.2f} s of queries, and {alone:.2f} s; the"
            f" first month of a process {first_ours:.2f} s and {first_empty:.2f} s",
        )
    ]


def _months(what: str, data: Dataset, work: Path) -> list[tuple[float, float]]:
    """Seconds of each month and of its queries, in a process and an instance of their own."""
    project = Project.of(work / what, data.files, data.lookups)
    told = subprocess.run(
        [sys.executable, "-m", "benchmarks.goals.months_in_process", what, project.folder],
        cwd=Path(__file__).parents[2],
        env={**clean_environment(), **project.environment},
        check=True,
        capture_output=True,
        text=True,
    )
    return [(seconds, queried) for seconds, queried in json.loads(told.stdout.splitlines()[-1])]
