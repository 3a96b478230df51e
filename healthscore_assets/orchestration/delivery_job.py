"""What sends messages by itself: a job, and the sensor that starts it when something is due."""

from datetime import UTC, datetime, timedelta

import dagster as dg
from pydantic import BaseModel, ValidationError

from healthscore_assets.delivery.channels.channel import Fate
from healthscore_assets.delivery.planning.scores import TABLE
from healthscore_assets.delivery.planning.times import digest_day, portfolio_day
from healthscore_assets.delivery.sending import Attempt
from healthscore_assets.delivery.settings import read_delivery_settings
from healthscore_assets.lake.content import version_of
from healthscore_assets.lookups.refused import LookupRefused
from healthscore_assets.monitoring.observation import plural
from healthscore_assets.orchestration.channels import is_set_up
from healthscore_assets.orchestration.deliveries import deliver
from healthscore_assets.orchestration.outbox import outbox_of
from healthscore_assets.orchestration.runs import STARTED_FROM, in_the_making
from healthscore_assets.orchestration.worker import UNDER_WAY
from healthscore_assets.orchestration.workplace import Workplace
from healthscore_assets.risk.ledger.refused import LedgerRefused
from healthscore_assets.risk.ledger.unavailable import LedgerUnavailable

_EVERY_SECONDS = 30
_ALONE = timedelta(minutes=2)
"""How long a run is waited for. It may be pushing scores for longer, and no two send the same."""

_AFTER_FAILURE = timedelta(minutes=10)


@dg.op(description="Sends what is due and what waits: alerts, digests, the operators' messages.")
def send_messages(context: dg.OpExecutionContext, workplace: Workplace) -> None:
    """Whatever a channel does, the run succeeds: messages wait, and the operators are told.

    It fails, after all that can be sent was, where something could not be told at all.
    """

    def tell(attempt: Attempt) -> None:
        log = context.log.info if attempt.outcome.fate is Fate.SENT else context.log.warning
        log(attempt.says)
        for warning in attempt.outcome.warnings:
            context.log.warning(warning)

    try:
        made = deliver(workplace, context.instance, datetime.now(UTC), tell=tell)
    except (LookupRefused, LedgerRefused, LedgerUnavailable) as failed:
        raise dg.Failure(str(failed), allow_retries=False) from None
    for owner, count in made.due.unaddressed:
        context.log.warning(f"Nobody is told of {plural(count, 'alert')}: {owner} has no address")
    for line in made.due.missing:
        context.log.warning(line)
    sent = sum(attempt.outcome.fate is Fate.SENT for attempt in made.attempts)
    numbers = {
        "queued": len(made.due.new),
        "sent": sent,
        "not_sent": len(made.attempts) - sent,
        "given_up": sum(attempt.given_up for attempt in made.attempts),
    }
    if made.due.problems:
        raise dg.Failure("\n".join(made.due.problems), numbers, allow_retries=False)
    context.add_output_metadata(numbers)


@dg.job(description="Sends what is due: strong alerts, digests, what operators are to know.")
def deliveries() -> None:
    """One op; it changes no table."""
    send_messages()


class _Seen(BaseModel, frozen=True):
    """What the newest run was asked for with."""

    event: int = 0
    scores: float = 0.0
    digest: str = ""
    portfolio: str = ""
    settings: str = ""

    @classmethod
    def of(cls, cursor: str | None) -> "_Seen":
        try:
            return cls.model_validate_json(cursor or "{}")
        except ValidationError:
            return cls()


@dg.sensor(
    job_name=deliveries.name,  # the job itself would make Dagster warn of its own beta parts
    minimum_interval_seconds=_EVERY_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Sends messages when there are any: alerts that are new, digests at their hour, "
    "and what waits for another attempt.",
)
def due_deliveries(
    context: dg.SensorEvaluationContext, workplace: Workplace
) -> dg.SensorResult | dg.SkipReason:
    """Looks at the clock and at the outbox; the run finds out what is to be sent.

    What is told of months waits while some are being made.
    """
    at = datetime.now(UTC)
    try:
        if not is_set_up(workplace):
            return dg.SkipReason(f"{workplace.delivery_file} names no channel and no system")
        with outbox_of(context.instance) as outbox:
            event, waits = outbox.newest_event(), outbox.is_due(at)
        now = _now(context.instance, workplace, event, at)
    except (LookupRefused, LedgerRefused, LedgerUnavailable) as failed:
        return dg.SkipReason(f"Nothing is sent: {failed}")
    seen = _Seen.of(context.cursor)
    made = in_the_making(context.instance)
    if not waits and (made or (now == seen and not _failed(context.instance, at))):
        return dg.SkipReason("Months are being made" if made else "Nothing is due")
    if _is_at_work(context.instance, at):
        return dg.SkipReason("Messages are being sent")
    request = dg.RunRequest(tags={STARTED_FROM: "deliveries sensor", "dagster/priority": "10"})
    return dg.SensorResult(run_requests=[request], cursor=(seen if made else now).model_dump_json())


def _now(instance: dg.DagsterInstance, workplace: Workplace, event: int, at: datetime) -> _Seen:
    settings = read_delivery_settings(workplace.delivery_file)
    made = instance.get_latest_materialization_event(dg.AssetKey(TABLE))
    return _Seen(
        event=event,
        scores=made.timestamp if made else 0.0,
        digest=str(digest_day(settings, at) or ""),
        portfolio=str(portfolio_day(settings, at)) if settings.team_leads else "",
        settings=str(version_of(workplace.delivery_file)),
    )


def _is_at_work(instance: dg.DagsterInstance, at: datetime) -> bool:
    filters = dg.RunsFilter(job_name=deliveries.name, statuses=UNDER_WAY)
    return any(
        record.create_timestamp.replace(tzinfo=UTC) > at - _ALONE
        for record in instance.get_run_records(filters, limit=5)
    )


def _failed(instance: dg.DagsterInstance, at: datetime) -> bool:
    """Whether the newest run failed, some time ago: it may have left something untold."""
    newest = instance.get_run_records(dg.RunsFilter(job_name=deliveries.name), limit=1)
    return any(
        record.dagster_run.status is dg.DagsterRunStatus.FAILURE
        and record.end_time is not None
        and record.end_time < (at - _AFTER_FAILURE).timestamp()
        for record in newest
    )
