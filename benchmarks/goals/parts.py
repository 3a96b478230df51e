"""What the graph's seconds on a size are made of, and its ratio without the fixed costs."""

from pathlib import Path
from statistics import median

from benchmarks.contestants.programs import HAND_WRITTEN
from benchmarks.data.dataset import Dataset
from benchmarks.goals.figure import Figure, at_most, told
from benchmarks.goals.of_contest import TO_SCRIPT
from benchmarks.goals.timed_months import EMPTY, GRAPH, timed_months
from benchmarks.medians import faster
from benchmarks.rounds import Told, compete


def parts(data: Dataset, rounds: int, work: Path, tell: Told) -> list[Figure]:
    """Months timed from within, beside the scripts; fixed costs are the start and Dagster's."""
    scripts = compete(data, HAND_WRITTEN, rounds, work / "scripts", tell)
    timed, empty = [], []
    for _ in range(rounds):
        timed.append(timed_months(GRAPH, data, work / GRAPH))
        empty.append(timed_months(EMPTY, data, work / EMPTY))
    months = len(timed[0].months)
    process = median(each.process for each in timed)
    start = median(each.outside for each in timed)
    queries = median(each.queries for each in timed)
    dagster = median(each.process - each.outside for each in empty)
    script = faster([*scripts.measured.values()]).seconds
    size = data.size.name

    def part(what: str, seconds: float) -> Figure:
        share = f"{seconds / process:.0%} of the {process:.2f} s of a run timed from within"
        behind = f"{share}, {seconds / script:.2f} x the script"
        return told(f"Of the graph on {size}: {what}", f"{seconds:.2f} s", behind)

    return [
        at_most(
            f"The graph on {size} without its fixed costs: at most {TO_SCRIPT} x the faster script",
            (process - start - dagster) / script,
            TO_SCRIPT,
            f"{process:.2f} s less {start:.2f} and {dagster:.2f} s, and {script:.2f} s",
        ),
        part("start of the process, months planned, its end (fixed)", start),
        part(f"Dagster, as {months} runs of as many empty assets (fixed)", dagster),
        part("its own queries, as it waits for DuckDB", queries),
        part("the rest", process - start - dagster - queries),
    ]
