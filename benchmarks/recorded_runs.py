"""What a Dagster instance recorded of the runs of months: seconds, and seconds of each step."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import dagster as dg

_PARTITION = "dagster/partition"


@dataclass(frozen=True)
class MonthRun:
    """A run that came through: seconds from its start to its end, and of its steps by stage."""

    month: str
    seconds: float
    steps: dict[str, float]


def stage_of(step: str) -> str:
    """The name of a step as the documents have it."""
    return step.removesuffix("_step")


def recorded_runs(home: Path) -> list[MonthRun]:
    """The newest run of each month, oldest month first.

    Parameters: ``home`` is the instance's folder, its ``DAGSTER_HOME``.
    """
    with _instance(home) as instance:
        records = instance.get_run_records(dg.RunsFilter(statuses=[dg.DagsterRunStatus.SUCCESS]))
        runs = {}
        for record in reversed(records):
            run, started, ended = record.dagster_run, record.start_time, record.end_time
            if _PARTITION not in run.tags:
                continue
            assert started is not None, run
            assert ended is not None, run
            steps = {
                stage_of(step.step_key): step.end_time - step.start_time
                for step in instance.get_run_step_stats(run.run_id)
                if step.start_time is not None and step.end_time is not None
            }
            month = run.tags[_PARTITION]
            runs[month] = MonthRun(month, ended - started, steps)
    return [runs[month] for month in sorted(runs)]


@contextmanager
def _instance(home: Path) -> Iterator[dg.DagsterInstance]:
    """The settings of an instance name its folder by the variable."""
    former = os.environ.get("DAGSTER_HOME")
    os.environ["DAGSTER_HOME"] = str(home)
    try:
        with dg.DagsterInstance.get() as instance:
            yield instance
    finally:
        if former is None:
            del os.environ["DAGSTER_HOME"]
        else:
            os.environ["DAGSTER_HOME"] = former
