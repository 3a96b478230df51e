"""Every month of an inbox in one process, timed from within."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from benchmarks.contestants.programs import fresh_instance
from benchmarks.data.dataset import Dataset
from benchmarks.measuring import measure_module

GRAPH = "graph"
EMPTY = "empty"


@dataclass(frozen=True)
class Months:
    """Seconds of a process, and per month its seconds and those that it waited for DuckDB."""

    process: float
    months: list[tuple[float, float]]

    @property
    def outside(self) -> float:
        """Seconds in which no month was run: the start of the process, the planning, the end."""
        return self.process - sum(seconds for seconds, _ in self.months)

    @property
    def queries(self) -> float:
        """Seconds of all months."""
        return sum(queried for _, queried in self.months)


def timed_months(what: str, data: Dataset, work: Path) -> Months:
    """The graph, or as many assets that do nothing, into a fresh lake and a fresh instance.

    Raises Failed.
    """
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    into = work / "months.json"
    given = what, data.exports, data.lookups, work / "lake", into
    program = "benchmarks.goals.months_in_process"
    cost = measure_module(program, *given, environment=fresh_instance(work))
    months = [(seconds, queried) for seconds, queried in json.loads(into.read_text())]
    shutil.rmtree(work)
    return Months(cost.seconds, months)
