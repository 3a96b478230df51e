"""The months by both engines as a page to read."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median

from benchmarks.markdown import table
from benchmarks.measuring import Cost
from benchmarks.sizes import Size


@dataclass(frozen=True)
class EngineMonth:
    """Seconds of the steps of a month, the ``nth`` of its process, in one round.

    ``here`` are those of steps on this machine alone; ``process`` is the cost of all its months.
    """

    size: str
    engine: str
    nth: int
    round: int
    here: float
    elsewhere: float
    process: Cost


@dataclass(frozen=True)
class EnginesRun:
    """All that was measured in one run of the command."""

    command: str
    rounds: int
    machine: Mapping[str, str]
    sizes: Mapping[str, Size]
    months: Sequence[EngineMonth]

    def told(self) -> dict[str, object]:
        """As JSON."""
        return {
            "command": self.command,
            "rounds": self.rounds,
            "machine": {**self.machine},
            "sizes": {name: asdict(size) for name, size in self.sizes.items()},
            "months": [asdict(month) for month in self.months],
        }


def page(run: EnginesRun) -> str:
    """Markdown: a row per size, month and engine."""
    rows: list[list[str]] = []
    by_duckdb: dict[tuple[str, int], float] = {}
    for size in run.sizes:
        for nth in sorted({each.nth for each in run.months if each.size == size}):
            for engine in dict.fromkeys(each.engine for each in run.months):
                which = [e for e in run.months if (e.size, e.nth, e.engine) == (size, nth, engine)]
                here = median(each.here for each in which)
                elsewhere = median(each.elsewhere for each in which)
                both = [each.here + each.elsewhere for each in which]
                first = by_duckdb.setdefault((size, nth), median(both))
                rows.append(
                    [
                        f"{size}, month {nth}, {engine}",
                        f"{here:.1f}",
                        f"{elsewhere:.1f}",
                        f"{median(both):.1f}",
                        f"{min(both):.1f} - {max(both):.1f}",
                        f"{median(both) / first:.1f}",
                    ]
                )
    header = ["", "here alone: s", "the rest: s", "steps: s", "from - to", "x DuckDB"]
    lines = [
        "# Engines",
        "",
        "Written by the benchmarks; do not edit.",
        "",
        f"Made by `{run.command}`. The first months of each size by DuckDB and by Spark,"
        f" `local[*]`, in turns; each figure is the median of {run.rounds} runs. Seconds are those"
        " of the steps of a month, as Dagster recorded them, added up. *Here alone* are steps that"
        " only the machine of the command takes part in, whatever the engine: files are recognised,"
        " archived and counted, and wide exports read. The rest is what executors of a cluster"
        " share, but for joining parts and holding tables to their contracts. Month 1 of a process"
        " also compiles what the others use, and starts Spark. Both came to the six index scores"
        " of each client and month, equal to 1e-9 in every round.",
        "",
        *table(["", ""], [[name, told] for name, told in run.machine.items()]),
        "",
        *(_what(size) for size in run.sizes.values()),
        "",
        *table(header, rows),
        "",
    ]
    return "\n".join(lines)


def _what(size: Size) -> str:
    return f"* {size.name}: {size.cells // size.months:,} cells a month in {size.rows:,} rows"
