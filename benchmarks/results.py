"""The results as a page to read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.contestants.programs import HAND_WRITTEN
from benchmarks.data.dataset import Dataset
from benchmarks.goals.figure import Figure
from benchmarks.markdown import table
from benchmarks.measuring import LIMIT
from benchmarks.medians import Measured, faster, least_peak_bytes
from benchmarks.rounds import SizeResult
from benchmarks.sizes import WIDE


@dataclass(frozen=True)
class Run:
    """All that was measured in one run of the command; ``complete`` if nothing was left out."""

    command: str
    rounds: int
    machine: Mapping[str, str]
    sizes: Mapping[str, tuple[Dataset, SizeResult]]
    goals: Sequence[Figure]
    complete: bool


def page(run: Run) -> str:
    """Markdown."""
    lines = ["# Benchmarks", "", "Written by the benchmarks; do not edit.", ""]
    if not run.complete:
        lines += ["**Not a full run**: for trying out, not for conclusions.", ""]
    lines += [
        f"Made by `{run.command}`. Each figure is the median of {run.rounds} runs, the contestants"
        " in turns, each a process from start to finish that reads files that were read before."
        " Seconds are of the clock, with the fastest and the slowest run; CPU seconds and the peak"
        " memory, that of the largest process, are what the system accounts for. A process that"
        f" fills {LIMIT:.0%} of the machine's memory is stopped: pages that it wrote to count,"
        " mappings that it only reserved and files do not. Programs that came to scores came to the"
        " six index scores of each client and month, equal to 1e-9 in every round; the others only"
        " read.",
        "",
        *table(["", ""], [[name, told] for name, told in run.machine.items()]),
        "",
    ]
    for data, result in run.sizes.values():
        lines += [*_of_size(data, result), ""]
    if run.goals:
        reached = {True: "yes", False: "no", None: ""}
        rows = [[goal.goal, goal.measured, reached[goal.met], goal.behind] for goal in run.goals]
        lines += [
            "## Goals",
            "",
            "Where neither yes nor no is said there is no goal: figures that explain the others.",
            "",
            *table(["goal", "measured", "reached", "from"], rows),
            "",
        ]
    return "\n".join(lines)


def _of_size(data: Dataset, result: SizeResult) -> list[str]:
    size = data.size
    what = (
        f"{size.visitors:,} visitors x {size.features} features, a CSV a month"
        if size.shape == WIDE
        else f"{size.rows:,} events a month in Parquet, {size.visitors:,} visitors,"
        f" {size.features} features"
    )
    cells = f", {size.cells:,} cells" if size.shape == WIDE else ""
    rows = f"{size.months * size.rows:,} rows{cells}, {data.bytes:,} bytes"
    scripts = [result.measured[each.name] for each in HAND_WRITTEN]
    seconds, memory = faster(scripts).seconds, least_peak_bytes(scripts)
    header = ["", "seconds", "from - to", "CPU seconds", "peak MiB", "x seconds", "x memory"]
    cost = [_row(name, each, seconds, memory) for name, each in result.measured.items()]
    lines = [
        f"## {size.name}: {size.months} months, {what}",
        "",
        f"{rows}; {size.clients:,} clients, {size.areas} areas. The ratios are to the seconds of"
        " the faster of the two hand-written scripts, and to the smaller memory of the two.",
        "",
        *table(header, cost),
        "",
        f"To the same scores came: {', '.join(result.equal)}.",
    ]
    for name, failure in result.failed.items():
        tried = "once" if failure.tries == 1 else f"{failure.tries} times, the last in vain"
        lines += ["", f"{name} could not do it, tried {tried}: `{failure.why}`"]
    return lines


def _row(name: str, measured: Measured, seconds: float, memory: float) -> list[str]:
    fastest, slowest = measured.span
    return [
        name,
        f"{measured.seconds:.2f}",
        f"{fastest:.2f} - {slowest:.2f}",
        f"{measured.cpu_seconds:.2f}",
        f"{measured.peak_bytes / 2**20:,.0f}",
        f"{measured.seconds / seconds:.2f}",
        f"{measured.peak_bytes / memory:.2f}",
    ]
