"""What runs by the clock, in UTC: whether exports come in time, and whether the lake is whole."""

import dagster as dg

from healthscore_assets.contracts import CONTRACTS
from healthscore_assets.monitoring.arrival import Arrival, newest_complete_month
from healthscore_assets.orchestration.arrived import ARRIVED, arrival
from healthscore_assets.orchestration.operators import tell_operators
from healthscore_assets.orchestration.plan import RAW
from healthscore_assets.orchestration.runs import STARTED_FROM
from healthscore_assets.orchestration.self_check import nightly_self_check
from healthscore_assets.orchestration.workplace import Workplace

month_arrival = dg.define_asset_job(
    "month_arrival",
    selection=[RAW],
    description="Takes in the exports of a month, and records how late they are.",
)


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
    """Once a day, a run of the raw table of a month that is late; it records the check.

    A month of which the lake holds anything is never run, since with an empty inbox that would
    withdraw it.
    """
    today = context.scheduled_execution_time.date()
    month = newest_complete_month(today)
    held = [table for table in CONTRACTS if workplace.lake.has(table, month)]
    told = arrival(context.instance, workplace, month, today)
    if not told.late:
        return dg.SkipReason(told.says)
    tell_operators(told.says, log=context.log)
    if held:
        context.instance.report_runless_asset_event(_without_a_run(month, told))
        return dg.SkipReason(told.says)
    tags = {STARTED_FROM: "arrival schedule"}
    return dg.RunRequest(run_key=f"{month} on {today}", partition_key=month, tags=tags)


def _without_a_run(month: str, told: Arrival) -> dg.AssetCheckEvaluation:
    return dg.AssetCheckEvaluation(
        asset_key=dg.AssetKey(RAW),
        check_name=ARRIVED,
        passed=False,
        severity=dg.AssetCheckSeverity.WARN,
        description=told.says,
        metadata=told.numbers,
        partition=month,
    )


every_night = dg.ScheduleDefinition(
    name="nightly_self_check_schedule",
    job=nightly_self_check,
    cron_schedule="0 3 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Reads the whole lake and holds every month against its contracts and sums.",
)
