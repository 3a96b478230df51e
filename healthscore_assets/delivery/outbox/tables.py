"""The tables of the outbox. They lie beside the alert ledger's, and are migrated with them.

What is told of an alert and the message that tells it are written in one transaction.
"""

import sqlalchemy as sa

from healthscore_assets.risk.ledger.tables import METADATA, Moment

MESSAGES = sa.Table(
    "delivery_messages",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("key", sa.Text, nullable=False, unique=True),
    sa.Column("purpose", sa.Text, nullable=False),
    sa.Column("about", sa.Text, nullable=False),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("document", sa.Text, nullable=False),
    sa.Column("urgency", sa.Integer, nullable=False),
    sa.Column("queued_at", Moment, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("next_at", Moment, nullable=False),  # not before
    sa.Column("claimed_by", sa.Text),  # the process that is sending it
    sa.Column("claimed_until", Moment),  # then another may
    sa.Column("said", sa.Text, nullable=False),  # what came of the last attempt
    sa.Column("ended_at", Moment),
    sa.CheckConstraint(
        "state IN ('waiting', 'sending', 'sent', 'given_up', 'superseded')",
        name="delivery_messages_state",
    ),
    sa.CheckConstraint(
        "(state = 'sending') = (claimed_by IS NOT NULL)", name="delivery_messages_claimed"
    ),
    sa.CheckConstraint(
        "(state IN ('waiting', 'sending')) = (ended_at IS NULL)", name="delivery_messages_ended"
    ),
)
"""One row per message and address, in the order in which they were put in.

``key`` is the one that the receiver knows it by.
"""

_UNSENT = MESSAGES.c.state.in_(sa.literal(s, literal_execute=True) for s in ("waiting", "sending"))
sa.Index(
    "delivery_messages_unsent",
    MESSAGES.c.urgency,
    MESSAGES.c.queued_at,
    sqlite_where=_UNSENT,
    postgresql_where=_UNSENT,
)
sa.Index("delivery_messages_queued", MESSAGES.c.queued_at)

TOLD = sa.Table(
    "delivery_told_events",
    METADATA,
    sa.Column(
        "event_id",
        sa.Integer,
        sa.ForeignKey("alert_ledger_events.id"),
        primary_key=True,
        autoincrement=False,
    ),
    sa.Column("about", sa.Text, nullable=False),
)
"""The events of alerts that a message tells of, each in one."""

NOTES = sa.Table(
    "delivery_notes",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("about", sa.Text),  # of the message that tells it; null: not told yet
)
"""What the operators are told once a day, such as warnings of checks."""

sa.Index("delivery_notes_subject", NOTES.c.subject)
