"""Messages that are to be sent, what they tell of, and notes for the operators."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Three tables."""
    op.create_table(
        "delivery_messages",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("key", sa.Text, nullable=False, unique=True),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("about", sa.Text, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("urgency", sa.Integer, nullable=False),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claimed_by", sa.Text),
        sa.Column("claimed_until", sa.DateTime(timezone=True)),
        sa.Column("said", sa.Text, nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint(
            "state IN ('waiting', 'sending', 'sent', 'given_up', 'superseded')",
            name="delivery_messages_state",
        ),
        sa.CheckConstraint(
            "(state = 'sending') = (claimed_by IS NOT NULL)", name="delivery_messages_claimed"
        ),
        sa.CheckConstraint(
            "(state IN ('waiting', 'sending')) = (ended_at IS NULL)",
            name="delivery_messages_ended",
        ),
    )
    unsent = sa.text("state IN ('waiting', 'sending')")
    op.create_index(
        "delivery_messages_unsent",
        "delivery_messages",
        ["urgency", "queued_at"],
        sqlite_where=unsent,
        postgresql_where=unsent,
    )
    op.create_index("delivery_messages_queued", "delivery_messages", ["queued_at"])
    op.create_table(
        "delivery_told_events",
        sa.Column(
            "event_id",
            sa.Integer,
            sa.ForeignKey("alert_ledger_events.id"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("about", sa.Text, nullable=False),
    )
    op.create_table(
        "delivery_notes",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("about", sa.Text),
    )
    op.create_index("delivery_notes_subject", "delivery_notes", ["subject"])


def downgrade() -> None:
    """Nothing goes back: what was sent would be sent again."""
    raise NotImplementedError
