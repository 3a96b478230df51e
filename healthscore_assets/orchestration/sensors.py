"""What starts runs by itself, and what tells of runs that failed."""

from datetime import UTC, datetime

import dagster as dg

from healthscore_assets.orchestration.backfills import in_order
from healthscore_assets.orchestration.delivery_job import deliveries
from healthscore_assets.orchestration.failures import failure_message, warnings
from healthscore_assets.orchestration.operators import Operators
from healthscore_assets.orchestration.plan import Graph, MonthPlan
from healthscore_assets.orchestration.runs import STARTED_FROM
from healthscore_assets.orchestration.schedules import month_arrival
from healthscore_assets.orchestration.watch import Cursor, tick
from healthscore_assets.orchestration.workplace import Workplace

_EVERY_SECONDS = 15


def inbox_sensor(workplace: Workplace, graph: Graph) -> dg.SensorDefinition:
    """The sensor that runs the months whose exports are new or changed."""

    @dg.sensor(
        description="Runs each month whose export is new, corrected or gone, and the later months "
        "that read it. A file that is still being written waits. Exports that were refused are "
        "tried again when they change, or a lookup does.",
        asset_selection=dg.AssetSelection.assets(*graph.reads),
        minimum_interval_seconds=_EVERY_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def inbox(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        found = tick(workplace, graph, context.instance, Cursor.of(context.cursor))
        operators = Operators(workplace, context.instance, context.log)
        for report in found.reports:
            operators.tell(report, about=f"{report} on {datetime.now(UTC):%Y-%m-%d}")
        return dg.SensorResult(
            run_requests=[_request(plan, found.cursor) for plan in found.plans],
            skip_reason=None if found.plans else found.says,
            cursor=found.cursor.model_dump_json(),
        )

    return inbox


@dg.run_failure_sensor(
    default_status=dg.DefaultSensorStatus.RUNNING, minimum_interval_seconds=_EVERY_SECONDS
)
def failed_runs(context: dg.RunFailureSensorContext, workplace: Workplace) -> dg.SkipReason | None:
    """Tells the operators what failed, which month, and what to do: one message per failure."""
    run = context.dagster_run
    if run.tags.get("dagster/will_retry") == "true":
        return dg.SkipReason("The run is tried again")
    operators = Operators(workplace, context.instance, context.log)
    about = f"run {run.run_id}"
    if run.job_name == deliveries.name:  # each message would start the next run
        about = f"{run.job_name} on {datetime.now(UTC):%Y-%m-%d}"
    operators.tell(failure_message(context.instance, run), about=about)
    return None


@dg.run_status_sensor(
    run_status=dg.DagsterRunStatus.SUCCESS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=_EVERY_SECONDS,
)
def warned_runs(context: dg.RunStatusSensorContext, workplace: Workplace) -> dg.SkipReason | None:
    """Keeps what checks of a run warned of, for the operators' message of the day."""
    run = context.dagster_run
    if run.job_name == month_arrival.name:
        return dg.SkipReason("Late exports are told at once, by their schedule")
    Operators(workplace, context.instance, context.log).note(warnings(context.instance, run))
    return None


def _request(plan: MonthPlan, cursor: Cursor) -> dg.RunRequest:
    return dg.RunRequest(
        # Asked for again under the same key where a tick died before it was remembered. Keys are
        # known to Dagster for good, hence the beginning of the cursor: it may be reset in the UI.
        run_key=f"{plan.month} {plan.files} {plan.read} {cursor.begun} {cursor.plans}",
        partition_key=plan.month,
        asset_selection=[dg.AssetKey(table) for table in plan.tables],
        tags={
            STARTED_FROM: "inbox sensor",
            "healthscore/because": plan.because[:200],
            **in_order(plan.month),
        },
    )
