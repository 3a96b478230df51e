"""Alerts, what happened to them, and the newest month."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Three tables; of the last the one row that it has."""
    op.create_table(
        "alert_ledger",
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
        sa.Column("highest_tier", sa.Text),
        sa.Column("told_tier", sa.Text),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True)),
        sa.Column("acknowledged_by", sa.Text),
        sa.Column("snoozed_until", sa.Date),
        sa.Column("snoozed_at", sa.DateTime(timezone=True)),
        sa.Column("snoozed_by", sa.Text),
        sa.Column("resolved_by_hand_at", sa.DateTime(timezone=True)),
        sa.Column("resolved_by_hand_by", sa.Text),
        sa.CheckConstraint("tier IN ('low', 'medium', 'high')", name="alert_ledger_tier"),
        sa.CheckConstraint(
            "status IN ('open', 'resolved', 'left_base', 'withdrawn')", name="alert_ledger_status"
        ),
        sa.CheckConstraint(
            "(status = 'open') = (closed_month IS NULL)", name="alert_ledger_closed"
        ),
    )
    op.create_index(
        "alert_ledger_one_open",
        "alert_ledger",
        ["client_id", "rule"],
        unique=True,
        sqlite_where=sa.text("status = 'open'"),
        postgresql_where=sa.text("status = 'open'"),
    )
    op.create_index("alert_ledger_closed_month", "alert_ledger", ["closed_month"])
    op.create_table(
        "alert_ledger_events",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("alert_id", sa.Text, sa.ForeignKey("alert_ledger.alert_id"), nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("tier", sa.Text, nullable=False),
        sa.Column("month", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Text),
        sa.Column("text", sa.Text, nullable=False),
    )
    told = sa.text("kind IN ('opened', 'escalated')")
    op.create_index(
        "alert_ledger_told_once",
        "alert_ledger_events",
        ["alert_id", "tier"],
        unique=True,
        sqlite_where=told,
        postgresql_where=told,
    )
    op.create_index("alert_ledger_events_alert", "alert_ledger_events", ["alert_id"])
    op.create_index("alert_ledger_events_month", "alert_ledger_events", ["month"])
    state = op.create_table(
        "alert_ledger_state",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("newest_month", sa.Text),
        sa.Column("source", sa.Text),
        sa.CheckConstraint("id = 1", name="alert_ledger_state_one"),
    )
    op.bulk_insert(state, [{"id": 1, "newest_month": None, "source": None}])


def downgrade() -> None:
    """Nothing goes back: what people marked would be lost."""
    raise NotImplementedError
