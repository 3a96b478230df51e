"""The tables of the ledger, as the newest migration leaves them."""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

METADATA = sa.MetaData()


class Moment(sa.TypeDecorator[datetime]):
    """A point in time, told in UTC; SQLite keeps no time zone of its own."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:  # noqa: ARG002
        """In UTC."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> datetime | None:  # noqa: ARG002
        """With its zone, UTC."""
        if value is None:
            return None
        found: datetime = value
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


ALERTS = sa.Table(
    "alert_ledger",
    METADATA,
    sa.Column("alert_id", sa.Text, primary_key=True),
    sa.Column("client_id", sa.Text, nullable=False),
    sa.Column("client_name", sa.Text, nullable=False),
    sa.Column("rule", sa.Text, nullable=False),
    sa.Column("tier", sa.Text, nullable=False),
    sa.Column("opened_month", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("closed_month", sa.Text),
    sa.Column("evidence", sa.Text, nullable=False),
    sa.Column("playbook", sa.Text, nullable=False),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("due_date", sa.Date, nullable=False),
    sa.Column("folded", sa.Boolean, nullable=False),
    sa.Column("highest_tier", sa.Text),  # ever while open; null: it never was
    sa.Column("told_tier", sa.Text),  # the highest that people were told of; null: of none
    sa.Column("acknowledged_at", Moment),
    sa.Column("acknowledged_by", sa.Text),
    sa.Column("snoozed_until", sa.Date),
    sa.Column("snoozed_at", Moment),
    sa.Column("snoozed_by", sa.Text),
    sa.Column("resolved_by_hand_at", Moment),
    sa.Column("resolved_by_hand_by", sa.Text),
    sa.CheckConstraint("tier IN ('low', 'medium', 'high')", name="alert_ledger_tier"),
    sa.CheckConstraint(
        "status IN ('open', 'resolved', 'left_base', 'withdrawn')", name="alert_ledger_status"
    ),
    sa.CheckConstraint("(status = 'open') = (closed_month IS NULL)", name="alert_ledger_closed"),
)
"""One row per alert that ever was. ``alert_id`` is the one that it was first seen with."""

sa.Index(
    "alert_ledger_one_open",
    ALERTS.c.client_id,
    ALERTS.c.rule,
    unique=True,
    sqlite_where=ALERTS.c.status == "open",
    postgresql_where=ALERTS.c.status == "open",
)
sa.Index("alert_ledger_closed_month", ALERTS.c.closed_month)

EVENTS = sa.Table(
    "alert_ledger_events",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("alert_id", sa.Text, sa.ForeignKey("alert_ledger.alert_id"), nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("tier", sa.Text, nullable=False),
    sa.Column("month", sa.Text, nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("by", sa.Text),  # null: the data
    sa.Column("text", sa.Text, nullable=False),
)
"""What happened to the alerts, in its order; nothing is ever changed or taken away."""

NOTIFICATIONS = ("opened", "escalated")
"""The kinds of events that people are told of."""

_TOLD = EVENTS.c.kind.in_(sa.literal(kind, literal_execute=True) for kind in NOTIFICATIONS)
sa.Index(
    "alert_ledger_told_once",
    EVENTS.c.alert_id,
    EVENTS.c.tier,
    unique=True,
    sqlite_where=_TOLD,
    postgresql_where=_TOLD,
)
sa.Index("alert_ledger_events_alert", EVENTS.c.alert_id)
sa.Index("alert_ledger_events_month", EVENTS.c.month)

STATE = sa.Table(
    "alert_ledger_state",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("newest_month", sa.Text),  # null: no month yet
    sa.Column("source", sa.Text),  # what it was brought to the month from; null: untold
    sa.CheckConstraint("id = 1", name="alert_ledger_state_one"),
)
"""One row, which whoever writes holds until the end of the transaction."""
