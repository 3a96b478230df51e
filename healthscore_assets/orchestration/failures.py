"""Why a run failed, in words for people."""

import dagster as dg

from healthscore_assets.delivery.outbox.notes import Note
from healthscore_assets.orchestration.pull_runs import is_pull

PARTITION = "dagster/partition"


def reasons(instance: dg.DagsterInstance, run_id: str) -> list[str]:
    """What went wrong, a line each: checks that refuse and say why, else the steps that failed."""
    lines: list[str] = []
    for record in instance.get_records_for_run(
        run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION
    ).records:
        event = record.event_log_entry.dagster_event
        check = event.asset_check_evaluation_data if event is not None else None
        if check and not check.passed and check.severity == dg.AssetCheckSeverity.ERROR:
            lines += (check.description or check.check_name).splitlines()
    if lines:
        return list(dict.fromkeys(lines))
    for record in instance.get_records_for_run(
        run_id, of_type=dg.DagsterEventType.STEP_FAILURE
    ).records:
        event = record.event_log_entry.dagster_event
        failure = event.step_failure_data if event is not None else None
        if failure and failure.user_failure_data and failure.user_failure_data.description:
            lines += failure.user_failure_data.description.splitlines()
        elif failure and failure.error and event is not None:
            error = failure.error.cause or failure.error
            lines.append(f"{event.step_key}: {' '.join(error.message.split())}")
    if lines:
        return lines
    for record in instance.get_records_for_run(
        run_id, of_type=dg.DagsterEventType.RUN_FAILURE
    ).records:
        event = record.event_log_entry.dagster_event
        if event is not None and event.message:
            lines.append(event.message)
    return lines


def warnings(instance: dg.DagsterInstance, run: dg.DagsterRun) -> list[Note]:
    """What the checks of a run warned of, a line each."""
    notes = []
    for record in instance.get_records_for_run(
        run.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION
    ).records:
        event = record.event_log_entry.dagster_event
        check = event.asset_check_evaluation_data if event is not None else None
        if check and not check.passed and check.severity == dg.AssetCheckSeverity.WARN:
            month = check.partition or run.tags.get(PARTITION, "")
            subject = f"{month} {check.asset_key.path[-1]}, {check.check_name}".strip()
            says = " ".join((check.description or "").split())
            notes.append(Note(subject, says))
    return notes


def failure_message(instance: dg.DagsterInstance, run: dg.DagsterRun) -> str:
    """What failed, which month, and what to do."""
    month = run.tags.get(PARTITION)
    told = "\n".join(reasons(instance, run.run_id)) or "no reason was recorded"
    if is_pull(run):
        return f"A pull failed, and the inbox is as it was (run {run.run_id}).\n{told}"
    if month is None:
        return f"{run.job_name} failed (run {run.run_id}).\n{told}"
    return (
        f"{month} failed and keeps the tables it had (run {run.run_id}).\n{told}\n{_to_do(month)}"
    )


def _to_do(month: str) -> str:
    return (
        "To do: mend the export or lookup that is named, and the month is run again by itself; "
        f"where there is nothing to mend, healthscore run --from {month} --to {month}."
    )
