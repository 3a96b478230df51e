"""Questions to the ledger."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date

import sqlalchemy as sa

from healthscore_assets.contracts.alerts import Tier
from healthscore_assets.risk.ledger.alerts import (
    Announcement,
    LedgerAlert,
    LedgerEvent,
    Marks,
    Note,
)
from healthscore_assets.risk.ledger.tables import ALERTS, EVENTS, NOTIFICATIONS

_BOTH = EVENTS.join(ALERTS, EVENTS.c.alert_id == ALERTS.c.alert_id)


def alerts(
    connection: sa.Connection, today: date, *where: sa.ColumnElement[bool]
) -> list[LedgerAlert]:
    """The alerts that are so, with their notes; the most urgent first."""
    one_of = sa.select(ALERTS.c.alert_id).where(*where)
    asked = sa.select(EVENTS.c.alert_id, EVENTS.c.at, EVENTS.c.by, EVENTS.c.text)
    asked = asked.where(EVENTS.c.kind == "note", EVENTS.c.alert_id.in_(one_of))
    notes: dict[str, list[Note]] = defaultdict(list)
    for alert_id, *note in connection.execute(asked.order_by(EVENTS.c.id)):
        notes[alert_id].append(Note(*note))
    rows = connection.execute(ALERTS.select().where(*where)).mappings()
    found = (LedgerAlert.of(dict(row), today, tuple(notes[row["alert_id"]])) for row in rows)
    return sorted(found, key=lambda alert: alert.urgency)


def to_act_on(today: date) -> sa.ColumnElement[bool]:
    """Open, not folded into others, and not hidden by what people marked."""
    snoozed = ALERTS.c.snoozed_until > today
    return sa.and_(
        ALERTS.c.status == "open",
        ALERTS.c.folded.is_(False),
        ALERTS.c.resolved_by_hand_at.is_(None),
        sa.func.coalesce(snoozed, sa.false()).is_(False),
    )


def about(
    client: str | None, owner: str | None, tier: Tier | None, rule: str | None
) -> list[sa.ColumnElement[bool]]:
    """What alerts are asked for; a client by id or name."""
    found: list[sa.ColumnElement[bool]] = []
    if client is not None:
        found.append(sa.or_(ALERTS.c.client_id == client, ALERTS.c.client_name == client))
    given = {ALERTS.c.owner: owner, ALERTS.c.tier: tier, ALERTS.c.rule: rule}
    return found + [column == value for column, value in given.items() if value is not None]


def events(
    connection: sa.Connection,
    since_month: str | None,
    kinds: Sequence[str] | None,
    alert_id: str | None,
) -> list[LedgerEvent]:
    """In the order in which they were written."""
    asked = sa.select(
        EVENTS.c.alert_id,
        ALERTS.c.client_id,
        ALERTS.c.client_name,
        ALERTS.c.rule,
        EVENTS.c.kind,
        EVENTS.c.tier,
        EVENTS.c.month,
        EVENTS.c.at,
        EVENTS.c.by,
        EVENTS.c.text,
    ).select_from(_BOTH)
    if since_month is not None:
        asked = asked.where(EVENTS.c.month >= since_month)
    if kinds is not None:
        asked = asked.where(EVENTS.c.kind.in_(kinds))
    if alert_id is not None:
        asked = asked.where(EVENTS.c.alert_id == alert_id)
    return [LedgerEvent(*row) for row in connection.execute(asked.order_by(EVENTS.c.id))]


def announcements(connection: sa.Connection, month: str) -> list[Announcement]:
    """In the order in which they were written."""
    asked = sa.select(
        EVENTS.c.alert_id,
        ALERTS.c.client_id,
        ALERTS.c.client_name,
        ALERTS.c.rule,
        EVENTS.c.kind,
        EVENTS.c.tier,
        EVENTS.c.month,
        EVENTS.c.at,
        EVENTS.c.text,
        ALERTS.c.playbook,
        ALERTS.c.owner,
        ALERTS.c.due_date,
        ALERTS.c.status,
    ).select_from(_BOTH)
    asked = asked.where(EVENTS.c.month == month, EVENTS.c.kind.in_(NOTIFICATIONS))
    return [Announcement(*row) for row in connection.execute(asked.order_by(EVENTS.c.id))]


def marks(connection: sa.Connection) -> dict[str, Marks]:
    """Every alert's, by its id."""
    asked = sa.select(
        ALERTS.c.alert_id,
        ALERTS.c.client_id,
        ALERTS.c.rule,
        ALERTS.c.opened_month,
        ALERTS.c.acknowledged_at,
        ALERTS.c.resolved_by_hand_at,
    )
    rows = connection.execute(asked.order_by(ALERTS.c.alert_id))
    return {alert_id: Marks(*row) for alert_id, *row in rows}
