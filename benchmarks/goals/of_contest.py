"""Goals that follow from the contest of the sizes."""

from collections.abc import Mapping

from benchmarks.contestants.programs import GRAPH, HAND_WRITTEN, PANDAS
from benchmarks.goals.figure import Figure, at_most
from benchmarks.medians import faster
from benchmarks.rounds import SizeResult

TO_SCRIPT = 1.5
TO_PANDAS = 8.0
MEMORY_TO_PANDAS = 0.1
PEAK_BYTES = 4 * 10**9


def of_contest(results: Mapping[str, SizeResult]) -> list[Figure]:
    """Those that can be told from the sizes that were run."""
    figures = []
    if "M" in results:
        figures.append(_beside_scripts(results["M"]))
    if "S" in results and PANDAS.name in results["S"].measured:
        figures += _beside_pandas(results["S"])
    if "L" in results:
        peak = results["L"].measured[GRAPH.name].largest_peak_bytes
        goal = "Peak memory of the graph on L: under 4 GB"
        behind = "the largest of all rounds"
        figures.append(Figure(goal, f"{peak / 1e9:.2f} GB", peak < PEAK_BYTES, behind))
    return figures


def _beside_scripts(result: SizeResult) -> Figure:
    graph = result.measured[GRAPH.name]
    script = faster([result.measured[each.name] for each in HAND_WRITTEN])
    return at_most(
        f"The graph on M: at most {TO_SCRIPT} x the faster hand-written script",
        graph.seconds / script.seconds,
        TO_SCRIPT,
        f"{graph.seconds:.2f} s and {script.seconds:.2f} s",
    )


def _beside_pandas(result: SizeResult) -> list[Figure]:
    graph, pandas = result.measured[GRAPH.name], result.measured[PANDAS.name]
    times = pandas.seconds / graph.seconds
    share = graph.peak_bytes / pandas.peak_bytes
    return [
        Figure(
            f"The graph on S: at least {TO_PANDAS:.0f} x faster than the pandas scripts",
            f"{times:.2f} x",
            times >= TO_PANDAS,
            f"{graph.seconds:.2f} s and {pandas.seconds:.2f} s",
        ),
        at_most(
            "Memory of the graph on S: at most 0.1 x that of the pandas scripts",
            share,
            MEMORY_TO_PANDAS,
            f"{graph.peak_bytes / 2**20:,.0f} MiB and {pandas.peak_bytes / 2**20:,.0f} MiB",
        ),
    ]
