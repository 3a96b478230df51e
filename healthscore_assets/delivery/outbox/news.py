"""What there is to tell people of alerts."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

import sqlalchemy as sa

from healthscore_assets.contracts.alerts import Tier
from healthscore_assets.delivery.outbox.tables import MESSAGES, TOLD
from healthscore_assets.risk.ledger import questions
from healthscore_assets.risk.ledger.alerts import LedgerAlert
from healthscore_assets.risk.ledger.tables import ALERTS, EVENTS, NOTIFICATIONS


@dataclass(frozen=True)
class NewsEvent:
    """That an alert opened or became stronger, of which nobody was told yet."""

    event_id: int
    kind: Literal["opened", "escalated"]
    tier: Tier
    alert: LedgerAlert


@dataclass(frozen=True)
class News:
    """All that messages about alerts are made of.

    ``events`` are of alerts that are to be acted on today, in the order in which they happened;
    ``worklist`` is all of these, the most urgent first; ``queued`` tells purpose and matter of the
    messages of the last weeks.
    """

    events: tuple[NewsEvent, ...]
    worklist: tuple[LedgerAlert, ...]
    queued: frozenset[tuple[str, str]]


def news(connection: sa.Connection, today: date, queued_since: datetime) -> News:
    """What is to be told as of a day."""
    worklist = questions.alerts(connection, today, questions.to_act_on(today))
    by_id = {alert.alert_id: alert for alert in worklist}
    untold = (
        sa.select(EVENTS.c.id, EVENTS.c.kind, EVENTS.c.tier, EVENTS.c.alert_id)
        .select_from(
            ALERTS.join(EVENTS, EVENTS.c.alert_id == ALERTS.c.alert_id).outerjoin(
                TOLD, TOLD.c.event_id == EVENTS.c.id
            )
        )
        .where(
            questions.to_act_on(today),
            EVENTS.c.kind.in_(NOTIFICATIONS),
            TOLD.c.event_id.is_(None),
        )
        .order_by(EVENTS.c.id)
    )
    events = tuple(
        NewsEvent(event_id, kind, tier, by_id[alert_id])
        for event_id, kind, tier, alert_id in connection.execute(untold)
        if alert_id in by_id  # else it opened between the two questions
    )
    recent = sa.select(MESSAGES.c.purpose, MESSAGES.c.about)
    recent = recent.where(MESSAGES.c.queued_at >= queued_since)
    queued = frozenset((purpose, about) for purpose, about in connection.execute(recent))
    return News(events, tuple(worklist), queued)


def newest_event(connection: sa.Connection) -> int:
    """The number of the newest event that people may be told of; 0 without any."""
    told = sa.select(sa.func.max(EVENTS.c.id)).where(EVENTS.c.kind.in_(NOTIFICATIONS))
    return connection.scalar(told) or 0
