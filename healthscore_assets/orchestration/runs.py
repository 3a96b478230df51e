"""Months run one after the other in this process, each as a Dagster run of its own."""

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

import dagster as dg

from healthscore_assets.orchestration.failures import PARTITION
from healthscore_assets.orchestration.plan import DATA_VERSION, MonthPlan
from healthscore_assets.orchestration.pull_runs import is_pull
from healthscore_assets.orchestration.worker import UNDER_WAY, end_abandoned_runs
from healthscore_assets.orchestration.workplace import LOOKUP_FILES, Workplace

OnTable = Callable[[str], None]

STARTED_FROM = "healthscore/started_from"
COMMAND_LINE = "command line"

_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def _unheard(table: str) -> None:
    """Nobody is watching."""


@dataclass(frozen=True)
class MonthOutcome:
    """How the run of a month went: its problems, and numbers of the tables it made."""

    month: str
    succeeded: bool
    problems: list[str]
    warnings: list[str]
    seconds: float
    run_id: str
    numbers: dict[str, float] = field(default_factory=dict)


def in_the_making(instance: dg.DagsterInstance) -> bool:
    """Whether tables of months are being made, or wait to be."""
    end_abandoned_runs(instance)  # a killed command line would be at it for good
    runs = instance.get_runs(dg.RunsFilter(statuses=UNDER_WAY), limit=1_000)
    return any(run.asset_selection and PARTITION in run.tags and not is_pull(run) for run in runs)


def run_month(
    definitions: dg.Definitions,
    instance: dg.DagsterInstance,
    plan: MonthPlan,
    on_table: OnTable = _unheard,
) -> MonthOutcome:
    """Make a month's tables; what is refused or fails is told in the outcome, not raised."""
    run_id, started = str(uuid.uuid4()), time.monotonic()

    def heard(entry: dg.EventLogEntry) -> None:
        event = entry.dagster_event
        if event is not None and event.is_step_materialization and event.asset_key is not None:
            on_table(event.asset_key.to_user_string())

    instance.add_event_listener(run_id, heard)
    result = definitions.resolve_implicit_global_asset_job_def().execute_in_process(
        partition_key=plan.month,
        instance=instance,
        asset_selection=[dg.AssetKey(table) for table in plan.tables],
        run_id=run_id,
        run_config=_QUIET,
        raise_on_error=False,
        tags={STARTED_FROM: COMMAND_LINE},
    )
    problems, warnings = _told_by_checks(result)
    problems += _told_by_steps(result, bool(problems))
    return MonthOutcome(
        month=plan.month,
        succeeded=result.success and not problems,
        problems=problems,
        warnings=warnings,
        seconds=time.monotonic() - started,
        run_id=run_id,
        numbers=_numbers(result),
    )


def observe_lookups(instance: dg.DagsterInstance, workplace: Workplace) -> None:
    """Record the lookups as they are, where they changed: Dagster then knows what is stale."""
    for name in LOOKUP_FILES:
        key, version = dg.AssetKey(name), workplace.lookup_version(name)
        record = instance.get_latest_data_version_record(key)
        known = record.event_log_entry.tags if record is not None else {}
        if (known or {}).get(DATA_VERSION) != version:
            observed = dg.AssetObservation(key, tags={DATA_VERSION: version})
            instance.report_runless_asset_event(observed)


def _told_by_checks(result: dg.ExecuteInProcessResult) -> tuple[list[str], list[str]]:
    problems: list[str] = []
    warnings: list[str] = []
    for check in result.get_asset_check_evaluations():
        if not check.passed:
            blocks = check.severity == dg.AssetCheckSeverity.ERROR
            lines = (check.description or check.check_name).splitlines()
            (problems if blocks else warnings).extend(
                line for line in lines if line not in problems
            )
    return problems, warnings


def _told_by_steps(result: dg.ExecuteInProcessResult, known: bool) -> list[str]:
    """What failed without a check that says why."""
    lines = []
    for event in result.all_events:
        if not event.is_step_failure:
            continue
        failure = event.step_failure_data
        if failure.user_failure_data is not None and failure.user_failure_data.description:
            lines.extend(failure.user_failure_data.description.splitlines())
        elif not known and failure.error is not None:
            error = failure.error.cause or failure.error
            reason = " ".join(error.message.split())
            lines.append(f"{event.step_key} failed: {reason}")
    if not lines and not known and not result.success:
        lines.append(f"the run failed before its first step; see the log of run {result.run_id}")
    return lines


def _numbers(result: dg.ExecuteInProcessResult) -> dict[str, float]:
    """Rows of each table made, as ``<table>``, and its other numbers as ``<table>.<name>``."""
    numbers: dict[str, float] = {}
    for event in result.get_asset_materialization_events():
        table = event.materialization.asset_key.to_user_string()
        for name, value in event.materialization.metadata.items():
            if isinstance(value.value, int | float):
                numbers[table if name == "dagster/row_count" else f"{table}.{name}"] = value.value
    return numbers
