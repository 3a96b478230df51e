"""What runs by the clock, in UTC: usage fetched, exports that are late, the lake looked through."""

from datetime import UTC, date, datetime

import dagster as dg

from healthscore_assets.lake.months import shift
from healthscore_assets.lookups.refused import LookupRefused
from healthscore_assets.monitoring.arrival import newest_complete_month
from healthscore_assets.orchestration.arrived import ARRIVED, arrival
from healthscore_assets.orchestration.operators import Operators
from healthscore_assets.orchestration.partitions import MONTHS
from healthscore_assets.orchestration.plan import RAW
from healthscore_assets.orchestration.pull_runs import ONE_AT_A_TIME, PULLED, PULLS
from healthscore_assets.orchestration.runs import STARTED_FROM
from healthscore_assets.orchestration.self_check import nightly_self_check
from healthscore_assets.orchestration.warehouse import has_warehouse, warehouse_refresh
from healthscore_assets.orchestration.workplace import Workplace


class AsOf(dg.Config):
    """The day on which a month's export is looked for, ``YYYY-MM-DD``; without one it is today."""

    day: str | None = None


@dg.op(description="Records whether the export of the month has come, or how late it is.")
def record_arrival(context: dg.OpExecutionContext, config: AsOf, workplace: Workplace) -> None:
    """The check of the raw table, without taking anything in.

    Its own step would take in a file that is still being written, and refuse a refused one again.
    """
    month = context.partition_key
    today = date.fromisoformat(config.day) if config.day else datetime.now(UTC).date()
    told = arrival(context.instance, workplace, month, today)
    context.log_event(
        dg.AssetCheckEvaluation(  # type: ignore[arg-type]  # it takes check results, too
            asset_key=dg.AssetKey(RAW),
            check_name=ARRIVED,
            passed=not told.late,
            severity=dg.AssetCheckSeverity.WARN,
            description=told.says,
            metadata=told.numbers,
            partition=month,
        )
    )


@dg.job(partitions_def=MONTHS, description="Records whether the export of a month has come.")
def month_arrival() -> None:
    """One op; it changes no table."""
    record_arrival()


@dg.schedule(
    name="month_arrival_daily",
    job=month_arrival,
    cron_schedule="0 6 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Warns of the newest complete month while its export is late: after "
    "`export_due_day` of `scoring.yaml`.",
)
def arrival_schedule(
    context: dg.ScheduleEvaluationContext, workplace: Workplace
) -> dg.RunRequest | dg.SkipReason:
    """Once a day, for a month that is late: tells the operators, and records it."""
    today = context.scheduled_execution_time.date()
    month = newest_complete_month(today)
    told = arrival(context.instance, workplace, month, today)
    if not told.late:
        return dg.SkipReason(told.says)
    operators = Operators(workplace, context.instance, context.log)
    operators.tell(told.says, about=f"export of {month} on {today}")
    return dg.RunRequest(
        run_key=f"{month} on {today}",
        partition_key=month,
        run_config=dg.RunConfig(ops={"record_arrival": AsOf(day=today.isoformat())}),
        tags={STARTED_FROM: "arrival schedule"},
    )


pulls = dg.define_asset_job(
    PULLS,
    selection=[PULLED],
    tags=ONE_AT_A_TIME,
    description="Pulls a month of usage from Pendo's API into the inbox.",
)


@dg.schedule(
    name="pull_daily",
    job=pulls,
    cron_schedule="0 4 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.STOPPED,
    description="Pulls the month before and the current one. Turn it on once the key is set.",
)
def pull_schedule(context: dg.ScheduleEvaluationContext) -> list[dg.RunRequest]:
    """Days that came late are in the next pull; the month before is whole at last."""
    today = context.scheduled_execution_time.date()
    month = f"{today:%Y-%m}"
    return [
        dg.RunRequest(
            run_key=f"{each} on {today}", partition_key=each, tags={STARTED_FROM: "pull schedule"}
        )
        for each in (shift(month, -1), month)
    ]


@dg.schedule(
    name="warehouse_refresh_daily",
    job=warehouse_refresh,
    cron_schedule="0 5 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.STOPPED,
    description="Takes from the warehouse what changed. Off until it is turned on; with "
    "`source: files` it does nothing.",
)
def warehouse_schedule(
    context: dg.ScheduleEvaluationContext, workplace: Workplace
) -> dg.RunRequest | dg.SkipReason:
    """Once a day: each refresh reads the columns of all months in the warehouse."""
    try:
        if not has_warehouse(workplace):
            return dg.SkipReason(f"{workplace.sources_file} says source: files")
    except LookupRefused as refused:
        return dg.SkipReason(f"Nothing is taken: {refused}")
    day = context.scheduled_execution_time.date().isoformat()
    return dg.RunRequest(run_key=day, tags={STARTED_FROM: "warehouse schedule"})


every_night = dg.ScheduleDefinition(
    name="nightly_self_check_schedule",
    job=nightly_self_check,
    cron_schedule="0 3 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Reads the whole lake and holds every month against its contracts and sums.",
)
"""The nightly look at the whole lake."""
