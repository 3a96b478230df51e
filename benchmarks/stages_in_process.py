"""The months of an inbox in one process, timed by stage.

    python -m benchmarks.stages_in_process EXPORTS LOOKUPS LAKE STAGES.json

Writes JSON: per month, seconds, CPU seconds and seconds of DuckDB of each of its steps in their
order, and of the month.
"""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.due_months import due_months
from benchmarks.goals.timed_queries import TimedQueries

MONTH = "a month"

Figures = tuple[float, float, float]


class Clock:
    """Tells what a span took: of the clock, of the CPU, and waiting for DuckDB."""

    def __init__(self, queries: TimedQueries) -> None:
        self._queries = queries

    def now(self) -> Figures:
        """To be subtracted from a later one."""
        return time.perf_counter(), time.process_time(), self._queries.seconds

    def since(self, then: Figures) -> Figures:
        """What went by."""
        seconds, cpu, queried = (now - at for now, at in zip(self.now(), then, strict=True))
        return seconds, cpu, queried


@contextmanager
def timed_steps(instance: Any, clock: Clock) -> Iterator[dict[str, Figures]]:
    """Steps run in here are timed by the events that Dagster hands in when they start and end."""
    took: dict[str, Figures] = {}
    started: dict[str, Figures] = {}
    handled = instance.handle_new_event

    def handle(entry: Any, **options: Any) -> None:
        event = entry.dagster_event
        if event is not None and event.is_step_success:
            took[event.step_key] = clock.since(started[event.step_key])
        handled(entry, **options)
        if event is not None and event.is_step_start:
            started[event.step_key] = clock.now()

    instance.handle_new_event = handle
    try:
        yield took
    finally:
        instance.handle_new_event = handled


def main(exports: Path, lookups: Path, lake: Path, into: Path) -> None:
    """Run what is due."""
    queries = TimedQueries()
    clock = Clock(queries)
    months = []
    with queries.counted():
        for instance, run in due_months(exports, lookups, lake):
            started = clock.now()
            with timed_steps(instance, clock) as took:
                run()
            months.append({**took, MONTH: clock.since(started)})
    into.write_text(json.dumps(months))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:5]))
