"""What sends messages by itself: a job, and the sensor that starts it when something is due."""

from datetime import UTC, datetime

import dagster as dg
from pydantic import BaseModel, ValidationError

from healthscore_assets.delivery.channels.channel import Fate
from healthscore_assets.delivery.planning.scores import TABLE
from healthscore_assets.delivery.planning.times import digest_day, portfolio_day
from healthscore_assets.delivery.sending import Attempt
from healthscore_assets.delivery.settings import DeliverySettings, read_delivery_settings
from healthscore_assets.lookups.refused import LookupRefused
from healthscore_assets.orchestration.deliveries import deliver
from healthscore_assets.orchestration.outbox import outbox_of
from healthscore_assets.orchestration.runs import STARTED_FROM
from healthscore_assets.orchestration.worker import UNDER_WAY
from healthscore_assets.orchestration.workplace import Workplace
from healthscore_assets.risk.ledger.refused import LedgerRefused
from healthscore_assets.risk.ledger.unavailable import LedgerUnavailable

_EVERY_SECONDS = 30


@dg.op(description="Sends what is due and what waits: alerts, digests, the operators' messages.")
def send_messages(context: dg.OpExecutionContext, workplace: Workplace) -> None:
    """Whatever a channel does, the run succeeds: messages wait, and the operators are told."""

    def tell(attempt: Attempt) -> None:
        log = context.log.info if attempt.outcome.fate is Fate.SENT else context.log.warning
        log(attempt.says)
        for warning in attempt.outcome.warnings:
            context.log.warning(warning)

    try:
        made = deliver(workplace, context.instance, datetime.now(UTC), tell=tell)
    except (LookupRefused, LedgerRefused, LedgerUnavailable) as failed:
        raise dg.Failure(str(failed), allow_retries=False) from None
    for problem in made.due.problems:
        context.log.warning(problem)
    for owner, count in made.due.unaddressed:
        context.log.warning(f"Nobody is told of {count} alerts: {owner} has no address")
    sent = sum(attempt.outcome.fate is Fate.SENT for attempt in made.attempts)
    context.add_output_metadata(
        {
            "queued": len(made.due.new),
            "sent": sent,
            "not_sent": len(made.attempts) - sent,
            "given_up": sum(attempt.given_up for attempt in made.attempts),
        }
    )


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
    """Looks at the clock and at the outbox; the run finds out what is to be sent."""
    at = datetime.now(UTC)
    try:
        settings = read_delivery_settings(workplace.delivery_file)
        if not settings.channels:
            return dg.SkipReason(f"{workplace.delivery_file} names no channel")
        with outbox_of(context.instance) as outbox:
            event, waits = outbox.newest_event(), outbox.is_due(at)
    except (LookupRefused, LedgerRefused, LedgerUnavailable) as failed:
        return dg.SkipReason(f"Nothing is sent: {failed}")
    seen = _Seen.of(context.cursor)
    now = _now(settings, event, _scored(context.instance), at)
    if now == seen and not waits:
        return dg.SkipReason("Nothing is due")
    filters = dg.RunsFilter(job_name=deliveries.name, statuses=UNDER_WAY)
    if context.instance.get_runs(filters, limit=1):
        return dg.SkipReason("Messages are being sent")
    return dg.SensorResult(
        run_requests=[dg.RunRequest(tags={STARTED_FROM: "deliveries sensor"})],
        cursor=now.model_dump_json(),
    )


def _scored(instance: dg.DagsterInstance) -> float:
    """When scores for other systems were made last, in epoch seconds."""
    made = instance.get_latest_materialization_event(dg.AssetKey(TABLE))
    return made.timestamp if made else 0.0


def _now(settings: DeliverySettings, event: int, scores: float, at: datetime) -> _Seen:
    digest = digest_day(settings, at)
    return _Seen(
        event=event,
        scores=scores,
        digest=str(digest or ""),
        portfolio=str(portfolio_day(settings, at)) if settings.team_leads else "",
    )
