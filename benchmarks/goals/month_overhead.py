"""What a month costs beyond its own queries, beside as many assets that do nothing."""

from pathlib import Path
from statistics import median

from benchmarks.data.dataset import Dataset
from benchmarks.goals.figure import Figure, at_most
from benchmarks.goals.timed_months import EMPTY, GRAPH, timed_months

LIMIT = 1.3


def month_overhead(data: Dataset, rounds: int, work: Path) -> list[Figure]:
    """The months after a process's first, which also loads and compiles what the others use."""
    ours: list[float] = []
    queries: list[float] = []
    empty: list[float] = []
    first: list[tuple[float, float]] = []
    for _ in range(rounds):
        graph = timed_months(GRAPH, data, work / GRAPH).months
        nothing = timed_months(EMPTY, data, work / EMPTY).months
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
