"""What became of each month's runs, from the Dagster instance."""

from dataclasses import dataclass
from datetime import UTC, datetime

import dagster as dg

_PARTITION = "dagster/partition"


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
        month = run.tags.get(_PARTITION)
        if month is None or month in found:
            continue
        ended = datetime.fromtimestamp(record.end_time, UTC) if record.end_time else None
        failed = run.status in (dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED)
        reason = _reason(instance, run.run_id) if failed else None
        found[month] = LastRun(ended, run.status.value.lower(), reason)
    return found


def _reason(instance: dg.DagsterInstance, run_id: str) -> str | None:
    """The first thing that went wrong: a failed check that says what, else a failed step."""
    for record in instance.get_records_for_run(
        run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION
    ).records:
        event = record.event_log_entry.dagster_event
        check = event.asset_check_evaluation_data if event is not None else None
        if check and not check.passed and check.severity == dg.AssetCheckSeverity.ERROR:
            return (check.description or check.check_name).splitlines()[0]
    for record in instance.get_records_for_run(
        run_id, of_type=dg.DagsterEventType.STEP_FAILURE
    ).records:
        event = record.event_log_entry.dagster_event
        failure = event.step_failure_data if event is not None else None
        if failure and failure.user_failure_data and failure.user_failure_data.description:
            return failure.user_failure_data.description.splitlines()[0]
        if failure and failure.error:
            error = failure.error.cause or failure.error
            return " ".join(error.message.split())
    return None
