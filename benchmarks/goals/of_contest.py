"""Goals that follow from the contest of the sizes."""

from collections.abc import Mapping

from benchmarks.contestants.programs import GRAPH, HAND_WRITTEN, PANDAS
from benchmarks.goals.figure import Figure, at_most
from benchmarks.medians import faster
from benchmarks.plan import GoalSizes
from benchmarks.rounds import SizeResult

TO_SCRIPT = 1.5
TO_PANDAS = 8.0
MEMORY_TO_PANDAS = 0.1
PEAK_BYTES = 4 * 10**9


def of_contest(results: Mapping[str, SizeResult], sizes: GoalSizes) -> list[Figure]:
    """Those that can be told from the sizes that were run."""
    figures = []
    if sizes.beside_scripts in results:
        figures.append(_beside_scripts(sizes.beside_scripts, results[sizes.beside_scripts]))
    beside_pandas = results.get(sizes.beside_pandas)
    if beside_pandas is not None and PANDAS.name in beside_pandas.measured:
        figures += _beside_pandas(sizes.beside_pandas, beside_pandas)
    if sizes.memory in results:
        peak = results[sizes.memory].measured[GRAPH.name].largest_peak_bytes
        goal = f"Peak memory of the graph on {sizes.memory}: under 4 GB"
        behind = "the largest of all rounds"
        figures.append(Figure(goal, f"{peak / 1e9:.2f} GB", peak < PEAK_BYTES, behind))
    return figures


def _beside_scripts(size: str, result: SizeResult) -> Figure:
    graph = result.measured[GRAPH.name]
    script = faster([result.measured[each.name] for each in HAND_WRITTEN])
    return at_most(
        f"The graph on {size}: at most {TO_SCRIPT} x the faster hand-written script",
        graph.seconds / script.seconds,
        TO_SCRIPT,
        f"{graph.seconds:.2f} s and {script.seconds:.2f} s",
    )


def _beside_pandas(size: str, result: SizeResult) -> list[Figure]:
    graph, pandas = result.measured[GRAPH.name], result.measured[PANDAS.name]
    times = pandas.seconds / graph.seconds
    share = graph.peak_bytes / pandas.peak_bytes
    return [
        Figure(
            f"The graph on {size}: at least {TO_PANDAS:.0f} x faster than the pandas scripts",
            f"{times:.2f} x",
            times >= TO_PANDAS,
            f"{graph.seconds:.2f} s and {pandas.seconds:.2f} s",
        ),
        at_most(
            f"Memory of the graph on {size}: at most {MEMORY_TO_PANDAS} x that of the pandas"
            " scripts",
            share,
            MEMORY_TO_PANDAS,
            f"{graph.peak_bytes / 2**20:,.0f} MiB and {pandas.peak_bytes / 2**20:,.0f} MiB",
        ),
    ]
