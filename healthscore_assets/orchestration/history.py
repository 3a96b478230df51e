"""What became of each month's runs, from the Dagster instance."""

from dataclasses import dataclass
from datetime import UTC, datetime

import dagster as dg

from healthscore_assets.orchestration.failures import PARTITION, reasons
from healthscore_assets.orchestration.pull_runs import is_pull


@dataclass(frozen=True)
class LastRun:
    """The newest run of a month: when it ended, and in one line why, where it failed."""

    ended: datetime | None
    status: str
    reason: str | None


def last_runs(instance: dg.DagsterInstance) -> dict[str, LastRun]:
    """The newest run of every month that was ever run."""
    found: dict[str, LastRun] = {}
    for record in instance.get_run_records(limit=10_000):
        run = record.dagster_run
        month = run.tags.get(PARTITION)
        if month is None or month in found or is_pull(run):
            continue
        ended = datetime.fromtimestamp(record.end_time, UTC) if record.end_time else None
        failed = run.status in (dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED)
        reason = next(iter(reasons(instance, run.run_id)), None) if failed else None
        found[month] = LastRun(ended, run.status.value.lower(), reason)
    return found
